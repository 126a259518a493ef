import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { Page } from 'playwright-core';

import { type Product, startProduct } from './product.ts';

/** A tab that is shown a failed navigation may never tell that it has closed. */
async function closed(tab: Page): Promise<void> {
  await Promise.race([tab.close(), delay(5000, undefined, { ref: false })]);
}

describe('signing in, when it does not go straight', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({ pictures: 'sign-in' });
  });
  after(() => product?.close());

  async function begin() {
    const opened = product.workbench.newTab();
    await product.workbench.command('Data Passport: Sign In');
    const tab = await opened;
    await tab.getByRole('button', { name: /alice/i }).waitFor();
    return tab;
  }

  test('what does not apply yet is not in the command palette', async () => {
    const { page } = product.workbench;
    await page.keyboard.press('F1');
    // The list holds what fits on the screen: each question is asked by itself.
    const box = page.locator('.quick-input-widget:visible .quick-input-box input');
    await box.fill('>Data Passport: Sign');
    const signIn = page.getByRole('option', { name: 'Data Passport: Sign In', exact: true });
    await signIn.waitFor();
    assert.equal(await page.getByRole('option', { name: /Sign Out/ }).count(), 0);
    await product.workbench.screenshot('palette-signed-out');
    await box.fill('>Data Passport: Refresh');
    await signIn.waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('option', { name: /Refresh Token/ }).count(), 0);
    await page.keyboard.press('Escape');
  });

  test('canceling in the editor ends the wait: who goes on in the browser signs nobody in', async () => {
    const { workbench } = product;
    const tab = await begin();
    await workbench.clickNotificationButton(/Signing in at Lab Identity Provider/, 'Cancel');
    const waiting = workbench.page.locator('.notification-list-item').filter({ hasText: 'Signing in at Lab' });
    await waiting.first().waitFor({ state: 'detached' });
    await tab.getByRole('button', { name: /alice/i }).click();
    // Nobody listens at the redirect address any more.
    await tab.waitForURL(/\/callback\?code=/, { waitUntil: 'commit' }).catch(() => undefined);
    await closed(tab);
    await workbench.statusBarItem('Sign in');
  });

  test('a refusal by the provider is told with its code, in the page and in the editor', async () => {
    const { workbench } = product;
    const tab = await begin();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByText('You are not signed in').waitFor();
    await tab.screenshot({ path: 'test/.artifacts/editor/sign-in/refused-page.png' });
    await tab.close();
    await workbench.notification(/Lab Identity Provider refused the sign-in \(access_denied\)/);
    await workbench.screenshot('refused');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a second sign-in takes the place of the first', async () => {
    const { workbench } = product;
    const first = await begin();
    const second = await begin();
    await second.getByRole('button', { name: /bob/i }).click();
    await second.getByText('You are signed in as bob@lab.example').waitFor();
    await workbench.statusBarItem('bob@lab.example');
    await first.close();
    await second.close();
    assert.equal(await workbench.page.getByText(/refused|failed/).count(), 0);
  });

  test('an unreachable provider is told as such, and the sign-in survives it', async () => {
    const { lab, workbench } = product;
    lab.idp.refuse('unavailable');
    await workbench.command('Data Passport: Refresh Token Now');
    await workbench.notification(/Lab Identity Provider can not be reached \(HTTP status 503\)/);
    await workbench.screenshot('provider-away');
    lab.idp.recover();
    await workbench.command('Data Passport: Refresh Token Now');
    await workbench.page.getByText('2 tokens were renewed.').waitFor();
    await workbench.statusBarItem('bob@lab.example');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('the log is one command away and speaks of what happened', async () => {
    const { workbench } = product;
    await workbench.command('Data Passport: Show Log');
    await workbench.page
      .getByText(/Signed\sin\sprovider=/)
      .first()
      .waitFor();
    await workbench.screenshot('log');
  });

  test('a reload finds the sign-in again without asking', async () => {
    const { driver, workbench } = product;
    const tabs = workbench.context.pages().length;
    await workbench.page.reload();
    await driver.window(1, 60_000);
    await workbench.statusBarItem('bob@lab.example');
    assert.equal(workbench.context.pages().length, tabs);
  });
});
