import type { Cell, Column } from '../core/result.ts';
import { comparer, kindOf, type ValueKind } from './values.ts';

export type Row = readonly Cell[];

export interface TypedColumn extends Column {
  readonly kind: ValueKind;
}

export interface Sorting {
  /** Index of a column. */
  readonly column: number;
  readonly direction: 'ascending' | 'descending';
}

/** What is asked of the rows. */
export interface Wish {
  readonly sorting?: Sorting | undefined;
  /** Text that any value of a row must hold, case ignored. */
  readonly filter: string;
  /** The same of single columns, by index; `>`, `>=`, `<`, `<=` or `=` before a value compares instead. */
  readonly columnFilters: ReadonlyMap<number, string>;
}

export const everything: Wish = { filter: '', columnFilters: new Map() };

export function typed(columns: readonly Column[]): readonly TypedColumn[] {
  return columns.map((column) => ({ ...column, kind: kindOf(column.type) }));
}

/**
 * Indexes of the rows that are wanted, in the order that is wanted. Rows that are equal stay in the database's order, and rows
 * without a value come last in both directions.
 */
export function arranged(columns: readonly TypedColumn[], rows: readonly Row[], wish: Wish): readonly number[] {
  const tests = testsOf(columns, wish);
  const kept: number[] = [];
  for (const [index, row] of rows.entries()) {
    if (tests.every((test) => test(row))) kept.push(index);
  }
  return wish.sorting ? sorted(kept, rows, columns, wish.sorting) : kept;
}

/** The next of: ascending, descending, the database's own order. */
export function nextSorting(column: number, now: Sorting | undefined): Sorting | undefined {
  if (now?.column !== column) return { column, direction: 'ascending' };
  return now.direction === 'ascending' ? { column, direction: 'descending' } : undefined;
}

function sorted(
  kept: number[],
  rows: readonly Row[],
  columns: readonly TypedColumn[],
  { column, direction }: Sorting,
): number[] {
  const compare = comparer(columns[column]?.kind ?? 'text');
  const sign = direction === 'ascending' ? 1 : -1;
  const valueOf = (index: number): Cell => rows[index]?.[column] ?? null;
  return kept.sort((left, right) => {
    const [one, other] = [valueOf(left), valueOf(right)];
    if (one === null || other === null) return Number(one === null) - Number(other === null) || left - right;
    return sign * compare(one, other) || left - right;
  });
}

type Test = (row: Row) => boolean;

function testsOf(columns: readonly TypedColumn[], { filter, columnFilters }: Wish): readonly Test[] {
  const tests: Test[] = [];
  const text = filter.trim().toLowerCase();
  if (text !== '') tests.push((row) => row.some((value) => holds(value, text)));
  for (const [index, wanted] of columnFilters) {
    const column = columns[index];
    if (column && wanted.trim() !== '') tests.push(columnTest(index, column.kind, wanted.trim()));
  }
  return tests;
}

const comparison = /^(>=|<=|>|<|=)\s*(\S.*)$/;

function columnTest(index: number, kind: ValueKind, wanted: string): Test {
  const [, sign, bound] = comparison.exec(wanted) ?? [];
  if (sign === undefined || bound === undefined) {
    const text = wanted.toLowerCase();
    return (row) => holds(row[index] ?? null, text);
  }
  const compare = comparer(kind === 'boolean' ? 'text' : kind);
  const accepts = accepted[sign] ?? (() => true);
  return (row) => {
    const value = row[index] ?? null;
    return value !== null && accepts(compare(value, bound));
  };
}

const accepted: Readonly<Record<string, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
};

/** A value as the grid writes it; nothing for one that is not there. */
export function textOf(value: Cell): string {
  return value === null ? '' : String(value);
}

/** @param text lower case */
function holds(value: Cell, text: string): boolean {
  return value === null ? text === 'null' : String(value).toLowerCase().includes(text);
}
