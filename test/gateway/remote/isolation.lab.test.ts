import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startIdentityProvider, warehouseAudience } from '../../lab/identityProvider.ts';
import type { McpRequest } from '../../lab/mcp/journal.ts';
import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { startSnowflakeMcp } from '../../lab/mcp/snowflakeMcp.ts';
import type { LabUserName } from '../../lab/sampleData.ts';
import { remoteHarness, remoteWire } from './harness.ts';

const users: readonly LabUserName[] = ['alice', 'bob'];
const CALLS = 500;

test('500 interleaved calls of two users at three servers: every call came with the token of its own user, and of no other server', async () => {
  const provider = await startIdentityProvider();
  const whois = (token: string): string | undefined => /^[a-z]+ token of (alice|bob)/.exec(atob(token))?.[1];
  const sessions = await startPlainServer({ revision: '2025-11-25', whois });
  const modern = await startPlainServer({ revision: '2026-07-28', whois });
  const snowflake = await startSnowflakeMcp({
    issuer: provider.issuer,
    audience: warehouseAudience,
    dialect: 'stream',
  });
  const address = new URL(snowflake.url);
  const [, , , , database = '', , schema = '', , server = ''] = address.pathname.split('/');
  const settings = {
    sessions: ['mcp/generic', { url: sessions.url }],
    modern: ['mcp/generic', { url: modern.url }],
    snowflake: [
      'mcp/snowflake',
      {
        account: 'lab',
        host: address.hostname,
        port: Number(address.port),
        protocol: 'http',
        database,
        schema,
        server,
      },
    ],
  } as const;
  const places = Object.keys(settings) as (keyof typeof settings)[];
  const wires = users.flatMap((user) =>
    places.map((place) => {
      const [type, own] = settings[place];
      return remoteWire(`${place}-${user}`, type, own, { subject: user });
    }),
  );
  const owners = new Map<string, string>();
  await using gateway = await remoteHarness(wires, async ({ id, subject = '' }) => {
    await sleep(randomInt(5));
    const [place = ''] = id.split('-');
    const token =
      place === 'snowflake'
        ? await provider.mintAccessToken({
            user: subject,
            audience: warehouseAudience,
            scopes: ['session:role-any'],
            claims: { jti: `${Math.random()}` },
          })
        : btoa(`${place} token of ${subject} ${Math.random()}`).replace(/=+$/, '');
    owners.set(token, `${place} ${subject}`);
    // So short that most are replaced on the way.
    return { token, seconds: 1 };
  });
  const editors = new Map(await Promise.all(wires.map(async ({ id }) => [id, await gateway.connect(id)] as const)));
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: CALLS }, async (_, index) => {
      await sleep(randomInt(1500));
      const user = users[index % 2] ?? 'alice';
      const place = places[index % 3] ?? 'sessions';
      const mark = `call-${index}-of-${user}`;
      const call =
        place === 'snowflake'
          ? { name: 'sql-exec', arguments: { sql: `SELECT '${mark}'` } }
          : { name: 'echo', arguments: { text: mark } };
      const answer = await editors.get(`${place}-${user}`)?.client.callTool(call);
      if (
        answer?.isError === true ||
        !JSON.stringify(answer).includes(place === 'snowflake' ? user.toUpperCase() : mark)
      )
        failures.push([mark, place, answer]);
    }),
  );
  const arrivals = Object.entries({ sessions, modern, snowflake }).flatMap(([place, { requests }]) =>
    requests.flatMap((request: McpRequest) => {
      const [, user] = /call-\d+-of-(alice|bob)/.exec(request.body) ?? [];
      return user === undefined ? [] : [{ expected: `${place} ${user}`, was: owners.get(request.token ?? '') }];
    }),
  );
  await Promise.all([...editors.values()].map(({ client }) => client.close()));
  await Promise.all([sessions.close(), modern.close(), snowflake.close(), provider.close()]);
  assert.deepEqual(failures.slice(0, 3), []);
  assert.equal(arrivals.length, CALLS);
  assert.deepEqual(
    arrivals.filter(({ expected, was }) => expected !== was),
    [],
  );
  assert.ok(owners.size > wires.length, 'tokens were replaced on the way');
});
