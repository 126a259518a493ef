import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Page } from 'playwright-core';

import type { Lab } from '../lab/index.ts';
import { type Product, serverId, startProduct } from './product.ts';

/** The provider without a word of how to sign in: the extension must find out where it runs. */
const plainProvider = ({ idp }: Lab, more: object = {}): Record<string, unknown> => ({
  'dataPassport.identityProviders': {
    lab: { title: 'Lab Identity Provider', issuer: idp.issuer, clientId: idp.clientId, ...more },
  },
});

async function confirm(tab: Page, user: RegExp): Promise<void> {
  const next = tab.getByRole('button', { name: 'Continue' });
  await next.click();
  await tab.getByRole('button', { name: user }).click();
  await tab.getByText('Device connected').waitFor();
}

describe('signing in where the browser can not reach the extension', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'flows', settings: (lab) => plainProvider(lab) });
  });
  after(() => product?.close());

  test('in a browser a device code is shown, with its QR code, and confirming it elsewhere signs in', async () => {
    const { workbench } = product;
    await workbench.command('Data Passport: Sign In');
    const panel = workbench.webview();
    await panel.getByRole('img').first().waitFor();
    await workbench.screenshot('device-code');
    const opened = workbench.newTab();
    await panel.getByRole('button', { name: /Open/ }).click();
    const tab = await opened;
    await tab.getByRole('button', { name: 'Continue' }).waitFor();
    await tab.screenshot({ path: 'test/.artifacts/editor/flows/verification-page.png' });
    await confirm(tab, /alice/i);
    await tab.close();
    await workbench.statusBarItem('alice@lab.example');
    await workbench.page.locator('iframe.webview').first().waitFor({ state: 'detached' });
    await workbench.screenshot('device-code-done');
    await workbench.command('Data Passport: Sign Out');
    await workbench.statusBarItem('Sign in');
  });

  test("after a sign-out the session in the browser ends on request, at the provider's own page", async () => {
    const { workbench, lab } = product;
    const opened = workbench.newTab();
    await workbench.screenshot('signed-out');
    await workbench.clickNotificationButton(/Signed out at Lab Identity Provider/, 'End Browser Session');
    const tab = await opened;
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await tab.getByText('Signed out').first().waitFor();
    assert.ok(lab.idp.issued.every(({ value }) => !tab.url().includes(value)));
    await tab.close();
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('canceling in the panel ends the wait', async () => {
    const { workbench } = product;
    await workbench.command('Data Passport: Sign In');
    const panel = workbench.webview();
    await panel.getByRole('button', { name: 'Cancel' }).click();
    const waiting = workbench.page.locator('.notification-list-item').filter({ hasText: 'Signing in at Lab' });
    await waiting.first().waitFor({ state: 'detached' });
    await workbench.statusBarItem('Sign in');
  });

  test("a card in the chat leads to the provider's page and names the code; the same call goes on by itself", async () => {
    const { driver, window, workbench } = product;
    await window.startMcpServer(serverId, /_query$/);
    driver.model.script([
      { call: /_whoami$/, input: { connection: 'warehouse' } },
      { text: (results) => `You are ${(JSON.parse(results[0] ?? '{}') as { user: string }).user}.` },
    ]);
    await window.askAgent('Who am I?');
    const open = await workbench.chatButton(/^Open/);
    await workbench.page
      .getByText(/The\spage\sshows\sor\sasks\sfor\sthe\scode\s[A-Z]{4}-[A-Z]{4}/)
      .first()
      .waitFor();
    await workbench.screenshot('card-with-code');
    const opened = workbench.newTab();
    await open.click();
    const tab = await opened;
    await confirm(tab, /bob/i);
    await tab.close();
    await workbench.chatAnswer('You are BOB.');
    await workbench.statusBarItem('bob@lab.example');
    await workbench.command('Data Passport: Sign Out');
    await workbench.statusBarItem('Sign in');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('another way can be chosen: the address that the browser ended at is pasted, and a wrong one is kept to be mended', async () => {
    const { editor, workbench } = product;
    await workbench.command('Data Passport: Sign In Another Way…');
    await workbench.page.locator('.quick-input-widget:visible').getByText('Code on any device').waitFor();
    await workbench.screenshot('ways');
    const opened = workbench.newTab();
    await workbench.quickPick('Browser, and paste the address');
    const tab = await opened;
    await tab.getByRole('button', { name: /alice/i }).click();
    await tab.waitForURL(/\/callback\?/, { waitUntil: 'commit' }).catch(() => undefined);
    // Behind the editor's front the address of a port of this machine reads differently.
    const front = new URL(editor.url).origin;
    const address = tab.url().replace(new RegExp(`^${front}/proxy/(\\d+)`), 'http://127.0.0.1:$1');
    await workbench.page.bringToFront();
    // The list of ways has a box as well.
    await workbench.page
      .getByText(/paste that whole address here/)
      .first()
      .waitFor();
    await workbench.quickInput(address.replace(/state=\w{4}/, 'state=none'));
    await workbench.page.getByText(/DP-SIGN-IN-PASTED/).waitFor();
    await workbench.screenshot('paste-refused');
    await workbench.quickInput(address);
    await workbench.statusBarItem('alice@lab.example');
    await tab.close();
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('what to register at the provider is one command away', async () => {
    const { workbench } = product;
    await workbench.command('Data Passport: Show What To Register');
    await workbench.page
      .getByText(/Redirect\sURIs/)
      .first()
      .waitFor();
    assert.equal(await workbench.page.getByText(/vscode-reqid/).count(), 0);
    await workbench.screenshot('registration');
    await workbench.command('View: Close All Editors');
  });
});

describe('signing in through an address of the editor', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({
      pictures: 'editor-uri',
      // Addresses of localhost are rewritten by this editor on their way to the browser; other ones stay as they are.
      provider: { host: '127.0.0.2', redirectPrefixes: ['http://127.0.0.1:'] },
      trustedDomains: ['*'],
      settings: (lab) => plainProvider(lab, { flow: 'editorUri' }),
    });
  });
  after(() => product?.close());

  test('the provider sends the browser to the editor, which hands the redirect to the extension', async () => {
    const { workbench, lab } = product;
    const opened = workbench.newTab();
    await workbench.command('Data Passport: Sign In');
    const tab = await opened;
    await tab.getByRole('button', { name: /alice/i }).click();
    await workbench.statusBarItem('alice@lab.example');
    await tab.screenshot({ path: 'test/.artifacts/editor/editor-uri/after-login.png' });
    await workbench.screenshot('signed-in');
    const exchanges = lab.idp.requests.filter(({ grantType }) => grantType === 'authorization_code');
    assert.deepEqual(
      exchanges.map(({ status }) => status),
      [200],
    );
  });

  test('an address without a living state changes nothing and shows nothing', async () => {
    const { window, workbench, lab } = product;
    const before = lab.idp.requests.length;
    await workbench.command('Notifications: Clear All Notifications');
    const address = await window.evaluate(async (vscode) => {
      const own = vscode.Uri.parse(`${vscode.env.uriScheme}://data-passport.data-passport/callback`);
      return (await vscode.env.asExternalUri(own)).toString(true);
    }, undefined);
    const tab = await workbench.context.newPage();
    await tab.goto(`${address}&code=x&state=y`);
    // Long enough for the editor to have handed it over: nothing may come of it.
    await tab.waitForTimeout(1500);
    await tab.close();
    await workbench.statusBarItem('alice@lab.example');
    assert.equal(lab.idp.requests.length, before);
    assert.equal(await workbench.page.locator('.notification-list-item').count(), 0);
  });
});
