import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import * as z from 'zod/mini';

import { connectors } from '../src/connectors/index.ts';
import { type Credential, credential } from '../src/core/credential.ts';
import { ANY } from '../src/core/credentialCache.ts';
import { tokenSources } from '../src/tokens/index.ts';
import { tokenSource } from '../src/tokens/source.ts';
import { statements } from './compatibility/connectors.ts';
import { type Endpoint, startStatements } from './compatibility/endpoints.ts';
import { loginAt, openPassport, type Passport, type PassportOptions } from './extension/passport.ts';
import { databricksAudience, warehouseAudience } from './lab/identityProvider.ts';
import { type Lab, startLab } from './lab/index.ts';
import { type LabDatabricks, startDatabricks } from './lab/tokenServices/databricks.ts';
import { type LabWarehouse, startWarehouse } from './lab/warehouse.ts';

/**
 * What must never happen, whatever the other side does: one test for each entry of the list that systems of this kind have
 * failed at. Those of the gateway's address and of caches are in test/gateway.
 */

const sql = 'SELECT DISTINCT region FROM coffee.orders ORDER BY region';
const whoami = 'SELECT CURRENT_USER() AS me';

let lab: Lab;
let databricks: LabDatabricks;
let endpoint: Endpoint;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  lab = await startLab();
  databricks = await startDatabricks({ policies: [{ issuer: lab.idp.issuer, audiences: [databricksAudience] }] });
  endpoint = await startStatements(async (token) => (await databricks.whois(token))?.user);
});
after(async () => {
  for (const part of [endpoint, databricks, lab]) await part?.close();
});
afterEach(async () => {
  lab.idp.recover();
  lab.idp.setAccessTokenSeconds(600);
  lab.warehouse.refuseLogins(undefined);
  databricks.fail(undefined);
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(options: Partial<PassportOptions> = {}): Promise<Passport> {
  const passport = await openPassport({ settings: lab.settings, ...options });
  closers.push(() => passport.close());
  return passport;
}

const alice = () => loginAt(lab.idp, 'alice');

function withConnections(connections: Readonly<Record<string, object>>): Record<string, unknown> {
  return { ...lab.settings, 'dataPassport.connections': connections };
}

const warehouseConnection = (more: object = {}): object => ({
  ...(lab.settings['dataPassport.connections'] as Record<string, object>)['warehouse'],
  ...more,
});

const exchanged = (): object => ({
  type: 'statements',
  url: endpoint.url,
  token: {
    source: 'tokenExchange',
    endpoint: databricks.url,
    subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    subjectAudience: databricksAudience,
    subjectScopes: ['federate'],
    scopes: ['sql'],
  },
});

const openExchange = (): Promise<Passport> =>
  open({ settings: withConnections({ cell: exchanged() }), tables: { connectors: { ...connectors, statements } } });

/** A server that nobody may send anything to, and what it was sent. */
async function canary(): Promise<{ readonly url: string; readonly port: number; readonly requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, port, requests };
}

async function otherWarehouse(): Promise<LabWarehouse> {
  const { issuer, jwksUri } = lab.idp;
  const other = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience });
  closers.push(() => other.close());
  return other;
}

describe('1: a token to a host or account other than the one it was issued for', () => {
  test('a connection of the same name that points elsewhere gets nothing, not even with the token at hand', async () => {
    const elsewhere = await canary();
    const { query, signIn, change } = await open({ settings: withConnections({ sf: warehouseConnection() }) });
    await signIn('lab', alice());
    assert.equal((await query('sf', sql)).error, undefined);
    await change(withConnections({}));
    await change(withConnections({ sf: warehouseConnection({ port: elsewhere.port }) }));
    assert.equal((await query('sf', sql)).error, 'DP-CONNECTION-UNCONFIRMED');
    assert.deepEqual(elsewhere.requests, []);
  });

  test('two connections at two accounts never meet in one session', async () => {
    const other = await otherWarehouse();
    const connections = { one: warehouseConnection(), two: warehouseConnection({ port: other.port }) };
    const { query, signIn } = await open({ settings: withConnections(connections) });
    await signIn('lab', alice());
    const before = lab.warehouse.statements().length;
    await Promise.all(Array.from({ length: 10 }, () => query('two', 'SELECT 2 AS two')));
    assert.equal(lab.warehouse.statements().length, before);
    assert.equal(other.statements().filter(({ text }) => text.includes('SELECT 2 AS two')).length, 10);
  });

  test('a redirect of a token service gets neither the token nor a request', async () => {
    const elsewhere = await canary();
    const { query, signIn } = await openExchange();
    await signIn('lab', alice());
    databricks.fail('redirect', elsewhere.url);
    assert.equal((await query('cell', sql)).error, 'DP-TOKEN-SERVICE-ANSWER');
    assert.deepEqual([elsewhere.requests, endpoint.tokens.size], [[], 0]);
  });

  test('settings that changed while a credential was on its way get nothing', async () => {
    const { credentials, connection, signIn, overview, change } = await open();
    await signIn('lab', alice());
    const [{ binding } = { binding: '' }] = overview.wireConnections();
    await change(withConnections({ warehouse: warehouseConnection({ account: 'another' }) }));
    await change(withConnections({ warehouse: warehouseConnection({ port: 1 }) }));
    await assert.rejects(credentials.get(connection('warehouse'), { binding }), { code: 'DP-CONNECTION-CHANGED' });
  });
});

describe('2: a silent downgrade to a shared identity', () => {
  test('an exchange that fails is an error, and the subject token is not sent in its place', async () => {
    for (const fault of ['bare', 'empty', 'unavailable', 'html'] as const) {
      databricks.fail(fault);
      const { query, signIn } = await openExchange();
      await signIn('lab', alice());
      const { error = '' } = await query('cell', sql);
      assert.match(error, /^DP-(?:EXCHANGE|TOKEN-SERVICE)-/, fault);
      assert.equal(endpoint.tokens.size, 0);
    }
  });

  test('a connection whose user is signed out does not run as anybody else who is signed in', async () => {
    const { query, signIn } = await open({
      settings: withConnections({ bobs: warehouseConnection({ runAs: 'bob@lab.example' }) }),
    });
    await signIn('lab', alice());
    const { logins } = lab.warehouse;
    assert.equal((await query('bobs', sql)).error, 'DP-ACCOUNT-REQUIRED');
    assert.equal(lab.warehouse.logins, logins);
  });
});

describe('3: a token in a URL, a log, a tool argument or result, or an error', () => {
  test('none of all that were issued is in anything that was asked for, logged or answered', async () => {
    const urls: string[] = [];
    const { query, signIn, signOut, credentials, connection, lines, warnings } = await open({
      settings: withConnections({ warehouse: warehouseConnection(), cell: exchanged() }),
      tables: { connectors: { ...connectors, statements } },
      fetch(url, init) {
        urls.push(url);
        return fetch(url, { ...init, redirect: 'manual' });
      },
    });
    const answers: unknown[] = [];
    await signIn('lab', alice());
    for (const id of ['warehouse', 'cell']) {
      answers.push(await query(id, sql));
      await credentials.get(connection(id), { renews: ANY });
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
  });
});

/** A source that gives whatever it is told to. */
const giving = (value: unknown) => ({
  ...tokenSources,
  odd: tokenSource<object>({
    label: 'Odd',
    about: '',
    specification: { title: '', url: '' },
    settings: () => z.object({}),
    from: 'signIn',
    runsAs: () => 'user',
    kinds: ['bearer'],
    gives: () => 'bearer',
    wants: (_settings, need) => need,
    mint: async () =>
      (value === undefined
        ? undefined
        : credential({ kind: 'bearer', token: value as string }, { id: 'odd' })) as Credential,
  }),
});

async function refusedBeforeSending(value: unknown): Promise<string> {
  const { query, signIn } = await open({
    settings: withConnections({ sales: warehouseConnection({ token: { source: 'odd' } }) }),
    tables: { tokenSources: giving(value) },
  });
  await signIn('lab', alice());
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

describe('5: the token of one request visible in another', () => {
  test('two people at once, with tokens that end all the time, see their own rows alone', async () => {
    const connections = {
      alices: warehouseConnection({ runAs: 'alice@lab.example' }),
      bobs: warehouseConnection({ runAs: 'bob@lab.example' }),
    };
    const { query, signIn } = await open({ settings: withConnections(connections), succession: 'beside' });
    lab.idp.setAccessTokenSeconds(2);
    await signIn('lab', alice());
    await signIn('lab', loginAt(lab.idp, 'bob'));
    const own = { alices: [['north'], ['west']], bobs: [['south']] };
    const wrong: unknown[] = [];
    const work = async (name: keyof typeof own): Promise<void> => {
      for (let round = 0; round < 25; round += 1) {
        const answer = await query(name, sql);
        if (JSON.stringify(answer.rows) !== JSON.stringify(own[name])) wrong.push([name, answer.text]);
        await delay(100);
      }
    };
    await Promise.all([work('alices'), work('bobs'), work('alices'), work('bobs')]);
    assert.deepEqual(wrong.slice(0, 2), []);
  });
});

describe('6: an authentication failure retried more than once, or an authorization failure at all', () => {
  test('a refused token is replaced once and tried once more', async () => {
    const { query, signIn } = await open();
    await signIn('lab', alice());
    const { logins } = lab.warehouse;
    lab.warehouse.refuseLogins('390303');
    assert.equal((await query('warehouse', whoami)).error, 'DP-DATABASE-REFUSED');
    assert.equal(lab.warehouse.logins - logins, 2);
  });

  test('a role that the user does not have is told at the first try', async () => {
    const { query, signIn } = await open({
      settings: withConnections({ sales: warehouseConnection({ role: 'MANAGER' }) }),
    });
    await signIn('lab', loginAt(lab.idp, 'bob'));
    const { logins } = lab.warehouse;
    const { error } = await query('sales', whoami);
    assert.match(error ?? '', /^DP-(?:DATABASE-ROLE|PROVIDER-REFUSED|TOKEN-CLAIM)$/);
    assert.ok(lab.warehouse.logins - logins <= 1);
  });
});

describe('7: SQL run again after an ambiguous failure', () => {
  test('a statement whose session is lost while it runs is told as lost, and is not sent again', async () => {
    const { query, signIn } = await open();
    await signIn('lab', alice());
    await query('warehouse', whoami);
    const marked = 'SELECT COUNT(*) AS marked FROM coffee.orders a, coffee.orders b, coffee.orders c';
    lab.warehouse.stall(1500);
    const answer = query('warehouse', marked);
    await delay(300);
    lab.warehouse.terminateSessions('390104');
    lab.warehouse.stall(0);
    await answer;
    assert.ok(lab.warehouse.statements().filter(({ text }) => text.includes('AS marked')).length <= 1);
  });
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

describe('11: a rotated refresh token lost, or used twice', () => {
  test('thirty renewals at once, of two audiences, spend each refresh token once', async () => {
    const { credentials, connection, signIn, sessions, secrets } = await open();
    await signIn('lab', alice());
    const ids = lab.postgres ? ['warehouse', 'postgres'] : ['warehouse'];
    for (let round = 0; round < 3; round += 1) {
      const all = Array.from({ length: 10 }, (_, index) => connection(ids[index % ids.length] ?? ''));
      await Promise.all(all.map((each) => credentials.get(each, { renews: ANY })));
    }
    // A refresh token that is spent twice ends the whole sign-in here.
    assert.deepEqual(
      sessions.get('lab')?.state.accounts.map(({ label }) => label),
      ['alice@lab.example'],
    );
    assert.equal(secrets.values.size, 1);
    await credentials.get(connection('warehouse'), { renews: ANY });
  });

  test('a rotation that could not be stored is told, and goes on in memory', async () => {
    const { credentials, connection, signIn, secrets, sessions, warnings } = await open();
    await signIn('lab', alice());
    secrets.failStores = true;
    for (let round = 0; round < 3; round += 1) await credentials.get(connection('warehouse'), { renews: ANY });
    assert.deepEqual([sessions.get('lab')?.state.accounts.length, sessions.get('lab')?.state.saved], [1, false]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['DP-SECRET-STORE'],
    );
  });
});

describe('13: sessions left open after a sign-out', () => {
  test('none is open at any database, and what ran is gone', async () => {
    const { query, signIn, signOut, gateway } = await open();
    await signIn('lab', alice());
    await query('warehouse', whoami);
    if (lab.postgres) await query('postgres', 'SELECT 1');
    assert.ok(gateway.counts().databaseSessions > 0);
    const running = query('warehouse', 'SELECT SYSTEM$WAIT(20)');
    await delay(300);
    await signOut('lab');
    assert.notEqual((await running).error, undefined);
    assert.deepEqual(
      [gateway.counts().databaseSessions, lab.warehouse.sessions(), lab.warehouse.running()],
      [0, [], []],
    );
  });
});

describe('15: a service identity named as if it were the user', () => {
  test('a shared secret is marked as a shared identity in the tools and in the view', async (context) => {
    if (!lab.postgres) return context.skip(lab.withoutPostgres);
    const { connection, connectionSecrets, confirmations, overview, tool } = await open({
      settings: withConnections({
        shared: {
          type: 'postgres',
          host: '127.0.0.1',
          port: lab.postgres.port,
          database: lab.postgres.database,
          token: { source: 'static', user: 'reporting' },
        },
      }),
    });
    const shared = connection('shared');
    assert.deepEqual(
      overview.current().connections.map(({ state, shared: is, account }) => [state, is, account]),
      [['secretMissing', true, undefined]],
    );
    await connectionSecrets.set(shared, 'secret', { value: 'a-secret-of-all' });
    await confirmations.confirm([shared]);
    const [wire] = overview.wireConnections();
    assert.deepEqual([wire?.shared, wire?.identityProvider], [true, undefined]);
    const listed = await tool('list_connections', {});
    assert.ok(listed.includes('"sharedIdentity":true'), listed);
  });
});
