import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Page } from 'playwright-core';

import { type Product, serverId, startProduct } from './product.ts';

const PROVIDER = 'data-passport';

describe('several accounts, and another extension that asks who is signed in', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'accounts' });
    await product.signIn('alice');
    await product.workbench.command('Notifications: Clear All Notifications');
  });
  after(() => product?.close());

  async function loginAs(user: 'alice' | 'bob'): Promise<Page> {
    const opened = product.workbench.newTab();
    await product.workbench.command('Data Passport: Sign In');
    const tab = await opened;
    await tab.getByRole('button', { name: user, exact: false }).first().click();
    await tab.getByText(`You logged in as ${user}@lab.example`).waitFor();
    return tab;
  }

  async function userOf(connection: string): Promise<string> {
    const tool = await product.window.startMcpServer(serverId, /_whoami$/);
    return (JSON.parse(await product.window.invokeTool(tool, { connection })) as { user: string }).user;
  }

  test('another extension gets a token of the user-info endpoint after the consent of the user, and nothing else', async () => {
    const { window, workbench, lab } = product;
    const asked = window.getSession(PROVIDER, ['openid'], { createIfNone: true });
    await workbench.page.locator('.monaco-dialog-box').waitFor();
    await workbench.screenshot('consent');
    await workbench.clickDialogButton(/'Test Driver' wants to sign in using Data Passport/, 'Allow');
    await workbench.quickPick('alice@lab.example');
    const session = await asked;
    assert.deepEqual([session?.account.label, session?.idToken], ['alice@lab.example', undefined]);
    const token = session?.accessToken ?? '';
    const answer = await fetch(`${lab.idp.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(((await answer.json()) as { sub: string }).sub, 'alice');
    // Opaque, and of no audience: a database takes a JWT for itself.
    assert.deepEqual([token.split('.').length, lab.idp.describeAccessToken(token)?.audience], [1, undefined]);
  });

  test('somebody else who logs in is asked about; keeping both shows both', async () => {
    const { workbench } = product;
    const tab = await loginAs('bob');
    await tab.screenshot({ path: 'test/.artifacts/editor/accounts/asked-page.png' });
    await tab.close();
    await workbench.page.locator('.monaco-dialog-box', { hasText: 'You logged in as bob@lab.example' }).waitFor();
    await workbench.screenshot('somebody-else');
    await workbench.clickDialogButton(/You logged in as bob/, 'Keep Both');
    await workbench.statusBarItem('alice@lab.example, bob@lab.example');
    const menu = await workbench.openAccountsMenu('alice@lab.example (Data Passport)');
    await menu.getByText('bob@lab.example (Data Passport)').waitFor();
    await workbench.screenshot('both-in-accounts');
    await workbench.page.keyboard.press('Escape');
  });

  test('a connection runs as the account that its settings name, the others as the first', async () => {
    const { window } = product;
    const connections = (await window.setting('dataPassport.connections')) as Record<string, object>;
    const warehouse = { ...connections['warehouse'], runAs: 'bob@lab.example' };
    await window.updateSetting('dataPassport.connections', { ...connections, warehouse });
    assert.deepEqual([await userOf('warehouse'), await userOf('postgres')], ['BOB', 'alice']);
  });

  test('signing out one leaves the other, and what ran as the first runs as the other or says whom it misses', async () => {
    const { workbench, lab } = product;
    await workbench.command('Data Passport: Sign Out');
    await workbench.screenshot('sign-out-whom');
    await workbench.quickPick('bob@lab.example');
    await workbench.statusBarItem(/^\S*\s*alice@lab\.example/);
    await workbench.notification(/Signed out at Lab Identity Provider/);
    assert.equal(lab.warehouse.sessions().length, 0);
    const tool = await product.window.startMcpServer(serverId, /_list_connections$/);
    await product.window.invokeTool(tool, {});
    await workbench.command('Data Passport: Test Connection');
    const opened = workbench.newTab();
    await workbench.quickPick('Coffee Warehouse');
    const tab = await opened;
    await tab.getByRole('button', { name: /bob/i }).click();
    await tab.getByText('You logged in as bob').waitFor();
    await tab.close();
    await workbench.clickDialogButton(/You logged in as bob/, 'Replace alice@lab.example');
    await workbench.notification(/Coffee Warehouse works: you are BOB/);
    await workbench.statusBarItem(/^\S*\s*bob@lab\.example/);
    assert.equal(await userOf('postgres'), 'bob');
    await workbench.screenshot('replaced');
  });
});
