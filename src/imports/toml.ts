import { parse, TomlError } from 'smol-toml';

import type { Entry, Field, Unread } from './entry.ts';

/** A table of a TOML file, with the lines that its parts are on. */
export interface TomlTable {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>>;
  /** A table in it. */
  table(key: string): TomlTable | undefined;
  /** Line of a key; that of the table where it is not found. */
  lineOf(key: string): number;
}

export interface TomlProblem {
  readonly line: number;
  /** Why the file can not be read; says nothing of what stands there. */
  readonly reason: string;
}

/** Reads a whole file, or says on which line it can not be read. */
export function readToml(text: string): TomlTable | TomlProblem {
  const source = text.replace(/^\uFEFF/, '');
  try {
    // Deeply nested values are no connection, and recursion has an end.
    const values = parse(source, { maxDepth: 20 }) as Record<string, unknown>;
    return tableAt([], values, linesOf(source, values));
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1;
    return { line, reason: 'the file is no valid TOML: nothing behind this line was read, and nothing is taken' };
  }
}

export function isProblem(result: TomlTable | TomlProblem): result is TomlProblem {
  return 'reason' in result;
}

/** A table as an entry of a name. */
export function entryOf(name: string, { line, values, lineOf }: TomlTable): Entry {
  const fields = Object.entries(values).map(([key, value]): [string, Field] => [
    key,
    { line: lineOf(key), text: () => textOf(value) },
  ]);
  return { name, line, fields: new Map(fields) };
}

function textOf(value: unknown): string | Unread {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : { problem: 'it is no plain value' };
}

/** Levels whose lines are asked for: `connections`, a name, a key. */
const DEEPEST = 3;

type Lines = ReadonlyMap<string, number>;

const keyOf = (path: readonly string[]): string => JSON.stringify(path);

function tableAt(path: readonly string[], values: Record<string, unknown>, lines: Lines): TomlTable {
  const lineOf = (parts: readonly string[]): number => {
    for (let length = parts.length; length > 0; length -= 1) {
      const line = lines.get(keyOf(parts.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
  return {
    line: lineOf(path),
    values,
    table(key) {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      return isTable(value) ? tableAt([...path, key], value, lines) : undefined;
    },
    lineOf: (key) => lineOf([...path, key]),
  };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The library knows no lines: headers and keys are looked for in a text that it has found to be valid. */
function linesOf(text: string, values: Record<string, unknown>): Lines {
  const lines = new Map<string, number>();
  let table: readonly string[] = [];
  let open: string | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const rest = open === undefined ? raw : afterEnd(raw, open);
    if (rest === undefined) continue;
    const header = open === undefined ? /^\s*\[\[?(.*?)\]\]?\s*(?:#.*)?$/.exec(raw)?.[1] : undefined;
    const path =
      open === undefined ? (header === undefined ? keyPath(raw, '=') : keyPath(`${header}=`, '=')) : undefined;
    // A row of an array of arrays looks like a header.
    if (header !== undefined && !isNamed(path ?? [], values)) continue;
    if (header !== undefined && path) table = path;
    const full = header === undefined && path ? [...table, ...path] : path;
    for (let length = 1; length <= Math.min(full?.length ?? 0, DEEPEST); length += 1) {
      const key = keyOf(full?.slice(0, length) ?? []);
      // A parent of a dotted name begins where it is first named, a table of its own at its header.
      if (!lines.has(key) || (header !== undefined && length === full?.length)) lines.set(key, index + 1);
    }
    open = stillOpen(rest);
  }
  return lines;
}

function isNamed(path: readonly string[], values: Record<string, unknown>): boolean {
  let at: unknown = values;
  for (const key of path) {
    if (!isTable(at) || !Object.hasOwn(at, key)) return false;
    at = at[key];
    // Tables of an array: nothing in them is asked for.
    if (Array.isArray(at)) return true;
  }
  return isTable(at);
}

/** What stands behind the end of a text of several lines; undefined where it does not end here. */
function afterEnd(line: string, quotes: string): string | undefined {
  const end = line.indexOf(quotes);
  return end < 0 ? undefined : line.slice(end + quotes.length);
}

/** The quotes of a text of several lines that begins here and goes on. */
function stillOpen(line: string): string | undefined {
  const plain = /"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|#.*$/g;
  for (let match = plain.exec(line); match; match = plain.exec(line)) {
    const [quotes] = match;
    if (quotes === '"""' || quotes === "'''") {
      const end = line.indexOf(quotes, match.index + 3);
      if (end < 0) return quotes;
      plain.lastIndex = end + 3;
    }
  }
  return undefined;
}

/** The names of a dotted key in front of a sign. */
function keyPath(line: string, sign: string): readonly string[] | undefined {
  const parts: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/.exec(rest);
    if (!match) return undefined;
    const [whole, basic, literal, bare] = match;
    parts.push(basic === undefined ? (literal ?? bare ?? '') : unescaped(basic));
    rest = rest.slice(whole.length);
    if (rest.startsWith(sign)) return parts;
    if (!rest.startsWith('.')) return undefined;
    rest = rest.slice(1);
  }
}

function unescaped(basic: string): string {
  try {
    return JSON.parse(`"${basic}"`) as string;
  } catch {
    return basic;
  }
}
