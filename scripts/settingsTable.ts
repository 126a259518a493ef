import { constantOf, type Property, type SettingsSchema } from './settingsSchema.ts';

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** A row for each setting; those inside another one have its name and a period in front. */
export function settingsTable({ properties, required }: SettingsSchema): string {
  const rows = rowsOf({ properties, required }, { prefix: '', need: 'required' });
  return rows.length === 0 ? 'It has no settings.' : table(['Setting', 'Default', 'Meaning'], rows);
}

interface Place {
  readonly prefix: string;
  /** What is said of a setting here that can not be left out. */
  readonly need: string;
}

type Row = readonly [setting: string, byDefault: string, meaning: string];

function rowsOf({ properties = {}, required = [] }: Property, { prefix, need }: Place): readonly Row[] {
  return Object.entries(properties).flatMap(([key, property]): readonly Row[] => {
    const isNeeded = required.includes(key);
    const name = prefix + key;
    const inside = { prefix: `${name}.`, need: isNeeded ? need : `required with ${code(name)}` };
    const own: Row = [code(name), isNeeded ? need : defaultOf(property), meaningOf(property)];
    return [own].concat(property.oneOf ? choiceRows(property.oneOf, inside) : rowsOf(property, inside));
  });
}

/** The alternatives of a choice in one: first what tells them apart, then what each of them has. */
function choiceRows(alternatives: readonly Property[], { prefix, need }: Place): readonly Row[] {
  const [constant = ''] = alternatives.flatMap((each) => constantOf(each)?.[0] ?? []);
  const meanings = alternatives.map(({ title = '', description = '' }) => `${code(title)}: ${plain(description)}`);
  const rows = new Map<string, { readonly row: Row; readonly titles: string[] }>();
  for (const { title = '', properties = {}, required = [] } of alternatives) {
    const { [constant]: _constant, ...others } = properties;
    for (const row of rowsOf({ properties: others, required }, { prefix, need: 'required' })) {
      const same = rows.get(JSON.stringify(row)) ?? { row, titles: [] };
      same.titles.push(code(title));
      rows.set(JSON.stringify(row), same);
    }
  }
  return [
    [code(prefix + constant), need, meanings.join(' ')],
    ...[...rows.values()].map(({ row: [name, byDefault, meaning], titles }): Row => [
      name,
      byDefault,
      `With ${either(titles)}: ${meaning}`,
    ]),
  ];
}

/** `a`, `b` or `c`. */
export function either(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(words);
}

export function code(text: string): string {
  return `\`${text}\``;
}

function defaultOf(property: Property): string {
  return property.default === undefined ? '' : code(JSON.stringify(property.default));
}

/** Its text, that of its entries, and the values that there are where the text does not name them all. */
function meaningOf({ description, items, enum: values = [] }: Property): string {
  const unnamed = values.some((value) => !description?.includes(String(value)));
  const list = values.map((value) => code(String(value))).join(', ');
  return [
    plain(description ?? ''),
    ...(items?.description === undefined ? [] : [`Each: ${plain(items.description)}`]),
    ...(unnamed ? [`Values: ${list}.`] : []),
  ].join(' ');
}

/** So that neither Markdown nor its table takes a part of it for its own; in code an angle bracket is none. */
function plain(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replace(/`[^`]*`|</g, (found) => (found === '<' ? '&lt;' : found));
}
