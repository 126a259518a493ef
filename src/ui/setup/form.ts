import type { SettingSchema } from './model.ts';
import type { Choice } from './wizard.ts';

/** One question of a form. */
export interface Field {
  /** Key in the setting. */
  readonly name: string;
  readonly kind: 'text' | 'number' | 'choice' | 'switch' | 'list';
  readonly required: boolean;
  readonly about: string;
  /** What counts where nothing is entered, as the user would type it; empty where nothing does. */
  readonly usual: string;
  readonly choices: readonly { readonly value: string; readonly about: string }[];
}

/** What one kind of provider or connection is asked for. */
export interface Form {
  readonly title: string;
  readonly about: string;
  /** Keys that tell the kind, as the setting holds them. */
  readonly constants: Readonly<Record<string, string>>;
  readonly fields: readonly Field[];
  /** Needed values that have fields of their own, by their key. */
  readonly groups: Readonly<Record<string, Form>>;
}

/** Kinds of values that have no question: they are for the settings editor. */
const KINDS: Readonly<Record<string, Field['kind']>> = {
  string: 'text',
  integer: 'number',
  number: 'number',
  boolean: 'switch',
};

/** A form out of the JSON Schema of one kind of entry. @param left keys that are asked for in a way of their own */
export function formOf(schema: SettingSchema, left: readonly string[] = []): Form {
  const { title = '', properties = {}, required = [] } = schema;
  const entries = Object.entries(properties);
  const fixed = entries.filter(([, property]) => property.const !== undefined);
  const [, told] = fixed.at(-1) ?? [];
  return {
    title,
    about: told?.description ?? '',
    // A kind that is assumed need not be written.
    constants: Object.fromEntries(
      fixed.flatMap(([name, property]) => (required.includes(name) ? [[name, String(property.const)]] : [])),
    ),
    groups: Object.fromEntries(
      entries.flatMap(([name, property]) =>
        required.includes(name) && property.type === 'object' && property.properties ? [[name, formOf(property)]] : [],
      ),
    ),
    fields: entries
      .flatMap(([name, property]) => {
        const field = left.includes(name) ? undefined : fieldOf(name, property, required.includes(name));
        return field ? [field] : [];
      })
      .toSorted((one, other) => rank(one) - rank(other)),
  };
}

/** What people set most, in front of what few ever touch. */
const OFTEN = ['role', 'warehouse', 'database', 'schema', 'user', 'authentication'];

function rank({ name, required }: Field): number {
  if (required) return -1;
  const at = OFTEN.indexOf(name);
  return at === -1 ? OFTEN.length : at;
}

/** The kinds of a setting, to choose one from. */
export function kindChoices(schemas: readonly SettingSchema[]): readonly Choice<SettingSchema>[] {
  return schemas.map((schema) => {
    const { title, about } = formOf(schema);
    const choice = { label: title, value: schema };
    return about === title ? choice : Object.assign(choice, { detail: about });
  });
}

function fieldOf(name: string, schema: SettingSchema, required: boolean): Field | undefined {
  const { description = '', enum: values, enumDescriptions = [], items, type = '' } = schema;
  const about = plain(description);
  const base = { name, required, about, usual: shown(schema.default), choices: [] };
  if (schema.const !== undefined) return undefined;
  if (values) {
    const choices = values.map((value, index) => ({ value, about: plain(enumDescriptions[index] ?? '') }));
    return { ...base, kind: 'choice', choices };
  }
  if (type === 'array') return items?.type === 'string' ? { ...base, kind: 'list' } : undefined;
  const kind = KINDS[type];
  return kind && { ...base, kind };
}

/** A value as the user types it. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** What was typed, as the setting holds it; undefined where nothing was. */
export function valueOf({ kind }: Pick<Field, 'kind'>, typed: string): unknown {
  const text = typed.trim();
  if (text === '') return undefined;
  // What is no number is left as it is, for the schema to refuse by name.
  if (kind === 'number') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (kind === 'switch') return text === 'true';
  if (kind === 'list') return text.split(/[\s,]+/).filter((part) => part !== '');
  return text;
}

/** Descriptions are Markdown; boxes and lists show plain text. */
const plain = (markdown: string): string => markdown.replaceAll('`', '');
