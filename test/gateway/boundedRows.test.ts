import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Cell, Rows } from '../../src/core/result.ts';
import { boundedRows } from '../../src/gateway/boundedRows.ts';

const bounds = { rows: 10, cellLength: 4, bytes: 1000 };

function rowsOf(batches: readonly (readonly (readonly Cell[])[])[]): {
  rows: Rows;
  state: { left: boolean; read: number };
} {
  const state = { left: false, read: 0 };
  async function* read() {
    try {
      for (const batch of batches) {
        state.read += 1;
        yield batch;
      }
    } finally {
      state.left = true;
    }
  }
  return { rows: { columns: [{ name: 'a', type: 'text' }], batches: read() }, state };
}

test('a cell is never cut inside of a character', async () => {
  const { rows } = rowsOf([[['abc😀d'], ['ab😀'], ['abcde'], [12_345], [null], [true]]]);
  const { rows: cut, note } = await boundedRows(rows, bounds);
  assert.deepEqual(cut, [['abc…'], ['ab😀'], ['abcd…'], [12_345], [null], [true]]);
  assert.match(note ?? '', /^2 cells were cut to 4 characters/);
});

test('the rest is left to the session as soon as a bound is reached', async () => {
  const batch = Array.from({ length: 6 }, (_, index) => [index]);
  const { rows, state } = rowsOf([batch, batch, batch, batch]);
  const result = await boundedRows(rows, bounds);
  assert.deepEqual([result.rowCount, result.truncated, state], [10, true, { left: true, read: 2 }]);
});

test('rows that just fit are not called cut', async () => {
  const { rows, state } = rowsOf([Array.from({ length: 10 }, () => [1])]);
  const result = await boundedRows(rows, bounds);
  assert.deepEqual([result.rowCount, result.truncated, result.note, state.left], [10, false, undefined, true]);
});

test('a first row over the bound on bytes leaves an empty result that says why', async () => {
  const { rows } = rowsOf([[Array.from({ length: 400 }, () => 'abcd')]]);
  const result = await boundedRows(rows, bounds);
  assert.deepEqual([result.rows, result.truncated], [[], true]);
  assert.match(result.note ?? '', /^Cut after 0 rows, because more would pass 1000 bytes/);
});
