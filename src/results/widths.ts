import type { Row, TypedColumn } from './rows.ts';
import { visible } from './visible.ts';

const [NARROWEST, WIDEST] = [56, 320];
/** Pixels around a text, and of the sign beside a name. */
const [AROUND, SIGN] = [18, 14];
const SAMPLE = 200;

/** Pixels that a text takes. */
export interface Measure {
  name(text: string): number;
  type(text: string): number;
  /** Of values, which are written in letters of one width. */
  readonly letter: number;
}

/** Pixels of each column, by its name and some of its values from top to bottom. */
export function columnWidths(
  columns: readonly TypedColumn[],
  rows: readonly Row[],
  measure: Measure,
): readonly number[] {
  const step = Math.max(1, Math.floor(rows.length / SAMPLE));
  const sample = rows.filter((_, index) => index % step === 0 || index === rows.length - 1);
  return columns.map(({ name, type }, index) => {
    const longest = sample.reduce((most, row) => Math.max(most, lengthOf(row[index] ?? 'NULL')), 0);
    const head = Math.max(measure.name(visible(name)) + SIGN, measure.type(visible(type)));
    const wanted = Math.max(longest * measure.letter, head) + AROUND;
    return Math.round(Math.min(WIDEST, Math.max(NARROWEST, wanted)));
  });
}

/** Wide characters count twice. */
function lengthOf(value: string | number | boolean): number {
  const text = visible(String(value).slice(0, 80));
  return (
    text.length + (text.match(/[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0)
  );
}
