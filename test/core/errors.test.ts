import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { errorDocs } from '../../scripts/errorDocs.ts';
import { asPassportError, type ErrorCode, PassportError } from '../../src/core/errors.ts';
import { ERRORS } from '../../src/core/errorTable.ts';

test('an error fills its sentence and fix, and crosses between processes unchanged', () => {
  const error = new PassportError(
    'DP-DATABASE-ROLE',
    { role: 'MANAGER', connection: 'sales' },
    { detail: 'not granted' },
  );
  const copy = PassportError.from(structuredClone(error.facts()));
  assert.equal(error.message, 'The role MANAGER is not available to you on sales.');
  assert.deepEqual(
    [copy.message, copy.fix, copy.who, copy.detail],
    [error.message, error.fix, 'administrator', 'not granted'],
  );
});

test('an unknown failure says its class and never its text', () => {
  const error = asPassportError(new TypeError('Bearer secret-in-a-message'));
  assert.equal(error.code, 'DP-INTERNAL');
  assert.ok(!`${error.message} ${error.fix} ${JSON.stringify(error.facts())}`.includes('secret'));
});

test('a word of the other side is cut, however long it is', () => {
  const endless = 'x'.repeat(5_000_000);
  const error = new PassportError('DP-DATABASE-ROLE', { role: endless, connection: 'sales' }, { detail: endless });
  assert.ok(JSON.stringify([error.message, error.fix, error.facts()]).length < 16_000);
});

test('a parameter that looks like a template is not filled again', () => {
  const error = new PassportError('DP-CONNECTION-UNKNOWN', { connection: '{known}', known: 'a, b' });
  assert.equal(error.message, 'There is no connection {known}. Connections: a, b.');
});

test('every code is well formed and its sentences end as sentences', () => {
  for (const [code, { sentence, cause, fix }] of Object.entries(ERRORS)) {
    assert.match(code, /^DP-[A-Z]+(-[A-Z]+)*$/);
    for (const text of [sentence, cause, fix]) assert.match(text, /^[A-Z{].*\.$/, `${code}: ${text}`);
  }
});

test('docs/errors.md is made from the table', () => {
  assert.equal(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8'), errorDocs());
});

test('every code is used somewhere in the sources', async () => {
  const { globSync } = await import('node:fs');
  const root = new URL('../../', import.meta.url);
  const sources = globSync('src/**/*.ts', { cwd: root })
    .filter(
      (file) =>
        !/core\/(?:errorTable|databaseErrors|knownRefusals|refusals\/\w+)\.ts$/.test(file.replaceAll('\\', '/')),
    )
    .map((file) => readFileSync(new URL(file, root), 'utf8'))
    .join('\n');
  const unused = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !sources.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});
