import type { Cell, Column } from '../core/result.ts';

/** What a call came to: rows, or why there are none. */
export type Answer = RowsAnswer | FailureAnswer;

export interface RowsAnswer {
  readonly kind: 'rows';
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Which bound there are more rows than; undefined when these are all. */
  readonly cutAt?: 'rows' | 'bytes' | undefined;
  /** The connection's own bound on rows, where it is known. */
  readonly mostRows?: number | undefined;
  /** Whether single values were cut; they end with … then. */
  readonly truncated: boolean;
  readonly elapsedMs?: number | undefined;
  readonly ranAs?: { readonly user: string; readonly role?: string | undefined; readonly shared: boolean } | undefined;
}

export interface FailureAnswer {
  readonly kind: 'failure';
  readonly code?: string | undefined;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly fix?: string | undefined;
}

type Loose = Readonly<Record<string, unknown>>;

/** Key in `_meta` of an answer, of what the gateway says to this page alone. */
const PAGE_FACTS = 'data-passport/page';

/**
 * Reads the result of a tools/call (MCP 2025-11-25). Nothing of its shape is trusted: what is not as expected is left out, and what
 * can not be read at all is a failure with the text of the result.
 */
export function answerOf(result: unknown): Answer {
  const { structuredContent, content, isError, _meta } = loose(result);
  const text = textOf(content);
  const output = isLoose(structuredContent) ? structuredContent : loose(parsed(text));
  const error = loose(output['error']);
  if (isError === true || typeof error['message'] === 'string') {
    return { kind: 'failure', ...failureOf(error, text) };
  }
  const columns = list(output['columns']).map((column) => ({
    name: string(loose(column)['name']) ?? '',
    type: string(loose(column)['type'])?.toLowerCase() ?? '',
  }));
  if (!Array.isArray(output['columns']) || !Array.isArray(output['rows'])) return { kind: 'failure', message: text };
  return {
    kind: 'rows',
    columns,
    rows: list(output['rows']).map((row) => columns.map((_, index) => cell(list(row)[index]))),
    truncated: output['truncated'] === true,
    elapsedMs: number(output['elapsedMs']),
    ranAs: ranAsOf(loose(output['ranAs'])),
    ...factsOf(loose(loose(_meta)[PAGE_FACTS])),
  };
}

function failureOf(error: Loose, text: string): Omit<FailureAnswer, 'kind'> {
  const message = string(error['message']);
  if (message === undefined) return { message: text };
  return { code: string(error['code']), message, detail: string(error['detail']), fix: string(error['fix']) };
}

function factsOf({ cutAt, mostRows }: Loose): Pick<RowsAnswer, 'cutAt' | 'mostRows'> {
  return { cutAt: cutAt === 'rows' || cutAt === 'bytes' ? cutAt : undefined, mostRows: number(mostRows) };
}

function ranAsOf({ user, role, sharedIdentity }: Loose): RowsAnswer['ranAs'] {
  if (typeof user !== 'string') return undefined;
  return { user, role: string(role), shared: sharedIdentity === true };
}

/** All text of a result, as a model reads it. */
function textOf(content: unknown): string {
  return list(content)
    .map((block) => string(loose(block)['text']) ?? '')
    .join('\n')
    .trim();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function cell(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
}

const isLoose = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const loose = (value: unknown): Loose => (isLoose(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
