import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerOf } from '../../src/results/answer.ts';
import { moved } from '../../src/results/gridKeys.ts';
import { askForMore } from '../../src/results/more.ts';
import { wordsFor } from '../../src/results/words.ts';

const output = {
  columns: [{ name: 'n', type: 'INTEGER' }],
  rows: [[1], [null]],
  rowCount: 2,
  truncated: true,
  elapsedMs: 5,
  ranAs: { user: 'alice', sharedIdentity: true },
};
const rows = {
  kind: 'rows',
  columns: [{ name: 'n', type: 'integer' }],
  rows: [[1], [null]],
  truncated: true,
  elapsedMs: 5,
  ranAs: { user: 'alice', role: undefined, shared: true },
} as const;

test('rows are read from the structured content with what the gateway tells the page, or else from the text', () => {
  const _meta = { 'data-passport/page': { cutAt: 'rows', mostRows: 100 } };
  assert.deepEqual(answerOf({ structuredContent: output, content: [], _meta }), {
    ...rows,
    cutAt: 'rows',
    mostRows: 100,
  });
  assert.deepEqual(answerOf({ content: [{ type: 'text', text: JSON.stringify(output) }] }), {
    ...rows,
    cutAt: undefined,
    mostRows: undefined,
  });
});

test('a failure has the sentence, the fix and the code; without them the text of the result', () => {
  const error = {
    code: 'DP-READ-ONLY',
    message: 'This connection only reads.',
    fix: 'Send a SELECT.',
    whoCanFix: 'agent',
    retry: false,
  };
  assert.deepEqual(answerOf({ isError: true, structuredContent: { error } }), {
    kind: 'failure',
    code: error.code,
    message: error.message,
    fix: error.fix,
    detail: undefined,
  });
  assert.deepEqual(answerOf({ isError: true, content: [{ type: 'text', text: 'broken' }] }), {
    kind: 'failure',
    message: 'broken',
  });
});

test('nothing that the result may be instead breaks the page', () => {
  for (const result of [
    undefined,
    null,
    7,
    'x',
    [],
    {},
    { structuredContent: { rows: 5, columns: {} } },
    { content: 'x' },
  ]) {
    assert.deepEqual(answerOf(result), { kind: 'failure', message: '' });
  }
  const odd = answerOf({ structuredContent: { columns: [{}, { name: 'b', type: 5 }], rows: [[{ a: 1 }], 'x'] } });
  assert.deepEqual(odd.kind === 'rows' && [odd.columns, odd.rows], [
    [
      { name: '', type: '' },
      { name: 'b', type: '' },
    ],
    [
      ['{"a":1}', null],
      [null, null],
    ],
  ]);
});

test('more rows are asked for with the same arguments, up to what the connection allows', () => {
  const answer = { ...rows, cutAt: 'rows', mostRows: 10_000 } as const;
  const args = { sql: 'select 1', connection: 'sales', maxRows: 2 };
  assert.deepEqual(askForMore(args, answer), { ...args, maxRows: 500 });
  assert.deepEqual(askForMore(args, { ...answer, mostRows: 20 }), { ...args, maxRows: 20 });
  assert.deepEqual(askForMore(args, { ...answer, rows: Array.from({ length: 1000 }, () => [1]) }), {
    ...args,
    maxRows: 4000,
  });
  const none = [
    { ...answer, cutAt: undefined },
    { ...answer, cutAt: 'bytes' as const },
    { ...answer, mostRows: 2 },
  ];
  assert.deepEqual(
    none.map((each) => askForMore(args, each)),
    [undefined, undefined, undefined],
  );
  assert.equal(askForMore({}, answer), undefined);
});

test('the keys of a data grid move within it', () => {
  const size = { lines: 100, columns: 5, page: 10 };
  const press = (key: string, ctrlKey = false) => moved({ line: 3, column: 2 }, { key, ctrlKey, metaKey: false }, size);
  const at = (line: number, column: number) => ({ line, column });
  assert.deepEqual(
    ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'].map((key) => press(key)),
    [at(2, 2), at(4, 2), at(3, 1), at(3, 3)],
  );
  assert.deepEqual(
    ['Home', 'End', 'PageUp', 'PageDown'].map((key) => press(key)),
    [at(3, 0), at(3, 4), at(0, 2), at(13, 2)],
  );
  assert.deepEqual(
    ['Home', 'End'].map((key) => press(key, true)),
    [at(0, 0), at(99, 4)],
  );
  assert.equal(press('a'), undefined);
});

test('the page speaks the language of the editor where it has it', () => {
  assert.deepEqual(
    [wordsFor('de-AT').loadMore, wordsFor('fr').loadMore, wordsFor(undefined).loadMore],
    ['Mehr laden', 'Load more', 'Load more'],
  );
  assert.equal(wordsFor('de').rowsOf(1, 10_000), '1 von 10.000 Zeilen');
  assert.deepEqual(Object.keys(wordsFor('de')), Object.keys(wordsFor('en')));
});
