import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editedSettings } from '../../src/extension/settingsText.ts';

const format = { tabSize: 2, insertSpaces: true, eol: '\n' };

function edited(text: string, ...edits: Parameters<typeof editedSettings>[1]): string {
  const result = editedSettings(text, edits, format);
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

test('a new entry goes in with its comment, and every comment that was there stays', () => {
  const before = `{
  // mine
  "editor.fontSize": 13, /* small */
  "dataPassport.connections": {
    // the old one
    "sales": { "type": "snowflake" }, // keep
  },
}
`;
  const orders = { type: 'postgres', host: 'db.example.com' };
  assert.equal(
    edited(before, {
      path: ['dataPassport.connections', 'orders'],
      value: orders,
      comment: 'PostgreSQL,\nadded today',
    }),
    `{
  // mine
  "editor.fontSize": 13, /* small */
  "dataPassport.connections": {
    // the old one
    "sales": { "type": "snowflake" }, // keep
    // PostgreSQL, added today
    "orders": {
      "type": "postgres",
      "host": "db.example.com"
    }
  },
}
`,
  );
});

test('one value changes, another goes, and nothing else moves', () => {
  const before = `{
  "dataPassport.connections": {
    "sales": {
      // whom I run as
      "role": "ANALYST",
      "agents": true
    }
  }
}`;
  const path = ['dataPassport.connections', 'sales'];
  assert.equal(
    edited(
      before,
      { path: [...path, 'role'], value: 'AUDITOR', comment: 'never written' },
      { path: [...path, 'agents'], value: undefined },
    ),
    `{
  "dataPassport.connections": {
    "sales": {
      // whom I run as
      "role": "AUDITOR"
    }
  }
}`,
  );
});

test('what stands on one line, or holds nothing, is opened up', () => {
  const value = { type: 'mcp' };
  for (const before of [
    '{ "dataPassport.connections": { "a": 1 /* one */ } }',
    '{"dataPassport.connections":{}}',
    '{ }',
  ]) {
    const after = edited(before, { path: ['dataPassport.connections', 'b'], value, comment: 'two' });
    assert.match(after, /\n +\/\/ two\n +"b": \{\n/);
    const { 'dataPassport.connections': connections } = JSON.parse(
      after.replaceAll(/\/\/.*|\/\*.*?\*\//g, ''),
    ) as Record<string, Record<string, unknown>>;
    assert.deepEqual(connections?.['b'], value);
    assert.equal(after.includes('/* one */'), before.includes('/* one */'));
  }
});

test('an empty file becomes one with the setting', () => {
  assert.deepEqual(JSON.parse(edited('', { path: ['dataPassport.connections', 'a'], value: { type: 'mcp' } })), {
    'dataPassport.connections': { a: { type: 'mcp' } },
  });
});

test('a file with an error is left alone, and its line is named', () => {
  for (const [text, problem] of [
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3: CommaExpected'],
    ['[]', 'it is not a JSON object'],
  ] as const)
    assert.deepEqual(editedSettings(text, [{ path: ['x'], value: 1 }], format), { problem });
});

test('tabs and carriage returns are kept', () => {
  const text = '{\r\n\t"a": 1\r\n}';
  const result = editedSettings(text, [{ path: ['b'], value: 2, comment: 'two' }], {
    ...format,
    insertSpaces: false,
    tabSize: 1,
    eol: '\r\n',
  });
  assert.deepEqual(result, { text: '{\r\n\t"a": 1,\r\n\t// two\r\n\t"b": 2\r\n}' });
});
