import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from './harness/driver.ts';
import { type Product, serverId, startProduct } from './product.ts';

interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly ranAs: { readonly user: string; readonly role?: string };
  readonly truncated: boolean;
}

const regionsSeen = 'SELECT region, count(*) AS orders FROM orders GROUP BY region ORDER BY region';

describe('the whole path, in a real editor', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'path' });
  });
  after(() => product?.close());

  /** Calls one of our tools as the editor's own MCP client does. */
  async function call<Result = QueryResult>(tool: string, input: object): Promise<Result> {
    const name = await product.window.startMcpServer(serverId, new RegExp(`_${tool}$`));
    const answer = await product.window.invokeTool(name, input);
    return JSON.parse(answer) as Result;
  }

  test('before anyone signs in, the view, the status bar and the Accounts menu offer just that', async () => {
    const { workbench } = product;
    const status = await workbench.statusBarItem('Sign in');
    assert.match((await status.getByRole('button').getAttribute('aria-label')) ?? '', /nobody is signed in/);
    await workbench.page.getByRole('tab', { name: 'Data Passport' }).first().click();
    await workbench.page.getByRole('button', { name: 'Sign In', exact: true }).waitFor();
    await workbench.screenshot('welcome');
    await workbench.openAccountsMenu('Sign in with Data Passport to use Data Passport');
    await workbench.screenshot('accounts-signed-out');
    await workbench.page.keyboard.press('Escape');
  });

  test('signing in opens the browser, and the editor shows who it is', async () => {
    const { workbench } = product;
    const opened = workbench.newTab();
    await workbench.page.getByRole('button', { name: 'Sign In', exact: true }).click();
    const tab = await opened;
    await tab.getByRole('button', { name: /alice/i }).waitFor();
    await workbench.notification('Finish signing in in the browser');
    await tab.screenshot({ path: 'test/.artifacts/editor/path/provider.png' });
    await tab.getByRole('button', { name: /alice/i }).click();
    await tab.getByText('You are signed in as alice@lab.example').waitFor();
    await tab.screenshot({ path: 'test/.artifacts/editor/path/done.png' });
    await tab.close();
    const status = await workbench.statusBarItem('alice@lab.example');
    assert.match(
      (await status.getByRole('button').getAttribute('aria-label')) ?? '',
      /signed in as alice@lab\.example/,
    );
    await workbench.notification(/Signed in as alice@lab.example. \d connections are ready./);
    await workbench.screenshot('signed-in');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('the account is in the Accounts menu', async () => {
    const { workbench } = product;
    const menu = await workbench.openAccountsMenu('alice@lab.example (Data Passport)');
    assert.equal(await menu.getByText('Sign in with Data Passport').count(), 0);
    await workbench.screenshot('accounts');
    await workbench.page.keyboard.press('Escape');
  });

  test('Test Connection asks the database who we are', async () => {
    const { workbench } = product;
    await workbench.page.getByRole('treeitem', { name: /Coffee Warehouse/ }).hover();
    await workbench.page
      .getByRole('treeitem', { name: /Coffee Warehouse/ })
      .getByRole('button', { name: 'Test Connection' })
      .click();
    await workbench.notification(/Coffee Warehouse works: you are ALICE with role ANALYST/);
    await workbench.page.getByRole('treeitem', { name: /Coffee Warehouse, Snowflake, ready, ALICE/ }).waitFor();
    await workbench.command('Data Passport: Test Connection');
    await workbench.quickPick('Coffee PostgreSQL');
    await workbench.notification(/Coffee PostgreSQL works: you are alice/);
    await workbench.screenshot('tested');
    await workbench.command('Notifications: Clear All Notifications');
    await (await workbench.statusBarItem('alice@lab.example')).hover();
    await workbench.page.getByText('Runs as').waitFor();
    await workbench.screenshot('status-tooltip');
    await workbench.page.mouse.move(700, 300);
  });

  test("the editor's own MCP client starts the server and calls every tool as the user", async () => {
    const connections = await call<{ connections: { id: string }[] }>('list_connections', {});
    assert.deepEqual(connections.connections.map(({ id }) => id).sort(), ['postgres', 'warehouse']);
    for (const [connection, user] of [
      ['warehouse', 'ALICE'],
      ['postgres', 'alice'],
    ] as const) {
      const who = await call<{ user: string }>('whoami', { connection });
      assert.equal(who.user, user);
      const objects = await call<{ objects: { name: string }[] }>('list_objects', { connection, pattern: 'orders' });
      assert.ok(
        objects.objects.some(({ name }) => name.toLowerCase() === 'orders'),
        JSON.stringify(objects),
      );
      const described = await call<{ columns: { name: string }[] }>('describe_object', {
        connection,
        path: connection === 'warehouse' ? ['COFFEE', 'ORDERS'] : ['coffee', 'orders'],
      });
      assert.ok(described.columns.length > 4, JSON.stringify(described));
      const explained = await call<{ plan?: unknown }>('explain', { connection, sql: 'SELECT * FROM coffee.orders' });
      assert.match(JSON.stringify(explained), /orders/i);
      const { rows, ranAs } = await call('query', {
        connection,
        sql: regionsSeen.replace('FROM orders', 'FROM coffee.orders'),
      });
      assert.deepEqual([rows.map(([region]) => region), ranAs.user], [['north', 'west'], user]);
    }
  });

  test('an agent asks, the tool runs without a prompt, and the answer shows the rows of the user', async () => {
    const { driver, window, workbench } = product;
    driver.model.script([
      { call: /_query$/, input: { connection: 'warehouse', sql: regionsSeen } },
      {
        text: (results) =>
          `You may see: ${(JSON.parse(results[0] ?? '{}') as QueryResult).rows.map(([region]) => region).join(' and ')}.`,
      },
    ]);
    await window.askAgent('Which regions may I see orders of?');
    await workbench.chatAnswer('You may see: north and west.');
    await workbench.screenshot('agent');
  });

  test('a write is refused before the database hears of it', async () => {
    const { lab } = product;
    const before = lab.warehouse.statements().length;
    const answer = await call<{ error: { code: string } }>('query', {
      connection: 'warehouse',
      sql: 'DELETE FROM coffee.orders',
    });
    assert.equal(answer.error.code, 'DP-READ-ONLY');
    assert.equal(lab.warehouse.statements().length, before);
  });

  test('after sign-out no database session is left', async () => {
    const { lab, workbench } = product;
    assert.ok(lab.warehouse.sessions().length > 0);
    await workbench.command('Data Passport: Sign Out');
    await workbench.notification(/Signed out at Lab Identity Provider. All database sessions are closed./);
    assert.deepEqual([lab.warehouse.sessions(), await lab.postgres?.connections('alice')], [[], 0]);
    await workbench.statusBarItem('Sign in');
  });

  test('the next call after a sign-out asks again, and whoever signs in then gets their own rows', async () => {
    const { driver, window, workbench } = product;
    driver.model.script([
      { call: /_query$/, input: { connection: 'warehouse', sql: regionsSeen } },
      {
        text: (results) =>
          `Now: ${(JSON.parse(results[0] ?? '{}') as QueryResult).rows.map(([region]) => region).join(' and ')}.`,
      },
    ]);
    await window.askAgent('And now?');
    const open = await workbench.chatButton(/^Open/);
    await workbench.screenshot('sign-in-card');
    const tab = await product.signInTab('bob', () => open.click());
    await tab.close();
    await workbench.chatAnswer('Now: south.');
    await workbench.statusBarItem('bob@lab.example');
    const { rows, ranAs } = await call('query', { connection: 'warehouse', sql: regionsSeen });
    assert.deepEqual([rows.map(([region]) => region), ranAs], [['south'], { user: 'BOB', role: 'ANALYST' }]);
    await workbench.command('Notifications: Clear All Notifications');
    await workbench.screenshot('as-bob');
  });

  test('the settings take effect without a reload, and a wrong one is named while the others work', async () => {
    const { window, workbench } = product;
    const connections = (await window.setting('dataPassport.connections')) as Record<string, object>;
    await window.updateSetting('dataPassport.connections', {
      ...connections,
      broken: { type: 'snowflake', acount: 'x' },
    });
    await workbench.page.getByText(/dataPassport\.connections\.broken\.account/).waitFor();
    await workbench.screenshot('wrong-setting');
    const { ranAs } = await call('query', { connection: 'warehouse', sql: 'SELECT 1' });
    assert.equal(ranAs.user, 'BOB');
    await window.updateSetting('dataPassport.connections', { ...connections, second: connections['warehouse'] });
    await workbench.clickDialogButton('May your secrets go where Coffee Warehouse points?', 'Confirm');
    await workbench.page.getByText(/dataPassport\.connections\.broken/).waitFor({ state: 'detached' });
    const listed = await until(
      async () => {
        const answer = await call<{ connections: { id: string }[] }>('list_connections', {});
        return answer.connections.length === 3 ? answer : undefined;
      },
      10_000,
      'The third connection did not appear',
    );
    assert.ok(listed.connections.some(({ id }) => id === 'second'));
    await window.updateSetting('dataPassport.connections', connections);
  });

  test('switching agent mode off in the editor is explained', async () => {
    const { window, workbench } = product;
    await window.updateSetting('chat.agent.enabled', false);
    await workbench.page
      .getByText(/DP-MCP-OFF/)
      .first()
      .waitFor();
    await workbench.screenshot('agents-off');
    await window.updateSetting('chat.agent.enabled', true);
    await workbench.page
      .getByText(/DP-MCP-OFF/)
      .first()
      .waitFor({ state: 'detached' });
  });
});
