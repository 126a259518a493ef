import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { type Credential, credential } from '../../src/core/credential.ts';
import { ANY } from '../../src/core/credentialCache.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { statements } from '../compatibility/connectors.ts';
import { warehouseAudience } from '../lab/identityProvider.ts';
import { listen } from '../lab/tokenServices/listen.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { madeUpSource } from '../support/madeUpSource.ts';
import { sql, startGround } from './ground.ts';

/** Where a token may go, and what may be one. The numbers are those of list.ts. */

const ground = await startGround();
const { lab, databricks, endpoint, open, openExchange, withConnections, warehouseConnection } = ground;
const alice = ground.logIn('alice');

/** A server that nobody may send anything to, and what it was sent. */
async function canary(): Promise<{ readonly url: string; readonly port: number; readonly requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{}');
  });
  const { host, close } = await listen(server);
  ground.closeAfterTest(close);
  return { url: `http://${host}/`, port: Number(new URL(`http://${host}`).port), requests };
}

async function ownWarehouse(): Promise<LabWarehouse> {
  const { issuer, jwksUri } = lab.idp;
  const own = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience });
  ground.closeAfterTest(() => own.close());
  return own;
}

describe('1: a token to a host or account other than the one it was issued for', () => {
  test('a connection of the same name that points elsewhere gets nothing, not even with the token at hand', async () => {
    const elsewhere = await canary();
    const { query, signIn, change } = await open({ settings: withConnections({ sf: warehouseConnection() }) });
    await signIn('lab', alice);
    assert.equal((await query('sf', sql)).error, undefined);
    await change(withConnections({}));
    await change(withConnections({ sf: warehouseConnection({ port: elsewhere.port }) }));
    assert.equal((await query('sf', sql)).error, 'DP-CONNECTION-UNCONFIRMED');
    assert.deepEqual(elsewhere.requests, []);
  });

  test('two connections at two accounts never meet in one session', async () => {
    const accounts = { one: await ownWarehouse(), two: await ownWarehouse() };
    const { query, signIn } = await open({
      settings: withConnections({
        one: warehouseConnection({ port: accounts.one.port }),
        two: warehouseConnection({ port: accounts.two.port }),
      }),
    });
    await signIn('lab', alice);
    type Name = keyof typeof accounts;
    const ask = async (name: Name): Promise<void> => {
      const { rows, error } = await query(name, `SELECT '${name}' AS marked`);
      assert.deepEqual([rows, error], [[[name]], undefined]);
    };
    // A session of `one` is open and idle when `two` wants its first.
    await ask('one');
    await Promise.all(Array.from({ length: 20 }, (_, index) => ask(index % 2 === 0 ? 'two' : 'one')));
    await ask('one');
    const seen = (name: Name): unknown => {
      const marked = accounts[name].statements().filter(({ text }) => text.endsWith(' AS marked'));
      const open = new Set(accounts[name].sessions().map(({ id }) => id));
      return [
        new Set(marked.map(({ text }) => text)),
        marked.length,
        new Set(marked.map(({ sessionId }) => open.has(sessionId))),
      ];
    };
    assert.deepEqual(seen('one'), [new Set([`SELECT 'one' AS marked`]), 12, new Set([true])]);
    assert.deepEqual(seen('two'), [new Set([`SELECT 'two' AS marked`]), 10, new Set([true])]);
  });

  test('a redirect of a token service gets neither the token nor a request', async () => {
    const elsewhere = await canary();
    const { query, signIn } = await openExchange();
    await signIn('lab', alice);
    databricks.fail('redirect', elsewhere.url);
    assert.equal((await query('cell', sql)).error, 'DP-TOKEN-SERVICE-ANSWER');
    assert.deepEqual([elsewhere.requests, endpoint.tokens.size], [[], 0]);
  });

  test('settings that changed while a credential was on its way get nothing', async () => {
    const { credentials, connection, signIn, overview, change } = await open();
    await signIn('lab', alice);
    const [{ binding } = { binding: '' }] = overview.wireConnections();
    await change(withConnections({ warehouse: warehouseConnection({ account: 'another' }) }));
    await change(withConnections({ warehouse: warehouseConnection({ port: 1 }) }));
    await assert.rejects(credentials.get(connection('warehouse'), 'database', { binding }), {
      code: 'DP-CONNECTION-CHANGED',
    });
  });
});

describe('3: a token in a URL, a log, an argument or a result of a tool, an error, or telemetry', () => {
  test('none of all that were issued is in anything that was asked for, logged or answered', async () => {
    const urls: string[] = [];
    const { query, signIn, signOut, credentials, connection, slot, lines, warnings } = await open({
      settings: withConnections({ warehouse: warehouseConnection(), cell: ground.exchanged() }),
      tables: { connectors: { ...connectors, statements } },
      fetch(url, init) {
        urls.push(url);
        return fetch(url, { ...init, redirect: 'manual' });
      },
    });
    const answers: unknown[] = [];
    await signIn('lab', alice);
    for (const id of ['warehouse', 'cell']) {
      answers.push(await query(id, sql));
      await credentials.get(connection(id), slot(id), { renews: ANY });
    }
    lab.warehouse.terminateSessions();
    lab.warehouse.refuseLogins('390303');
    databricks.revokeAll();
    for (const id of ['warehouse', 'cell']) answers.push(await query(id, sql));
    await signOut('lab');
    const said = [...urls, ...lines, ...warnings.map(String), JSON.stringify(answers)].join('\n');
    const secrets = [...lab.idp.issued.map(({ value }) => value), ...endpoint.tokens];
    assert.ok(secrets.length > 8);
    assert.deepEqual(
      secrets.filter((secret) => said.includes(secret) || said.includes(encodeURIComponent(secret))),
      [],
    );
    assert.equal(lab.warehouse.telemetry, 0);
  });
});

/** A source that gives whatever it is told to. */
const giving = (value: unknown) => ({
  ...tokenSources,
  odd: madeUpSource(
    async () =>
      (value === undefined
        ? undefined
        : credential({ kind: 'bearer', token: value as string }, { id: 'odd' })) as Credential,
  ),
});

async function refusedBeforeSending(value: unknown): Promise<string> {
  const { query, signIn } = await open({
    settings: withConnections({ sales: warehouseConnection({ token: { source: 'odd' } }) }),
    tables: { tokenSources: giving(value) },
  });
  await signIn('lab', alice);
  const { logins } = lab.warehouse;
  const { error, text } = await query('sales', sql);
  assert.deepEqual([error, lab.warehouse.logins - logins], ['DP-TOKEN-INVALID', 0]);
  return text;
}

describe('4: a duplicate, empty or oversized token accepted', () => {
  for (const [what, value] of [
    ['two tokens joined', 'token-of-alice, token-of-bob'],
    ['an empty one', ''],
    ['one of 70,000 characters', 'x'.repeat(70_000)],
    ['one with a line break', 'token\r\nX-Other: header'],
    ['one with a zero byte', 'token\0of'],
    ['one with other characters than ASCII', 'tök€n'],
  ]) {
    test(`${what} is refused, and nothing is sent`, async () => {
      const text = await refusedBeforeSending(value);
      assert.ok(value === '' || !text.includes(String(value)));
    });
  }
});

describe('8: a source that gives nothing sent as no authentication', () => {
  for (const [what, value] of [
    ['nothing', undefined],
    ['an empty token', ''],
    ['null', null],
    ['a number', 7],
    ['an object', { token: 'x' }],
  ] as const) {
    test(`${what} fails loudly and names the connection and the source`, async () => {
      const text = await refusedBeforeSending(value);
      assert.match(text, /The token source odd gave sales something that is not a token/);
    });
  }
});
