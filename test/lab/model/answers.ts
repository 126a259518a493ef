/** Turns what Data Passport's tools return into Markdown. */

export interface Connection {
  readonly id: string;
  readonly title?: string;
  readonly type: string;
}

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly truncated?: boolean;
  readonly note?: string;
  readonly ranAs: Identity;
}

export interface Identity {
  readonly user: string;
  readonly role?: string;
}

export interface ToolFailure {
  readonly message: string;
  readonly whoCanFix?: string;
  readonly fix?: string;
  readonly detail?: string;
}

/** What a tool said: a result, or why there is none. */
export type Said<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly failure: ToolFailure };

const MOST_ROWS = 20;

/** Reads the text that the editor passes on from a tool: the structured result as JSON, or words when it failed earlier. */
export function said<Result>(text: string): Said<Result> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) {
      const failure = 'error' in value ? (value.error as ToolFailure) : undefined;
      return failure ? { ok: false, failure } : { ok: true, result: value as Result };
    }
  } catch {
    // Not a result of ours: the editor's own words, told as they are.
  }
  return { ok: false, failure: { message: text.trim() || 'The tool said nothing.' } };
}

export function heading({ id, title, type }: Connection): string {
  return `### ${plain(title ?? id)}\n\n\`${id}\`, ${plain(type)}`;
}

export function identityLine({ user, role }: Identity): string {
  return `Ran as **${plain(user)}**${role === undefined ? '' : ` with role **${plain(role)}**`}.`;
}

export function queryText({ columns, rows, truncated, note, ranAs }: QueryAnswer): string {
  const shown = rows.slice(0, MOST_ROWS);
  const left = rows.length - shown.length;
  return [
    identityLine(ranAs),
    rows.length === 0 ? 'No rows: there are none, or none that this user may see.' : table(columns, shown),
    ...(left > 0 ? [`${left} more rows are not shown.`] : []),
    ...(truncated === true && note !== undefined ? [plain(note)] : []),
  ].join('\n\n');
}

export function failureText({ message, detail, fix }: ToolFailure): string {
  const lines = [
    `**This did not work.** ${plain(message)}`,
    ...(detail === undefined ? [] : [`*Detail:* ${plain(detail)}`]),
    ...(fix === undefined ? [] : [plain(fix)]),
  ];
  return lines.join('\n\n');
}

export function table(
  columns: readonly { readonly name: string; readonly type?: string }[],
  rows: readonly (readonly unknown[])[],
): string {
  const align = columns.map(({ type }) => (isNumber(type) ? '---:' : '---'));
  const lines = [columns.map(({ name }) => cell(name.toLowerCase())), align, ...rows.map((row) => row.map(cell))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function isNumber(type: string | undefined): boolean {
  return /^(?:numeric|number|fixed|real|float|double|decimal|integer|bigint|smallint|int)/i.test(type ?? '');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '*null*';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return plain(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** Data is data: nothing in it becomes formatting, a link or a further cell. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|~#]/g, String.raw`\$&`);
}
