/** An identifier (https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS), always in quotes: reserved words and capitals then mean themselves. */
export function identifier(name: string): string {
  const clean = name.replaceAll('\0', '');
  if (!hasControl(clean)) return `"${clean.replaceAll('"', '""')}"`;
  return `U&"${escaped(clean).replaceAll('"', '""')}"`;
}

/** A string constant; with escapes of its own where it holds a backslash or anything that is no ink. */
export function literal(value: string): string {
  const clean = value.replaceAll('\0', '').replaceAll("'", "''");
  if (!hasControl(clean) && !clean.includes('\\')) return `'${clean}'`;
  return `E'${clean.replaceAll('\\', '\\\\').replaceAll(CONTROL, (found) => String.raw`\u${hex(found)}`)}'`;
}

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

const hasControl = (value: string): boolean => value.search(CONTROL) >= 0;

const hex = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll(CONTROL, (found) => `\\${hex(found)}`);
