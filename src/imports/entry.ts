import type { Drafting } from './drafting.ts';
import { shownKey } from './visible.ts';

/** One value of an entry. */
export interface Field {
  readonly line: number;
  /** What it says, undefined for nothing, or why it can not be read. Asked only of what is carried over. */
  text(): string | Unread | undefined;
}

/** Completes `<key> is not taken: …`. */
export interface Unread {
  readonly problem: string;
}

/** A section, table or profile of a file. */
export interface Entry {
  readonly name: string;
  readonly line: number;
  readonly fields: ReadonlyMap<string, Field>;
}

/** What becomes of a key. `about` completes the table in the docs and, where the key is not carried over, the sentence on its line. */
export interface KeyRule {
  readonly fate: 'carried' | 'secret' | 'left';
  readonly about: string;
}

export type KeyRules = Readonly<Record<string, KeyRule>>;

export const carried = (about: string): KeyRule => ({ fate: 'carried', about });
export const left = (about: string): KeyRule => ({ fate: 'left', about });
/** A secret is never read: only that it is there is known. @param about where it is entered, or why it is not needed */
export const secret = (about = 'a secret stays out of the settings'): KeyRule => ({ fate: 'secret', about });

/** Rules of several keys that share a fate. */
export const each = (keys: string, rule: KeyRule): KeyRules =>
  Object.fromEntries(
    keys
      .trim()
      .split(/\s+/)
      .map((key) => [key, rule]),
  );

export interface Value {
  readonly text: string;
  readonly line: number;
}

/** What an entry says of what can be carried over. */
export interface Values {
  readonly entry: Entry;
  /** Absent, empty and unreadable values are all undefined. */
  get(key: string): Value | undefined;
  /** Whether the key is there at all, whatever became of it. */
  has(key: string): boolean;
  /** Whether it is there and can not be read. */
  isUnread(key: string): boolean;
  /** Says of every secret that it is left out, and what to do instead. @param instead completes `password is not taken: …` */
  saySecrets(instead: string): void;
}

/** Reads the fields that are carried over and says line by line what is not. */
export function valuesOf(entry: Entry, rules: KeyRules, { note }: Drafting): Values {
  const values = new Map<string, Value>();
  const secrets: [key: string, line: number][] = [];
  const unread = new Set<string>();
  for (const [key, field] of entry.fields) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule?.fate === 'carried') {
      const text = cleaned(field.text());
      if (typeof text === 'object') {
        note(field.line, entry.name, 'broken', `${key} is not taken: ${text.problem}`);
        unread.add(key);
      } else if (text !== undefined && text !== '') values.set(key, { text, line: field.line });
    } else if (rule?.fate === 'secret') secrets.push([key, field.line]);
    else
      note(
        field.line,
        entry.name,
        'notTaken',
        `${shownKey(key)} is not taken: ${rule?.about ?? 'it is not known here'}`,
      );
  }
  return {
    entry,
    get: (key) => values.get(key),
    has: (key) => entry.fields.has(key),
    isUnread: (key) => unread.has(key),
    saySecrets(instead) {
      for (const [key, line] of secrets) note(line, entry.name, 'notTaken', `${key} is not taken: ${instead}`);
    },
  };
}

function cleaned(read: string | Unread | undefined): string | Unread | undefined {
  const text = typeof read === 'string' ? read.trim() : read;
  return typeof text === 'string' && /\p{Cc}/u.test(text) ? { problem: 'it has control characters' } : text;
}

/** A port number in text. */
export function portOf(value: Value | undefined): number | undefined {
  return value !== undefined && /^\d{1,5}$/.test(value.text) ? Number(value.text) : undefined;
}

export const RUN = 'After the import run "Data Passport: Set Connection Secret"';
export const ENTER_SECRET = `a secret stays out of the settings. ${RUN}`;
export const LEFT_OUT = 'a secret stays out of the settings';
export const NO_SECRET = 'no secret is needed, because you sign in as yourself';
