/** The offset after the quote that closes, or -1. A doubled quote does not close. */
export function closing(sql: string, quote: string, { from, backslash }: { from: number; backslash: boolean }): number {
  for (let end = from; end < sql.length; end += 1) {
    if (backslash && sql[end] === '\\') end += 1;
    else if (sql[end] === quote) {
      if (sql[end + 1] !== quote) return end + 1;
      end += 1;
    }
  }
  return -1;
}

/**
 * Where the next part of a PostgreSQL literal begins that closed at `end`: after white space with a line end in it,
 * comments to the end of the line included, and a quote.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS
 */
export function continued(sql: string, end: number): number | undefined {
  if (end < 0) return undefined;
  let newLine = false;
  for (let next = end; next < sql.length; next += 1) {
    const character = sql[next] ?? '';
    if (character === "'") return newLine ? next + 1 : undefined;
    if (sql.startsWith('--', next)) next = lineEnd(sql, next, true);
    else if (!/\s/.test(character)) return undefined;
    if (/[\n\r]/.test(sql[next] ?? '')) newLine = true;
  }
  return undefined;
}

/** The offset of the line end after `from`, or of the end of the text. */
export function lineEnd(sql: string, from: number, carriageReturn: boolean): number {
  const mark = carriageReturn ? /[\n\r]/g : /\n/g;
  mark.lastIndex = from;
  return mark.exec(sql)?.index ?? sql.length;
}
