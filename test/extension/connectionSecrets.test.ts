import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as z from 'zod/mini';

import { connectors } from '../../src/connectors/index.ts';
import type { Connection } from '../../src/core/connection.ts';
import { credential } from '../../src/core/credential.ts';
import { asPassportError } from '../../src/core/errors.ts';
import { createConnectionSecrets } from '../../src/extension/connectionSecrets.ts';
import { tokenSource } from '../../src/tokens/source.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

const field = { name: 'token', title: 'personal access token', kind: 'token', required: true } as const;
const tokenSources = {
  stored: tokenSource<object>({
    label: 'Stored',
    about: '',
    specification: { title: '', url: '' },
    settings: () => z.object({}),
    from: 'own',
    runsAs: () => 'user',
    kinds: ['bearer'],
    gives: () => 'bearer',
    wants: () => ({ scopes: [] }),
    secrets: () => [field],
    mint: async () => credential({ kind: 'bearer', token: 'never' }, { id: 'never' }),
  }),
};
const sales: Connection = {
  id: 'sales',
  title: 'Sales',
  type: 'postgres',
  agents: true,
  settings: {},
  token: { source: 'stored', settings: {} },
  limits: { rows: 1, cellLength: 1, bytes: 1, seconds: 1 },
};
const canary = 'canary-personal-access-token';

function setup() {
  const secrets = memorySecrets();
  const { log, lines, redactor } = keptLog();
  const open = () => createConnectionSecrets({ secrets, log, redactor, connectors, tokenSources });
  return { secrets, lines, log, redactor, open, mine: open() };
}

test('what is entered is kept with its day, known to the redactor, and told by facts without its value', async () => {
  const { mine, redactor } = setup();
  const changed: string[] = [];
  mine.onDidChange((connection) => changed.push(connection));
  assert.deepEqual(mine.facts(sales), [{ field }]);
  const expiresAt = new Date(2_000_000_000_000);
  await mine.set(sales, 'token', { value: canary, expiresAt });
  const [fact] = mine.facts(sales);
  assert.match(fact?.stored?.id ?? '', /^[\da-f-]{36}$/);
  assert.deepEqual([fact?.stored?.expiresAt, changed], [expiresAt, ['sales']]);
  assert.ok(!JSON.stringify(mine.facts(sales)).includes(canary));
  assert.deepEqual(await mine.get(sales, 'token'), { id: fact?.stored?.id, value: canary, expiresAt });
  assert.ok(!redactor.redact(`it is ${canary}`).includes(canary));
});

test('the secret of the server itself is stored beside that of the user, under a name and a title of its own', async () => {
  const { mine, secrets } = setup();
  const two: Connection = { ...sales, type: 'mcp/spcs', serverToken: { source: 'stored', settings: {} } };
  const second = { ...field, name: 'serverToken.token', title: 'personal access token of the server itself' };
  assert.deepEqual(mine.facts(two), [{ field }, { field: second }]);
  await mine.set(two, 'serverToken.token', { value: canary });
  assert.deepEqual([...secrets.values.keys()], ['connection-secrets/sales/serverToken.token']);
  const [first, other] = mine.facts(two);
  assert.deepEqual([first?.stored, typeof other?.stored?.id], [undefined, 'string']);
  assert.equal((await mine.get(two, 'serverToken.token'))?.value, canary);
  assert.equal(await mine.get(two, 'token'), undefined);
});

test('another window finds it after it has looked, and learns of a new one when it reads', async () => {
  const { mine, open } = setup();
  const other = open();
  await mine.set(sales, 'token', { value: canary });
  await other.load([sales]);
  const before = other.facts(sales)[0]?.stored?.id;
  assert.ok(before);
  const changed: string[] = [];
  other.onDidChange((connection) => changed.push(connection));
  await mine.set(sales, 'token', { value: 'another-personal-access-token' });
  assert.equal((await other.get(sales, 'token'))?.value, 'another-personal-access-token');
  assert.deepEqual(changed, ['sales']);
  assert.notEqual(other.facts(sales)[0]?.stored?.id, before);
});

test('where the storage tells of a change, another window learns of it at once, also of the first and the last one', async () => {
  const { mine, open } = setup();
  const other = open();
  await other.load([sales]);
  const seen: (string | undefined)[] = [];
  other.onDidChange(() => seen.push(other.facts(sales)[0]?.stored?.id));
  const told = async (): Promise<void> => {
    other.changedElsewhere('connection-secrets/sales/token');
    other.changedElsewhere('connection-secrets/unknown/token');
    other.changedElsewhere('sign-ins/machine/lab');
    await new Promise((resolve) => setImmediate(resolve));
  };
  await mine.set(sales, 'token', { value: canary });
  await told();
  await mine.remove(sales, 'token');
  await told();
  assert.deepEqual([seen.length, typeof seen[0], seen[1]], [2, 'string', undefined]);
});

test('what is removed is gone, from the storage too', async () => {
  const { mine, secrets } = setup();
  await mine.set(sales, 'token', { value: canary });
  await mine.remove(sales, 'token');
  assert.deepEqual(
    [mine.facts(sales), await mine.get(sales, 'token'), secrets.values.size],
    [[{ field }], undefined, 0],
  );
});

test('what is left of a connection that is gone is listed, and can be removed', async () => {
  const { mine, secrets } = setup();
  await mine.load([sales]);
  await mine.set(sales, 'token', { value: canary });
  await mine.set({ ...sales, id: 'gone' }, 'token', { value: canary });
  secrets.values.set('sign-ins/machine/lab', 'of no concern');
  assert.deepEqual(await mine.left(), [{ connection: 'gone', name: 'token' }]);
  await mine.removeLeft({ connection: 'gone', name: 'token' });
  assert.deepEqual([...secrets.values.keys()].toSorted(), ['connection-secrets/sales/token', 'sign-ins/machine/lab']);
});

test('a storage that refuses is an error with a code, and nothing is said to be stored', async () => {
  const { mine, secrets, lines } = setup();
  secrets.failStores = true;
  const error: unknown = await mine.set(sales, 'token', { value: canary }).catch((thrown: unknown) => thrown);
  assert.equal(asPassportError(error).code, 'DP-SECRET-STORE');
  assert.deepEqual(mine.facts(sales), [{ field }]);
  assert.ok(!lines.join('\n').includes(canary));
});

test('a storage that could not be read at first is asked again, and what it has then is news', async () => {
  const { mine, secrets, open } = setup();
  await mine.set(sales, 'token', { value: canary });
  const other = open();
  const { get } = secrets;
  secrets.get = () => Promise.reject(new Error('the keyring is locked'));
  await other.load([sales]);
  assert.deepEqual(other.facts(sales), [{ field }]);
  await assert.rejects(other.get(sales, 'token'), { code: 'DP-SECRET-STORE' });
  const changed: string[] = [];
  other.onDidChange((connection) => changed.push(connection));
  secrets.get = get;
  assert.equal((await other.get(sales, 'token'))?.value, canary);
  assert.deepEqual(changed, ['sales']);
});

test('what is stored and can not be read is as if there were nothing', async () => {
  const { mine, secrets } = setup();
  for (const text of ['', 'null', '{"version":2,"value":"x","id":"y"}', 'no json']) {
    secrets.values.set('connection-secrets/sales/token', text);
    assert.equal(await mine.get(sales, 'token'), undefined, text);
  }
});
