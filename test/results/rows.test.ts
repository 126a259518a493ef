import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Cell } from '../../src/core/result.ts';
import { arranged, everything, nextSorting, typed, type Wish } from '../../src/results/rows.ts';
import { kindOf, position } from '../../src/results/values.ts';

/** The values of one column in the order that a wish brings. */
function order(type: string, values: readonly Cell[], wish: Partial<Wish>): readonly Cell[] {
  const rows = values.map((value) => [value]);
  return arranged(typed([{ name: 'a', type }]), rows, { ...everything, ...wish }).map((index) => values[index] ?? null);
}

const up = { sorting: { column: 0, direction: 'ascending' } } as const;
const down = { sorting: { column: 0, direction: 'descending' } } as const;

test('numbers sort by their exact value, whether they come as numbers or as text', () => {
  const values = [
    '9007199254740993',
    9007199254740992,
    '-0.50',
    '100.000',
    '1e3',
    12,
    '0.5',
    '-123456789012345678901.5',
    null,
  ];
  assert.deepEqual(order('numeric', values, up), [
    '-123456789012345678901.5',
    '-0.50',
    '0.5',
    12,
    '100.000',
    '1e3',
    9007199254740992,
    '9007199254740993',
    null,
  ]);
});

test('what is no number in a column of numbers comes after the infinities', () => {
  assert.deepEqual(order('double precision', ['NaN', 'Infinity', 3, '-Infinity', -3], up), [
    '-Infinity',
    -3,
    3,
    'Infinity',
    'NaN',
  ]);
});

test('dates and timestamps sort by their moment, with zones, eras and fractions', () => {
  const values = [
    '2026-01-02 03:04:05.12+01',
    '2026-01-02 02:04:05.1+00',
    'infinity',
    '2026-01-02',
    '0044-03-15 BC',
    '2026-01-01 23:00:00-02:00',
    '-infinity',
  ];
  assert.deepEqual(order('timestamp with time zone', values, up), [
    '-infinity',
    '0044-03-15 BC',
    '2026-01-02',
    '2026-01-01 23:00:00-02:00',
    '2026-01-02 02:04:05.1+00',
    '2026-01-02 03:04:05.12+01',
    'infinity',
  ]);
});

test('texts sort as people read them, and booleans with false first', () => {
  assert.deepEqual(order('varchar', ['row 10', 'Row 2', 'apple', 'Äpfel'], up), ['Äpfel', 'apple', 'Row 2', 'row 10']);
  assert.deepEqual(order('boolean', [true, null, false], up), [false, true, null]);
});

test('rows without a value come last in both directions, and equal ones keep their order', () => {
  assert.deepEqual(order('integer', [null, 1, null, 2], up), [1, 2, null, null]);
  assert.deepEqual(order('integer', [null, 1, null, 2], down), [2, 1, null, null]);
  const rows = [
    ['b', 1],
    ['a', 1],
    ['c', 0],
  ];
  const columns = typed([
    { name: 'name', type: 'text' },
    { name: 'n', type: 'integer' },
  ]);
  assert.deepEqual(
    arranged(columns, rows, { ...everything, sorting: { column: 1, direction: 'descending' } }),
    [0, 1, 2],
  );
});

test('a header goes from ascending over descending back to the order of the database', () => {
  const first = nextSorting(2, undefined);
  const second = nextSorting(2, first);
  assert.deepEqual(
    [first?.direction, second?.direction, nextSorting(2, second)],
    ['ascending', 'descending', undefined],
  );
  assert.deepEqual(nextSorting(1, second), { column: 1, direction: 'ascending' });
});

test('a filter finds text in any column, the null of a column by its name, and case does not matter', () => {
  assert.deepEqual(order('text', ['North', 'south', null], { filter: ' NOR ' }), ['North']);
  assert.deepEqual(order('text', ['North', 'south', null], { filter: 'null' }), [null]);
});

test('filters of columns add up, and compare where a sign says so', () => {
  const only = (text: string): Partial<Wish> => ({ columnFilters: new Map([[0, text]]) });
  assert.deepEqual(order('integer', [5, '40', 12, null], only('>= 12')), ['40', 12]);
  assert.deepEqual(order('integer', [5, '40', 12], only('=5')), [5]);
  assert.deepEqual(order('integer', [5, 15, 40], only('5')), [5, 15]);
  assert.deepEqual(order('date', ['2026-01-02', '2025-12-31'], only('<2026-01-01')), ['2025-12-31']);
  assert.deepEqual(order('boolean', [true, false], only('=true')), [true]);
  const columns = typed([
    { name: 'a', type: 'integer' },
    { name: 'b', type: 'text' },
  ]);
  const wish = {
    filter: 'x',
    columnFilters: new Map([
      [0, '>1'],
      [1, 'y'],
    ]),
  };
  assert.deepEqual(
    arranged(
      columns,
      [
        [1, 'xy'],
        [2, 'xy'],
        [3, 'x'],
        [4, 'yx'],
      ],
      wish,
    ),
    [1, 3],
  );
});

test('types of both databases are known for what they are', () => {
  const names = {
    number: ['number(38,0)', 'numeric', 'double precision', 'float', 'bigint'],
    moment: ['date', 'timestamp_ntz', 'timestamp without time zone', 'timestamp(3) with time zone'],
    boolean: ['boolean'],
    text: ['varchar', 'integer[]', 'time', 'money', 'jsonb', 'interval', ''],
  };
  for (const [kind, types] of Object.entries(names))
    assert.deepEqual(
      types.map(kindOf),
      types.map(() => kind),
    );
});

test('a place on an axis is only given to what has one', () => {
  assert.deepEqual(
    [
      position('number', '1.50'),
      position('number', 'NaN'),
      position('number', null),
      position('moment', '1970-01-02'),
      position('moment', 'soon'),
      position('text', '5'),
    ],
    [1.5, undefined, undefined, 86_400_000, undefined, undefined],
  );
});
