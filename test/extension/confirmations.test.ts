import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import type { Connection } from '../../src/core/connection.ts';
import { reachOf } from '../../src/extension/binding.ts';
import { createConfirmations } from '../../src/extension/confirmations.ts';
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

function connectionWith(more: object): Connection {
  const { connections, problems } = parseSettings(
    {
      identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
      connections: { sales: { type: 'postgres', host: 'db.example.com', database: 'sales', ...more } },
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
  assert.deepEqual(confirmations.check(withArgument('one'))?.reach.program, ['az', 'one']);
  await confirmations.confirm([shown(withArgument('one'))]);
  assert.equal(confirmations.check(withArgument('one')), undefined);
  assert.ok(confirmations.check(withArgument('two')));
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
  for (const value of ['all', 7, null, { sales: {} }, { sales: { places: 'db.example.com:5432' } }]) {
    const stored = { get: () => value, update: async () => undefined };
    const confirmations = createConfirmations({ connectors, tokenSources, memory: stored });
    assert.ok(confirmations.check(here), JSON.stringify(value));
  }
});

test('something is told once, and only the newest hundred are remembered', async () => {
  const shared = memory();
  const told = toldBefore(shared);
  assert.deepEqual([await told('a'), await told('a'), await toldBefore(shared)('a')], [false, true, true]);
  for (let index = 0; index < 100; index += 1) await told(String(index));
  assert.equal(await told('a'), false);
});
