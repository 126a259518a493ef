import type { Cell } from '../core/result.ts';
import type { Row, TypedColumn } from './rows.ts';
import { type ChartChoice, type ChartKind, ROW_NUMBER } from './suggestChart.ts';
import { position } from './values.ts';

/** One value to draw, with the texts of its cells. */
export interface Mark {
  /** A number, a time in milliseconds, or the place among the marks. */
  readonly x: number;
  readonly y: number;
  readonly xText: string;
  readonly yText: string;
}

export interface ChartData {
  readonly marks: readonly Mark[];
  /** What `x` of the marks is: something to measure, or names side by side. */
  readonly xIs: 'number' | 'moment' | 'name';
  /** Rows that have a place on both axes; more than the marks when not all are drawn. */
  readonly count: number;
}

/** More than this is neither seen apart nor quick to draw. */
const most: Readonly<Record<ChartKind, number>> = { bar: 100, line: 2000, scatter: 2000 };

/** What a chart draws of the rows that are shown, in their order. A bar stands at its name always, even at a number or a date. */
export function chartData(
  columns: readonly TypedColumn[],
  rows: readonly Row[],
  { kind, x, y }: ChartChoice,
): ChartData {
  const xKind = x === ROW_NUMBER ? 'number' : (columns[x]?.kind ?? 'text');
  const measured = kind !== 'bar' && (xKind === 'number' || xKind === 'moment');
  const found: Mark[] = [];
  for (const [index, row] of rows.entries()) {
    const xCell: Cell = x === ROW_NUMBER ? index + 1 : (row[x] ?? null);
    const yCell = row[y] ?? null;
    const at = measured ? position(xKind, xCell) : found.length;
    const height = position('number', yCell);
    if (at === undefined || height === undefined) continue;
    found.push({ x: at, y: height, xText: String(xCell ?? 'NULL'), yText: String(yCell) });
  }
  if (kind === 'line' && measured) found.sort((one, other) => one.x - other.x);
  const marks = kind === 'bar' ? found.slice(0, most.bar) : thinned(found, most[kind]);
  return { marks: measured ? marks : marks.map(sideBySide), xIs: measured ? xKind : 'name', count: found.length };
}

function sideBySide({ y, xText, yText }: Mark, index: number): Mark {
  return { x: index, y, xText, yText };
}

/** The lowest and the highest of each stretch, so that no peak is lost. */
function thinned(marks: readonly Mark[], limit: number): readonly Mark[] {
  if (marks.length <= limit) return marks;
  const size = Math.ceil(marks.length / (limit / 2));
  const kept: Mark[] = [];
  for (let from = 0; from < marks.length; from += size) {
    const part = marks.slice(from, from + size);
    const [lowest, highest] = extremes(part);
    if (lowest && highest)
      kept.push(...(part.indexOf(lowest) < part.indexOf(highest) ? [lowest, highest] : [highest, lowest]));
  }
  return kept;
}

/** The marks with the least and the greatest number; the first of equal ones. */
export function extremes(marks: readonly Mark[]): readonly [Mark | undefined, Mark | undefined] {
  let [lowest, highest] = [marks[0], marks[0]];
  for (const mark of marks) {
    if (lowest && mark.y < lowest.y) lowest = mark;
    if (highest && mark.y > highest.y) highest = mark;
  }
  return [lowest, highest];
}
