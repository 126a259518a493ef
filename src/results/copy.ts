import type { Cell, Column } from '../core/result.ts';
import { textOf } from './rows.ts';
import { visible } from './visible.ts';

/**
 * Comma-separated values (RFC 4180): CRLF after each record, quotes where they are needed, a header line.
 *
 * A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"); numbers stay as they are.
 */
export function csv(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map(({ name }) => field(name)), ...rows.map((row) => row.map(field))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

const startsFormula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function field(value: Cell): string {
  const text = textOf(value);
  const guarded = startsFormula.test(text) && !isNumber.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** A table of GitHub Flavored Markdown (section 4.10), numbers to the right. */
export function markdown(
  columns: readonly (Column & { readonly kind: string })[],
  rows: readonly (readonly Cell[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [
    line(columns.map(({ name }) => plain(name))),
    line(columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map((value) => plain(value)))),
  ].join('');
}

/**
 * What Markdown or HTML could take for more than text is escaped (CommonMark, section 2.4), and an address becomes no link. Line
 * ends become spaces, and what is not seen is written out, because whoever reads Markdown may be a model.
 */
function plain(value: Cell): string {
  return visible(textOf(value).replace(/\r\n|\r|\n/g, ' '))
    .replace(/[\\`*[\]|~<>&$]/g, (character) => entities[character] ?? `\\${character}`)
    .replace(/(?<!\w)_|_(?!\w)/g, '\\_')
    .replaceAll('://', '\\://')
    .replace(/\bwww\./gi, (found) => `${found.slice(0, 3)}\\.`);
}

const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
