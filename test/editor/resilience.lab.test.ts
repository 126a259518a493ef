import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { gatewaysBelow, family } from '../support/processes.ts';
import { until } from './harness/driver.ts';
import { type Product, serverId, startProduct } from './product.ts';

interface QueryResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly ranAs: { readonly user: string; readonly role?: string };
  readonly error?: { readonly code: string };
}

/** Reads that would run for hours: the guard refuses sleeping. */
const endless = {
  postgres: 'SELECT count(*) FROM generate_series(1, 100000000000) AS n WHERE n % 7 = 3',
  warehouse: 'SELECT count(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000000000000)) WHERE random() > 2',
} as const;
type ConnectionId = keyof typeof endless;
const both: readonly ConnectionId[] = ['postgres', 'warehouse'];

describe('when things go wrong', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'resilience' });
    await product.signIn('alice');
    await product.workbench.command('Notifications: Clear All Notifications');
  });
  after(() => product?.close());

  const queryTool = (): Promise<string> => product.window.startMcpServer(serverId, /_query$/);

  async function query(input: { connection: ConnectionId; sql: string }, signal?: AbortSignal): Promise<QueryResult> {
    const answer = await product.window.invokeTool(await queryTool(), input, signal);
    return JSON.parse(answer) as QueryResult;
  }

  /** Texts of the statements of ours that execute in a database right now. */
  async function running(connection: ConnectionId): Promise<readonly string[]> {
    const { lab } = product;
    if (connection === 'warehouse') return lab.warehouse.running().map(({ text }) => text);
    const active = (await lab.postgres?.activity()) ?? [];
    return active.filter(({ state }) => state === 'active').map(({ query: text }) => text);
  }

  const starts = (connection: ConnectionId): Promise<true> =>
    until(
      async () => ((await running(connection)).length > 0 ? true : undefined),
      15_000,
      `Nothing runs in ${connection}`,
    );
  const ends = (connection: ConnectionId): Promise<true> =>
    until(
      async () => ((await running(connection)).length === 0 ? true : undefined),
      15_000,
      `Something still runs in ${connection}`,
    );

  test('an expired token is renewed and the call goes on, and nobody is asked', async () => {
    const { lab, workbench } = product;
    lab.idp.setAccessTokenSeconds(3);
    await workbench.command('Data Passport: Refresh Token Now');
    const tabs = workbench.context.pages().length;
    const users = [];
    for (const connection of both) users.push((await query({ connection, sql: 'SELECT 1' })).ranAs.user);
    const refreshes = (): number => lab.idp.requests.filter(({ grantType }) => grantType === 'refresh_token').length;
    const before = refreshes();
    await delay(3500);
    for (const connection of both) users.push((await query({ connection, sql: 'SELECT 1' })).ranAs.user);
    assert.deepEqual(users, ['alice', 'ALICE', 'alice', 'ALICE']);
    assert.ok(refreshes() > before);
    assert.equal(workbench.context.pages().length, tabs);
    lab.idp.setAccessTokenSeconds(600);
    await workbench.command('Data Passport: Refresh Token Now');
  });

  test('sessions that the warehouse ended are made anew without anyone noticing', async () => {
    const { lab } = product;
    await query({ connection: 'warehouse', sql: 'SELECT 1' });
    lab.warehouse.terminateSessions();
    assert.equal((await query({ connection: 'warehouse', sql: 'SELECT 1' })).ranAs.user, 'ALICE');
  });

  test('a token that the database refuses is told with who can mend it, and the other connection works', async () => {
    const { lab } = product;
    lab.warehouse.refuseLogins('390303');
    lab.warehouse.terminateSessions();
    const refused = await query({ connection: 'warehouse', sql: 'SELECT 1' });
    assert.deepEqual(refused.error?.code, 'DP-DATABASE-REFUSED');
    assert.equal((await query({ connection: 'postgres', sql: 'SELECT 1' })).ranAs.user, 'alice');
    lab.warehouse.refuseLogins(undefined);
    assert.equal((await query({ connection: 'warehouse', sql: 'SELECT 1' })).ranAs.user, 'ALICE');
  });

  test('a database that is down is told as such, and comes back by itself', async () => {
    const { lab } = product;
    await lab.postgres?.stop();
    assert.equal((await query({ connection: 'postgres', sql: 'SELECT 1' })).error?.code, 'DP-DATABASE-UNREACHABLE');
    await lab.postgres?.start();
    assert.equal((await query({ connection: 'postgres', sql: 'SELECT 1' })).ranAs.user, 'alice');
  });

  for (const connection of both) {
    test(`canceling a call removes its statement from ${connection}`, async () => {
      const controller = new AbortController();
      const call = query({ connection, sql: endless[connection] }, controller.signal);
      call.catch(() => undefined);
      await starts(connection);
      controller.abort();
      await ends(connection);
      await assert.rejects(call, /Cancel/);
      assert.equal((await query({ connection, sql: 'SELECT 1' })).error, undefined);
    });

    test(`stopping the server in the editor removes the statement from ${connection}`, async () => {
      const call = query({ connection, sql: endless[connection] });
      call.catch(() => undefined);
      await starts(connection);
      await product.window.executeCommand('workbench.mcp.stopServer', serverId);
      await ends(connection);
      await assert.rejects(call);
      assert.equal((await query({ connection, sql: 'SELECT 1' })).error, undefined);
    });

    test(`the time limit removes the statement from ${connection} and says so`, async () => {
      const { window } = product;
      await window.updateSetting('dataPassport.limits', { seconds: 2 });
      const answer = await query({ connection, sql: endless[connection] });
      await ends(connection);
      assert.equal(answer.error?.code, 'DP-QUERY-TIMEOUT');
      await window.updateSetting('dataPassport.limits', {});
    });

    test(`killing the gateway ends the call at once; ${connection} saw the statement once, and the next call works`, async () => {
      const { editor, lab, workbench } = product;
      const [gateway, ...others] = gatewaysBelow(editor.serverProcess.pid ?? 0);
      assert.ok(gateway && others.length === 0);
      const logged = (): number => lab.warehouse.statements().filter(({ text }) => text === endless.warehouse).length;
      const before = logged();
      const call = query({ connection, sql: endless[connection] });
      call.catch(() => undefined);
      await starts(connection);
      assert.equal((await running(connection)).length, 1);
      process.kill(gateway.pid, 'SIGKILL');
      await assert.rejects(call, /Cancel/);
      await workbench.notification(/The data gateway stopped unexpectedly/);
      await workbench.screenshot(`gateway-killed-${connection}`);
      await workbench.command('Notifications: Clear All Notifications');
      const { rows } = await query({ connection, sql: 'SELECT 1' });
      assert.equal(String(rows[0]?.[0]), '1');
      assert.equal(logged() - before, connection === 'warehouse' ? 1 : 0);
      // The stand-in goes on for a client that is gone; PostgreSQL ends it, and one that was sent again would run on here.
      if (connection === 'warehouse') lab.warehouse.terminateSessions();
      await ends(connection);
    });
  }

  test('a refresh token that was revoked becomes a sign-in card, and after the sign-in the same call completes', async () => {
    const { driver, lab, window, workbench } = product;
    lab.idp.revokeRefreshTokens('alice');
    lab.warehouse.terminateSessions();
    await workbench.command('Data Passport: Refresh Token Now');
    await workbench.statusBarItem('Sign in again');
    await workbench.command('Notifications: Clear All Notifications');
    driver.model.script([
      { call: /_query$/, input: { connection: 'warehouse', sql: 'SELECT CURRENT_USER() AS me' } },
      { text: (results) => `You are ${String((JSON.parse(results[0] ?? '{}') as QueryResult).rows[0]?.[0])}.` },
    ]);
    await window.askAgent('Who am I?');
    const open = await workbench.chatButton(/^Open/);
    await workbench.screenshot('sign-in-card');
    const tab = await product.signInTab('alice', () => open.click());
    await tab.close();
    await workbench.chatAnswer('You are ALICE.');
    await workbench.statusBarItem('alice@lab.example');
    await workbench.screenshot('after-card');
  });

  test('ending the extension host takes the gateway and every statement with it', async () => {
    const { editor } = product;
    const [gateway] = gatewaysBelow(editor.serverProcess.pid ?? 0);
    assert.ok(gateway);
    for (const connection of both) {
      query({ connection, sql: endless[connection] }).catch(() => undefined);
      await starts(connection);
    }
    process.kill(gateway.parent, 'SIGKILL');
    for (const connection of both) await ends(connection);
    await until(() => (family(gateway.pid).length === 0 ? true : undefined), 10_000, 'The gateway still runs');
  });
});
