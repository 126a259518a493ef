import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DatabaseConnector, SessionContext } from '../../src/connectors/connector.ts';
import { directNetwork, type NetworkFacts } from '../../src/core/network.ts';
import { connectV1 } from './clients.ts';
import { fakeDatabase } from './fakeDatabase.ts';
import { harness } from './harness.ts';

const through = (host: string): NetworkFacts => ({ proxy: { protocol: 'http', host, port: 3128 }, noProxy: [] });

/** A fake database that notes by which network each login came. */
function notingDatabase() {
  const database = fakeDatabase();
  const logins: NetworkFacts[] = [];
  const connector: DatabaseConnector = {
    ...database.connector,
    async load() {
      const module = await database.connector.load();
      const open = (settings: unknown, context: SessionContext) => {
        logins.push(context.network);
        return module.open(settings, context);
      };
      return { open };
    },
  };
  return { database, logins, connectors: { fake: connector } };
}

test('a login goes the way that the network is reached now, and sessions of another way retire', async () => {
  const { database, logins, connectors } = notingDatabase();
  await using setup = await harness({ database, connectors, network: through('one') });
  await using client = await connectV1(setup);
  const query = (): Promise<unknown> => client.query('select 1');
  await query();
  setup.gateway.replaceNetwork(through('one'));
  await query();
  setup.gateway.replaceNetwork(through('two'));
  await query();
  assert.deepEqual(logins, [through('one'), through('two')]);
  assert.deepEqual(
    database.events.filter((event) => !event.startsWith('query')),
    ['open alice', 'close alice', 'open alice'],
  );
});

test('a statement that runs when the network changes ends as it would have', async () => {
  const { database, logins, connectors } = notingDatabase();
  await using setup = await harness({ database, connectors });
  await using client = await connectV1(setup);
  const running = client.query('wait 1');
  while (!database.events.includes('query alice wait 1')) await new Promise((resolve) => setTimeout(resolve, 5));
  setup.gateway.replaceNetwork(through('one'));
  database.finish();
  assert.doesNotMatch(JSON.stringify(await running), /isError/);
  assert.deepEqual(logins, [directNetwork]);
  while (database.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
