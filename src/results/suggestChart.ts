import type { Row, TypedColumn } from './rows.ts';
import { position } from './values.ts';

export const chartKinds = ['bar', 'line', 'scatter'] as const;
export type ChartKind = (typeof chartKinds)[number];

export interface ChartChoice {
  readonly kind: ChartKind;
  /** Index of the column along the horizontal axis; {@link ROW_NUMBER} for the place of a row. */
  readonly x: number;
  /** Index of the column of numbers along the vertical axis. */
  readonly y: number;
}

/** Stands for a column that counts the rows. */
export const ROW_NUMBER = -1;

/** More bars than this are better a line. */
const MOST_BARS = 60;
/** How many rows are looked at. */
const SAMPLE = 1000;

/** Columns that can stand on the vertical axis: those of numbers that hold at least one. */
export function measures(columns: readonly TypedColumn[], rows: readonly Row[]): readonly number[] {
  const sample = rows.slice(0, SAMPLE);
  return columns.flatMap(({ kind }, index) =>
    kind === 'number' && sample.some((row) => position(kind, row[index] ?? null) !== undefined) ? [index] : [],
  );
}

/**
 * The kind and the axes that suit rows best: a line over time, bars for what has names, points where two numbers stand beside
 * each other. A number that only names a row (an id) is the last to be drawn.
 *
 * @returns undefined when no column holds numbers, or there are no rows
 */
export function suggestChart(columns: readonly TypedColumn[], rows: readonly Row[]): ChartChoice | undefined {
  const numbers = measures(columns, rows);
  const values = numbers.filter((index) => !namesRows(columns[index]));
  const y = values.at(-1) ?? numbers.at(-1);
  if (y === undefined) return undefined;

  const first = (kind: TypedColumn['kind']): number | undefined => {
    const found = columns.findIndex((column, index) => column.kind === kind && index !== y);
    return found < 0 ? undefined : found;
  };
  const moment = first('moment');
  if (moment !== undefined) return { kind: 'line', x: moment, y };
  const name = first('text') ?? first('boolean');
  if (name !== undefined && rows.length <= MOST_BARS) return { kind: 'bar', x: name, y };
  const other = values.find((index) => index !== y);
  if (other !== undefined) return { kind: rises(rows, other) ? 'line' : 'scatter', x: other, y };
  if (name !== undefined) return { kind: 'bar', x: name, y };
  const counted = numbers.find((index) => index !== y);
  const kind = rows.length <= MOST_BARS ? 'bar' : 'line';
  return { kind, x: counted ?? ROW_NUMBER, y };
}

function namesRows(column: TypedColumn | undefined): boolean {
  return /(?:^|[_\s])(?:id|key|no|nr|code|zip)$|[a-z]Id$/i.test(column?.name ?? '');
}

/** Whether each value is above the one before, as of a year or a step. */
function rises(rows: readonly Row[], column: number): boolean {
  const places = rows.slice(0, SAMPLE).map((row) => position('number', row[column] ?? null) ?? Number.NaN);
  return places.length > 1 && places.every((place, index) => index === 0 || place > (places[index - 1] ?? Infinity));
}
