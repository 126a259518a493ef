import type { RowsAnswer } from './answer.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** Rows that are asked for at least, and how many times as many as there are. */
const [LEAST, TIMES] = [500, 4];

/**
 * The arguments that bring a larger part of the same result. The statement runs again as a whole: a part that follows another
 * could not be told from it where the order is not fixed.
 *
 * @returns undefined when there are no more rows, or the connection allows no more
 */
export function askForMore(args: Arguments, { cutAt, mostRows, rows }: RowsAnswer): Arguments | undefined {
  if (typeof args['sql'] !== 'string' || cutAt !== 'rows') return undefined;
  const most = mostRows ?? Infinity;
  if (rows.length >= most) return undefined;
  return { ...args, maxRows: Math.min(most, Math.max(LEAST, rows.length * TIMES)) };
}
