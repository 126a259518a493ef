import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import type { Connection } from '../../src/core/connection.ts';
import { reachOf } from '../../src/extension/binding.ts';
import { createConfirmations, newsOf } from '../../src/extension/confirmations.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { toldBefore } from '../../src/extension/toldBefore.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

function memory() {
  const values = new Map<string, unknown>();
  return {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
  };
}

const connectionWith = (more: object): Connection =>
  connectionOf({ type: 'postgres', host: 'db.example.com', database: 'sales', ...more });

function connectionOf(settings: object): Connection {
  const { connections, problems } = parseSettings(
    {
      identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
      connections: { sales: settings },
      limits: undefined,
    },
    { presets, connectors, tokenSources },
  );
  assert.deepEqual(problems, []);
  const [connection] = connections;
  assert.ok(connection);
  return connection;
}

const shown = (connection: Connection) => ({
  connection,
  reach: reachOf(connection, { connectors, tokenSources }),
});
const here = connectionWith({});
const elsewhere = connectionWith({ host: 'db.evil.example' });
const otherPort = connectionWith({ port: 6432 });

test('a new connection waits for the user; a sign-in takes it in, and so does a confirmation', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  assert.deepEqual(confirmations.check(here), {
    connection: here,
    reach: { places: ['db.example.com:5432'] },
    before: undefined,
  });
  await confirmations.adopt([here]);
  assert.equal(confirmations.check(here), undefined);
  const other = createConfirmations({ connectors, tokenSources, memory: memory() });
  await other.confirm([shown(here)]);
  assert.equal(other.check(here), undefined);
});

test('a changed host or port is not taken in by a sign-in, and one that was never asked about is', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.adopt([here]);
  for (const changed of [elsewhere, otherPort]) {
    await confirmations.adopt([changed]);
    assert.deepEqual(confirmations.check(changed)?.before, { places: ['db.example.com:5432'] });
  }
  assert.equal(confirmations.check(here), undefined);
});

test('one that the user was asked about is not taken in by a later sign-in, whatever they answered', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.asked([here]);
  await confirmations.adopt([here]);
  assert.deepEqual(confirmations.check(here)?.before, { places: [] });
  await confirmations.confirm([shown(here)]);
  assert.equal(confirmations.check(here), undefined);
  await confirmations.asked([here]);
  assert.equal(confirmations.check(here), undefined);
});

test('what is confirmed is what was shown, and nothing where the settings say something else by now', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  const stale = { connection: elsewhere, reach: shown(here).reach };
  await assert.rejects(confirmations.confirm([shown(otherPort), stale]), { code: 'DP-CONNECTION-CHANGED' });
  assert.ok(confirmations.check(elsewhere));
  assert.ok(confirmations.check(otherPort));
});

test('a program is never taken in by a sign-in, and another argument of it is another program', async () => {
  const withArgument = (argument: string): Connection =>
    connectionWith({ token: { source: 'command', command: ['az', argument] } });
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.adopt([withArgument('one')]);
  assert.deepEqual(confirmations.check(withArgument('one'))?.reach.programs, [['az', 'one']]);
  await confirmations.confirm([shown(withArgument('one'))]);
  assert.equal(confirmations.check(withArgument('one')), undefined);
  assert.ok(confirmations.check(withArgument('two')));
  // Without it the places are all that is left, and those are known.
  assert.equal(confirmations.check(here), undefined);
});

const program = (more: object = {}): Connection =>
  connectionOf({
    type: 'mcp',
    preset: 'stdio',
    command: 'catalog-mcp',
    args: ['--read-only'],
    tokenVariable: 'CATALOG_TOKEN',
    ...more,
  });

test('a server that is a program is asked for on its own, and so is each of its arguments, and the program of its token', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.adopt([program()]);
  assert.deepEqual(confirmations.check(program())?.reach, {
    places: [],
    programs: [['catalog-mcp', '--read-only']],
    programTerms: { cwd: undefined, environment: [], tokenVariable: 'CATALOG_TOKEN', api: undefined },
  });
  await confirmations.confirm([shown(program())]);
  assert.equal(confirmations.check(program()), undefined);
  const changed = [
    { args: [] },
    { args: ['--read-only', '--all'] },
    { args: ['--read-only --all'] },
    { command: './catalog-mcp' },
    { token: { source: 'command', command: ['az', 'one'] } },
    { cwd: '/tmp' },
    { env: { REGION: 'eu' } },
    { tokenVariable: 'OTHER_TOKEN' },
    { tokenVariable: undefined, api },
  ];
  assert.deepEqual(
    changed.map((more) => confirmations.check(program(more)) !== undefined),
    changed.map(() => true),
  );
});

const api = { variable: 'CATALOG_URL', url: 'https://catalog.example.com/base' };

test('a program that never had the token is asked for again before it gets it, and before its address leads elsewhere', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  const pointed = (more: object = {}) =>
    program({ tokenVariable: undefined, api, env: { REGION: 'eu', ACCOUNT: 'one' }, ...more });
  await confirmations.confirm([shown(pointed())]);
  const asked = [
    pointed(),
    pointed({ env: { ACCOUNT: 'one', REGION: 'eu' } }),
    pointed({ env: { ACCOUNT: 'two', REGION: 'eu' } }),
    pointed({ api: { ...api, url: 'https://catalog.example.com/other' } }),
    pointed({ api: { ...api, variable: 'OTHER_URL' } }),
    pointed({ api: undefined, tokenVariable: 'CATALOG_TOKEN' }),
  ].map((connection) => confirmations.check(connection) !== undefined);
  assert.deepEqual(asked, [false, false, true, true, true, true]);
});

const handsOn = (more: object = {}): Connection =>
  connectionOf({
    type: 'mcp',
    preset: 'databaseGateway',
    url: 'https://gateway.example.com/mcp',
    database: 'myorg-myaccount.snowflakecomputing.com',
    token: { audience: 'https://warehouse.example', scopes: ['session:role:ANALYST', 'offline_access'] },
    ...more,
  });

test('a server that gets the token of a database is never taken in by a sign-in; another database or a wider token is asked about', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.adopt([handsOn()]);
  assert.deepEqual(confirmations.check(handsOn())?.reach, {
    places: ['gateway.example.com:443'],
    handsOn: {
      database: 'myorg-myaccount.snowflakecomputing.com',
      audience: 'https://warehouse.example',
      scopes: ['session:role:ANALYST', 'offline_access'],
    },
  });
  await confirmations.confirm([shown(handsOn())]);
  const withScopes = (...scopes: string[]) => handsOn({ token: { audience: 'https://warehouse.example', scopes } });
  const asked = [
    handsOn(),
    withScopes('session:role:ANALYST'),
    withScopes('session:role:ACCOUNTADMIN'),
    withScopes('session:role:ANALYST', 'offline_access', 'session:role-any'),
    handsOn({ database: 'other.snowflakecomputing.com' }),
    handsOn({ url: 'https://other.example.com/mcp' }),
    handsOn({ token: { audience: 'https://payroll.example', scopes: ['session:role:ANALYST'] } }),
    handsOn({ token: { scopes: ['session:role:ANALYST'] } }),
  ].map((connection) => confirmations.check(connection) !== undefined);
  assert.deepEqual(asked, [false, false, true, true, true, true, true, true]);
});

test('what was agreed to before programs were many counts for its places alone', () => {
  const stored = { places: ['db.example.com:5432'], program: ['az', 'one'] };
  const confirmations = createConfirmations({
    connectors,
    tokenSources,
    memory: { get: () => ({ sales: stored }), update: async () => undefined },
  });
  assert.equal(confirmations.check(here), undefined);
  assert.ok(confirmations.check(connectionWith({ token: { source: 'command', command: ['az', 'one'] } })));
});

test('what is news says no more than the user has not agreed to', () => {
  const known = {
    places: ['a:1'],
    programs: [['x'], ['y', 'z']],
    handsOn: { database: 'd', scopes: ['one', 'two'] },
  };
  assert.deepEqual(newsOf(known, known), { places: [] });
  assert.deepEqual(newsOf(known), known);
  assert.deepEqual(
    newsOf(
      { places: ['b:1', 'a:1'], programs: [['x', 'y']], handsOn: { database: 'd', scopes: ['two', 'three'] } },
      known,
    ),
    { places: ['b:1'], programs: [['x', 'y']], handsOn: { database: 'd', scopes: ['two', 'three'] } },
  );
  assert.deepEqual(newsOf({ places: [], handsOn: { database: 'd', scopes: [] } }, known), { places: [] });
  const terms = { environment: ['A=1'], tokenVariable: 'T' };
  assert.deepEqual(newsOf({ ...known, programTerms: terms }, known), { places: [], programTerms: terms });
  assert.deepEqual(
    newsOf({ ...known, programTerms: terms }, { ...known, programTerms: { ...terms, cwd: undefined } }),
    {
      places: [],
    },
  );
});

test('what was agreed to lasts, for every window, and a change is news', async () => {
  const shared = memory();
  const one = createConfirmations({ connectors, tokenSources, memory: shared });
  const two = createConfirmations({ connectors, tokenSources, memory: shared });
  let changes = 0;
  one.onDidChange(() => (changes += 1));
  await one.confirm([shown(elsewhere)]);
  assert.deepEqual([two.check(elsewhere), changes], [undefined, 1]);
  await one.confirm([]);
  assert.equal(changes, 1);
});

test('settings that other things than places changed in need no new word', async () => {
  const confirmations = createConfirmations({ connectors, tokenSources, memory: memory() });
  await confirmations.adopt([here]);
  assert.equal(confirmations.check(connectionWith({ title: 'Sales', role: 'analyst', database: 'other' })), undefined);
});

test('a memory that holds nonsense confirms nothing', () => {
  for (const value of [
    'all',
    7,
    null,
    { sales: {} },
    { sales: { places: 'db.example.com:5432' } },
    { sales: { places: ['db.example.com:5432'], programs: ['az'] } },
  ]) {
    const stored = { get: () => value, update: async () => undefined };
    const confirmations = createConfirmations({ connectors, tokenSources, memory: stored });
    assert.ok(confirmations.check(here), JSON.stringify(value));
  }
});

test('something is told once, and only the newest hundred are remembered', async () => {
  const shared = memory();
  const told = toldBefore(shared);
  assert.deepEqual([await told('a'), await told('a'), await toldBefore(shared)('a')], [false, true, true]);
  const other = toldBefore(shared, 'toldTools');
  assert.deepEqual([await other('a'), await other('a')], [false, true]);
  for (let index = 0; index < 100; index += 1) await told(String(index));
  assert.equal(await told('a'), false);
});
