import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { helpText, nextStep, type Step, type ToolCall } from './rules.ts';
import { wishOf } from './wish.ts';

const tools = new Set(['list_connections', 'whoami', 'list_objects', 'describe_object', 'query', 'explain']);
const connections = [
  { id: 'warehouse', title: 'Coffee Warehouse', type: 'Snowflake', signedIn: true },
  { id: 'postgres', type: 'PostgreSQL', signedIn: true },
];
const listed = JSON.stringify({ connections });
const signedOut = JSON.stringify({
  error: {
    code: 'DP-SIGN-IN-REQUIRED',
    message: 'Nobody is signed in at Lab.',
    whoCanFix: 'user',
    fix: 'Run the command "Data Passport: Sign In".',
    retry: false,
  },
});

/** Plays a whole turn against tools that answer with `reply`; returns what was called and what was said. */
function play(message: string, reply: (call: ToolCall) => string): { calls: ToolCall[]; text: string } {
  const calls: ToolCall[] = [];
  const results: string[] = [];
  for (;;) {
    const step: Step = nextStep({ message, results, tools });
    if (!('call' in step)) return { calls, text: step.text };
    calls.push(step.call);
    results.push(step.call.tool === 'list_connections' ? listed : reply(step.call));
    assert.ok(calls.length < 20, 'the turn does not end');
  }
}

function rows(call: ToolCall, values: readonly (readonly unknown[])[]): string {
  const columns = [
    { name: 'REGION', type: 'text' },
    { name: 'ORDERS', type: 'number' },
  ];
  return JSON.stringify({ connection: call.input['connection'], columns, rows: values, ranAs: { user: 'alice' } });
}

describe('the rules in place of a model', () => {
  test('a question is asked of every connection, one after the other, and answered with tables', () => {
    const { calls, text } = play('Which orders can I see?', (call) => rows(call, [['north', 3]]));
    assert.deepEqual(
      calls.map(({ tool, input }) => [tool, input['connection']]),
      [
        ['list_connections', undefined],
        ['query', 'warehouse'],
        ['query', 'postgres'],
      ],
    );
    assert.equal(text.match(/\| region \| orders \|\n\| --- \| ---: \|\n\| north \| 3 \|/g)?.length, 2);
    assert.match(text, /### Coffee Warehouse[\s\S]*Ran as \*\*alice\*\*\.[\s\S]*### postgres/);
  });

  test('a statement is run as it stands, on the connection that is named', () => {
    const { calls } = play('DELETE FROM coffee.orders on postgres', () => signedOut);
    assert.deepEqual(calls.slice(1), [
      { tool: 'query', input: { connection: 'postgres', sql: 'DELETE FROM coffee.orders' } },
    ]);
  });

  test('an error is told in words, and one that only the user can mend ends the turn', () => {
    const { calls, text } = play('Who am I?', () => signedOut);
    assert.equal(calls.length, 2);
    assert.match(text, /This did not work\.\*\* Nobody is signed in at Lab\.\n\nRun the command/);
  });

  test('words of the editor instead of a result are passed on', () => {
    const { text } = play('Who am I?', () => 'Canceled');
    assert.match(text, /This did not work\.\*\* Canceled/);
  });

  test('the way to the tables goes over the names of the sample data', () => {
    const { calls, text } = play('Which tables are there?', ({ input }) => {
      const path = (input['path'] ?? []) as readonly string[];
      const objects = [
        [{ name: 'LAB', kind: 'database' }],
        [
          { name: 'INFORMATION_SCHEMA', kind: 'schema' },
          { name: 'COFFEE', kind: 'schema' },
        ],
        [{ name: 'ORDERS', kind: 'table', comment: 'Orders of 2026' }],
      ][path.length];
      return JSON.stringify({ objects });
    });
    assert.deepEqual(calls[3]?.input, { connection: 'warehouse', path: ['LAB', 'COFFEE'] });
    assert.match(text, /\| ORDERS \| Orders of 2026 \|/);
  });

  test('nothing in a value becomes formatting, a link or another cell', () => {
    const { text } = play('Which orders can I see?', (call) => rows(call, [['a|b\n[x](y) <b>', null]]));
    assert.ok(text.includes(String.raw`| a\|b \[x\](y) \<b\> | *null* |`), text);
  });

  test('what it does not know it answers with what it knows, and calls nothing', () => {
    assert.deepEqual(
      play('Write me a poem', () => signedOut),
      { calls: [], text: helpText },
    );
  });

  test('without our tools it says what is missing', () => {
    const step = nextStep({ message: 'Who am I?', results: [], tools: new Set(['read_file']) });
    assert.ok(!('call' in step) && step.text.includes('No tool of Data Passport'));
  });
});

for (const [message, sql] of [
  ['select 1', 'select 1'],
  ['Please run SELECT count(*) FROM coffee.orders', 'SELECT count(*) FROM coffee.orders'],
  ['SELECT 1; DROP TABLE coffee.orders', 'SELECT 1; DROP TABLE coffee.orders'],
  ['with x as (select 1) select * from x on the warehouse connection.', 'with x as (select 1) select * from x'],
  ['Try this:\n```sql\nselect region\nfrom coffee.regions\n```\nplease', 'select region\nfrom coffee.regions'],
  ['show tables', 'show tables'],
  ['SELECT * FROM coffee.orders JOIN x on orders', 'SELECT * FROM coffee.orders JOIN x on orders'],
] as const) {
  test(`${JSON.stringify(message)} holds a statement`, () => {
    assert.deepEqual(wishOf(message, ['warehouse', 'postgres']), { kind: 'statement', sql });
  });
}

for (const message of ['Show me the customers', 'with whom do we trade? which products']) {
  test(`${JSON.stringify(message)} is English, not SQL`, () => {
    assert.equal(wishOf(message).kind, 'topic');
  });
}
