import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { ANY } from '../../src/core/credentialCache.ts';
import type { Answer } from '../extension/passport.ts';
import { startGround, whoami } from './ground.ts';

/** What is done once and not again, and what ends with the sign-in. The numbers are those of list.ts. */

const ground = await startGround();
const { lab, open, withConnections, warehouseConnection } = ground;
const alice = ground.logIn('alice');

/** Statements that the guard lets pass and that never end. */
const endless = {
  warehouse: 'SELECT COUNT(*) AS marked FROM TABLE(GENERATOR(ROWCOUNT => 1000000000000)) WHERE RANDOM() > 2',
  postgres: 'SELECT count(*) AS marked FROM generate_series(1, 100000000000) AS n WHERE n % 7 = 3',
};

/** What never becomes so runs into the time limit of the test. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await delay(20);
}

/** Resolves when the statement runs; fails with its answer when that comes first. */
async function started(answer: Promise<Answer>, runs: () => boolean | Promise<boolean>): Promise<void> {
  let early: Answer | undefined;
  void answer.then((given) => {
    early = given;
  });
  await until(() => {
    assert.equal(early, undefined);
    return runs();
  });
}

const runsInWarehouse = (): boolean => lab.warehouse.running().some(({ text }) => text === endless.warehouse);

describe('6: an authentication failure retried more than once, or an authorization failure at all', () => {
  test('a refused token is replaced once and tried once more, and the error says who can mend it', async () => {
    const { query, signIn } = await open();
    await signIn('lab', alice);
    const { logins } = lab.warehouse;
    const refreshes = ground.refreshes();
    lab.warehouse.refuseLogins('390303');
    const { error, text } = await query('warehouse', whoami);
    assert.equal(error, 'DP-DATABASE-REFUSED');
    assert.deepEqual([ground.refreshes() - refreshes, lab.warehouse.logins - logins], [1, 2]);
    assert.match(text, /ask the administrator of the database to trust the issuer, audience and user/);
  });

  test('a role that the user does not have is told at the first try', async () => {
    const { query, signIn } = await open({
      settings: withConnections({ sales: warehouseConnection({ role: 'MANAGER' }) }),
    });
    await signIn('lab', ground.logIn('bob'));
    const { logins } = lab.warehouse;
    const refreshes = ground.refreshes();
    const { error, text } = await query('sales', whoami);
    assert.equal(error, 'DP-DATABASE-ROLE');
    assert.deepEqual([ground.refreshes() - refreshes, lab.warehouse.logins - logins], [0, 1]);
    assert.match(text, /ask the administrator to grant the role and its scope/);
  });
});

describe('7: SQL run again after an ambiguous failure', () => {
  test('a statement that runs when the warehouse ends its session is told as canceled, and is not sent again', async () => {
    const { query, signIn } = await open();
    await signIn('lab', alice);
    const answer = query('warehouse', endless.warehouse);
    await started(answer, runsInWarehouse);
    const { logins } = lab.warehouse;
    lab.warehouse.terminateSessions('390104');
    assert.equal((await answer).error, 'DP-QUERY-CANCELED');
    // 000604: it was begun once, and canceled.
    const marked = lab.warehouse.statements().filter(({ text }) => text === endless.warehouse);
    assert.deepEqual(
      marked.map(({ outcome }) => outcome),
      ['000604'],
    );
    assert.equal(lab.warehouse.logins, logins);
  });

  test('a statement that runs when PostgreSQL ends its session is told as lost, and is not sent again', async (context) => {
    const { postgres } = lab;
    if (!postgres) return context.skip(lab.withoutPostgres);
    const { query, signIn } = await open();
    await signIn('lab', alice);
    await query('postgres', 'SELECT 1');
    const answer = query('postgres', endless.postgres);
    const active = async () => (await postgres.activity('alice')).filter(({ state }) => state === 'active');
    await started(answer, async () => (await active()).length > 0);
    const logins = postgres.logins().length;
    for (const { pid } of await active()) await postgres.admin.query('SELECT pg_terminate_backend($1)', [pid]);
    assert.equal((await answer).error, 'DP-DATABASE-LOST');
    // It ran on the only session that there was, and nobody has opened another one.
    await until(async () => (await postgres.connections('alice')) === 0);
    assert.equal(postgres.logins().length, logins);
  });
});

describe('11: a rotated refresh token lost, or used twice', () => {
  test('ten renewals at once, of two audiences, three times over, spend each refresh token once', async () => {
    const spent: string[] = [];
    const { credentials, connection, signIn, sessions, secrets } = await open({
      fetch(url, init) {
        const token = init.body instanceof URLSearchParams ? init.body.get('refresh_token') : null;
        if (token !== null) spent.push(token);
        return fetch(url, { ...init, redirect: 'manual' });
      },
    });
    await signIn('lab', alice);
    const ids = lab.postgres ? ['warehouse', 'postgres'] : ['warehouse'];
    const before = lab.idp.requests.length;
    for (let round = 0; round < 3; round += 1) {
      const all = Array.from({ length: 10 }, (_, index) => connection(ids[index % ids.length] ?? ''));
      await Promise.all(all.map((each) => credentials.get(each, 'database', { renews: ANY })));
    }
    const refreshes = lab.idp.requests.slice(before).filter(({ grantType }) => grantType === 'refresh_token');
    assert.deepEqual(
      refreshes.map(({ status }) => status),
      Array.from({ length: 3 * ids.length }, () => 200),
    );
    const issued = lab.idp.issued.flatMap(({ kind, value }) => (kind === 'refreshToken' ? [value] : []));
    // Each one that was given out is the next to be spent, and the last is still to come.
    assert.deepEqual(spent, issued.slice(-spent.length - 1, -1));
    assert.deepEqual([spent.length, new Set(spent).size], [refreshes.length, refreshes.length]);
    assert.deepEqual(
      sessions.get('lab')?.state.accounts.map(({ label }) => label),
      ['alice@lab.example'],
    );
    assert.equal(secrets.values.size, 1);
    await credentials.get(connection('warehouse'), 'database', { renews: ANY });
  });

  test('a rotation that could not be stored is told, and goes on in memory', async () => {
    const { credentials, connection, signIn, secrets, sessions, warnings } = await open();
    await signIn('lab', alice);
    secrets.failStores = true;
    for (let round = 0; round < 3; round += 1)
      await credentials.get(connection('warehouse'), 'database', { renews: ANY });
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
    await signIn('lab', alice);
    await query('warehouse', whoami);
    if (lab.postgres) await query('postgres', 'SELECT 1');
    assert.ok(gateway.counts().databaseSessions > 0);
    const answer = query('warehouse', endless.warehouse);
    await started(answer, runsInWarehouse);
    await signOut('lab');
    assert.equal((await answer).error, 'DP-QUERY-CANCELED');
    assert.deepEqual([gateway.counts().databaseSessions, lab.warehouse.sessions()], [0, []]);
    // The databases take a moment to notice.
    await until(() => lab.warehouse.running().length === 0);
    await until(async () => ((await lab.postgres?.connections('alice')) ?? 0) === 0);
  });
});
