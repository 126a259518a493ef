import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chartData } from '../../src/results/chartData.ts';
import { type Row, typed } from '../../src/results/rows.ts';
import { numberScale, timeScale } from '../../src/results/scales.ts';
import { measures, ROW_NUMBER, suggestChart } from '../../src/results/suggestChart.ts';

const columns = (...pairs: readonly (readonly [string, string])[]) =>
  typed(pairs.map(([name, type]) => ({ name, type })));
const many = (count: number, row: (index: number) => Row): readonly Row[] =>
  Array.from({ length: count }, (_, index) => row(index));

test('names with a number become bars', () => {
  const found = suggestChart(columns(['region', 'text'], ['orders', 'bigint']), [
    ['north', 3],
    ['west', '9007199254740993'],
  ]);
  assert.deepEqual(found, { kind: 'bar', x: 0, y: 1 });
});

test('a number over time becomes a line, whatever stands between', () => {
  const found = suggestChart(
    columns(['id', 'integer'], ['day', 'date'], ['region', 'varchar'], ['total', 'number(10,2)']),
    [[1, '2026-01-01', 'n', '2.50']],
  );
  assert.deepEqual(found, { kind: 'line', x: 1, y: 3 });
});

test('two numbers become points, or a line where the first only rises', () => {
  const pair = columns(['weight', 'real'], ['price', 'real']);
  assert.deepEqual(
    suggestChart(pair, [
      [2, 1],
      [1, 5],
      [3, 2],
    ]),
    { kind: 'scatter', x: 0, y: 1 },
  );
  assert.deepEqual(
    suggestChart(pair, [
      [1, 1],
      [2, 5],
      [3, 2],
    ]),
    { kind: 'line', x: 0, y: 1 },
  );
});

test('a number that only names a row is drawn last', () => {
  const found = suggestChart(
    columns(['customerId', 'integer'], ['name', 'text'], ['spent', 'numeric'], ['order_id', 'integer']),
    [[1, 'a', '5.0', 9]],
  );
  assert.deepEqual(found, { kind: 'bar', x: 1, y: 2 });
});

test('a single number is drawn over the number of its row, as a line when there are many', () => {
  const single = columns(['n', 'integer']);
  assert.deepEqual(
    suggestChart(
      single,
      many(5, (index) => [index]),
    ),
    { kind: 'bar', x: ROW_NUMBER, y: 0 },
  );
  assert.deepEqual(
    suggestChart(
      single,
      many(500, (index) => [index]),
    ),
    { kind: 'line', x: ROW_NUMBER, y: 0 },
  );
});

test('without numbers or without rows there is nothing to draw', () => {
  const text = columns(['a', 'text'], ['n', 'integer']);
  assert.deepEqual(
    [suggestChart(text, []), suggestChart(text, [['x', null]]), measures(text, [['x', null]])],
    [undefined, undefined, []],
  );
});

test('bars stand at their names, rows without a number are left out, and what is not drawn is counted', () => {
  const pair = columns(['region', 'text'], ['n', 'numeric']);
  const data = chartData(
    pair,
    [
      ['north', '1.5'],
      ['gap', null],
      [null, 2],
    ],
    { kind: 'bar', x: 0, y: 1 },
  );
  assert.deepEqual(data, {
    xIs: 'name',
    count: 2,
    marks: [
      { x: 0, y: 1.5, xText: 'north', yText: '1.5' },
      { x: 1, y: 2, xText: 'NULL', yText: '2' },
    ],
  });
  const long = chartData(
    pair,
    many(500, (index) => [`r${index}`, index]),
    { kind: 'bar', x: 0, y: 1 },
  );
  assert.deepEqual([long.marks.length, long.count], [100, 500]);
});

test('a long line keeps its peaks and goes from left to right', () => {
  const pair = columns(['x', 'integer'], ['y', 'integer']);
  const rows = many(10_000, (index) => [9999 - index, index === 4321 ? 1_000_000 : index % 7]);
  const { marks, count } = chartData(pair, rows, { kind: 'line', x: 0, y: 1 });
  assert.ok(marks.length <= 2000 && count === 10_000);
  assert.ok(marks.some(({ y }) => y === 1_000_000));
  assert.ok(marks.every(({ x }, index) => index === 0 || x > (marks[index - 1]?.x ?? Infinity)));
});

test('ticks are round numbers and calendar days', () => {
  const labels = (scale: { readonly ticks: readonly { readonly label: string }[] }): string[] =>
    scale.ticks.map(({ label }) => label);
  assert.deepEqual(labels(numberScale([0, 9], [100, 0], 5)), ['0', '2', '4', '6', '8']);
  assert.deepEqual(labels(numberScale([0.1, 0.4], [0, 1], 3)), ['0.1', '0.2', '0.3', '0.4']);
  assert.deepEqual(labels(numberScale([0, 2_500_000], [0, 1], 5)), ['0', '500k', '1000k', '1500k', '2000k', '2500k']);
  const [from, to] = ['2026-01-01', '2026-04-01'].map(Date.parse);
  assert.deepEqual(labels(timeScale([from ?? 0, to ?? 0], [0, 1], 4)), ['2026-01', '2026-02', '2026-03', '2026-04']);
  assert.equal(numberScale([5, 5], [0, 10], 3).at(5), 5);
});
