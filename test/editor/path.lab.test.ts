import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { type Product, serverId, startProduct } from './product.ts';

describe('the whole path, in a real editor', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'editor' });
  });
  after(() => product?.close());

  test('before anyone signs in, the view and the status bar offer just that', async () => {
    const { workbench } = product;
    await workbench.statusBarItem('Sign in');
    await workbench.page.getByRole('tab', { name: 'Data Passport' }).first().click();
    await workbench.page.getByRole('button', { name: 'Sign In' }).waitFor();
    await workbench.screenshot('welcome');
  });

  test('signing in opens the browser, and the status bar shows who it is', async () => {
    const { workbench } = product;
    const opened = workbench.newTab();
    await workbench.command('Data Passport: Sign In');
    const tab = await opened;
    await tab.getByRole('button', { name: /alice/i }).first().waitFor();
    await tab.screenshot({ path: 'test/.artifacts/editor/provider.png' });
    await tab.getByRole('button', { name: /alice/i }).first().click();
    await tab.getByText('You are signed in as alice@lab.example').waitFor();
    await tab.screenshot({ path: 'test/.artifacts/editor/done.png' });
    await tab.close();
    await workbench.statusBarItem('alice@lab.example');
    await workbench.notification(/Signed in as alice@lab.example. \d connections are ready./);
    await workbench.screenshot('signed-in');
  });

  test('the editor starts the server and its tools are there', async () => {
    const { window } = product;
    const tool = await window.startMcpServer(serverId, /_query$/);
    const answer = await window.invokeTool(tool, { connection: 'warehouse', sql: 'SELECT CURRENT_USER() AS me' });
    console.log(answer);
    assert.match(answer, /ALICE/i);
  });
});
