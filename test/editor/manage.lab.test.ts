import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { Locator } from 'playwright-core';

import { labClientId } from '../lab/identityProvider.ts';
import type { Lab } from '../lab/index.ts';
import { until } from './harness/driver.ts';
import { type Guide, startGuide } from './harness/guide.ts';
import { password, writeOtherPrograms } from './harness/otherPrograms.ts';
import { type Product, serverId, startProduct } from './product.ts';

const themes = ['Light 2026', 'Default High Contrast', 'Dark 2026'];

describe('what a user does with connections, in a real editor', () => {
  let product: Product;
  let guide: Guide;
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'data-passport-home-'));
    product = await startProduct({
      pictures: 'manage',
      env: { HOME: home },
      settings: async (lab) => {
        await writeOtherPrograms(home, lab);
        return { 'dataPassport.identityProviders': {}, 'dataPassport.connections': {} };
      },
    });
    await product.workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    guide = startGuide(product.workbench);
  });
  after(async () => {
    await product?.close();
    await rm(home, { recursive: true, force: true });
  });

  const settingsPath = (): string => join(product.editor.dirs.userData, 'User', 'settings.json');
  const settingsText = (): Promise<string> => readFile(settingsPath(), 'utf8');
  const item = (name: string | RegExp): Locator => product.workbench.page.getByRole('treeitem', { name });
  const quickRows = (): Locator =>
    product.workbench.page.locator('.quick-input-widget:visible .monaco-list-row .label-name');
  /** The open document, once it says this. */
  const documentWith = (what: RegExp): Promise<string> =>
    until(
      async () => {
        const text = await product.window.evaluate(
          (api) => api.window.activeTextEditor?.document.getText() ?? '',
          undefined,
        );
        return what.test(text) ? text : undefined;
      },
      20_000,
      `No document with ${what}`,
    );

  async function inMenuOf(name: RegExp, entry: string): Promise<void> {
    const { page } = product.workbench;
    const menu = page.locator('.monaco-menu');
    await item(name).first().click({ button: 'right' });
    // A menu takes no click in the moment in which it opens: the keyboard is safe.
    await menu.getByText(entry, { exact: true }).hover();
    await page.keyboard.press('Enter');
    await menu.waitFor({ state: 'detached' });
  }

  async function call<Result>(tool: string, input: object): Promise<Result> {
    const name = await product.window.startMcpServer(serverId, new RegExp(`_${tool}$`));
    return JSON.parse(await product.window.invokeTool(name, input)) as Result;
  }

  /** As a user who knows the settings does it: by hand, in front of what is there. */
  async function addLabConnections(lab: Lab): Promise<void> {
    const { warehouse, postgres } = lab.settings['dataPassport.connections'] as Record<string, Record<string, unknown>>;
    const { role: _, ...roleless } = warehouse ?? {};
    const added = {
      warehouse: roleless,
      postgres,
      nowhere: { ...postgres, title: 'Nowhere', database: 'nowhere', agents: false },
    };
    const lines = JSON.stringify(added, undefined, 4).slice(1, -1).trim();
    const text = await settingsText();
    await writeFile(settingsPath(), text.replace(/("dataPassport.connections": \{)/, `$1\n    ${lines},`));
    // This editor watches no files: it reads them again when it changes a setting itself.
    await product.window.updateSetting('workbench.colorTheme', 'Light 2026');
  }

  test('what other programs know is offered to a newcomer once', async () => {
    const { workbench } = product;
    await guide.click(workbench.page.getByRole('tab', { name: 'Data Passport' }));
    await workbench.notification(/in dbt profiles \(profiles.yml\) and PostgreSQL service file/);
    await workbench.screenshot('offer');
    await workbench.clickNotificationButton(/Connections were found here/, 'Show');
    await quickRows().getByText('Another File…').waitFor();
    await workbench.page.keyboard.press('Escape');
    await workbench.page.reload();
    product = { ...product, window: await product.driver.window(1) };
    await workbench.page.getByRole('button', { name: 'Import Configuration' }).waitFor();
    await workbench.command('Data Passport: Import Configuration…');
    await quickRows().getByText('Another File…').waitFor();
    assert.equal(await workbench.page.getByText(/Connections were found here/).count(), 0);
  });

  test('an import shows all of the file, leads to who signs in, and asks whether secrets may go to its hosts', async () => {
    const { workbench, lab } = product;
    const place = `127.0.0.1:${lab.postgres?.port}`;
    await workbench.quickPick('PostgreSQL service file');
    const notes = workbench.webview().locator('h2', { hasText: 'What is not taken as it stands' });
    await notes.waitFor();
    const preview = await workbench.webview().locator('body').innerText();
    assert.deepEqual(preview.split(place).length - 1, 2);
    for (const said of [/line 7, roastery \(broken\)/, /line 13, reports \(not taken\): password is not taken/])
      assert.match(preview, said);
    assert.ok(!preview.includes(password));
    await workbench.screenshot('preview');
    await workbench.page.locator('.quick-input-widget:visible .monaco-button', { hasText: 'OK' }).click();
    await workbench.clickDialogButton(/Nobody signs you in yet/, 'Add Identity Provider');
    await guide.pick('OpenID Connect');
    await guide.type(lab.idp.issuer, /Issuer:/);
    await guide.type(labClientId, /Client id:/);
    await guide.pick(/^Flow/);
    await guide.pick('loopback');
    await guide.pick('Continue');
    const tab = await product.signInTab('alice', () => guide.pick('Sign In and Save'));
    await tab.close();
    await guide.pick('Only I');
    const question = workbench.page.locator('.monaco-dialog-box', {
      hasText: 'May your secrets go where roastery points?',
    });
    await question.getByText(`roastery sends its credential to ${place}.`).waitFor();
    await workbench.screenshot('hosts');
    await workbench.clickDialogButton('May your secrets go', 'Confirm');
    await item('roastery, PostgreSQL, not used yet, not for agents').waitFor();
    await workbench.notification(/2 connections are in your settings/);
    await workbench.screenshot('imported');
    const text = await settingsText();
    assert.match(text, /\/\/ Imported from ~\/\.pg_service\.conf, line 1\n\s+"roastery": \{/);
    assert.match(text, /\/\/ Imported from ~\/\.pg_service\.conf, line 8\n\s+"reports": \{/);
    assert.ok(!text.includes(password));
  });

  test("an imported connection is the user's alone until agents are let in", async () => {
    const { workbench, lab } = product;
    await workbench.clickNotificationButton(/2 connections are in your settings/, 'Set Connection Secret');
    await workbench.quickInput(password);
    await item(/reports, PostgreSQL, not used yet/).waitFor();
    await addLabConnections(lab);
    await workbench.clickDialogButton(/Coffee Warehouse/, 'Confirm');
    await workbench.command('Notifications: Clear All Notifications');
    const listed = async (): Promise<readonly string[]> =>
      (await call<{ connections: { id: string }[] }>('list_connections', {})).connections.map(({ id }) => id);
    assert.deepEqual(await listed(), ['warehouse', 'postgres']);
    await item('roastery, PostgreSQL, not used yet, not for agents').hover();
    await workbench.screenshot('not-for-agents');
    await item(/roastery/)
      .getByRole('button', { name: 'Let Agents Use It' })
      .click();
    await item('roastery, PostgreSQL, not used yet')
      .and(workbench.page.locator(':not([aria-label*="agents"])'))
      .waitFor();
    assert.deepEqual(await listed(), ['warehouse', 'postgres', 'roastery']);
    await inMenuOf(/roastery/, 'Stop Agents Using It');
    await item('roastery, PostgreSQL, not used yet, not for agents').waitFor();
    assert.deepEqual(await listed(), ['warehouse', 'postgres']);
  });

  test('the details of a connection can be clicked by mistake, because they ask first', async () => {
    const { workbench, window } = product;
    // The login is older than the connection: it is asked for once more.
    const tab = await product.signInTab('alice', () => inMenuOf(/Coffee Warehouse/, 'Test Connection'));
    await tab.close();
    await workbench.notification(/Coffee Warehouse works/);
    await item(/Coffee Warehouse/).click();
    await item('Role ANALYST').waitFor();
    const before = await window.setting('dataPassport.connections');
    await item(/roastery/).click();
    await item('Agents may not use it').click();
    await quickRows().getByText('Only I').waitFor();
    await workbench.screenshot('details');
    await workbench.page.keyboard.press('Escape');
    assert.deepEqual(await window.setting('dataPassport.connections'), before);
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('roles are those that the database offers, and the next query runs with the chosen one', async () => {
    const { workbench, window } = product;
    await inMenuOf(/Coffee Warehouse/, 'Choose Role or Warehouse…');
    await quickRows().getByText('Role').click();
    await quickRows().getByText('Role: another one…').waitFor();
    await workbench.screenshot('roles');
    const others = ['Role as the database sets it', 'Role: another one…'];
    assert.deepEqual(await quickRows().filter({ visible: true }).allTextContents(), [
      'ANALYST',
      'MANAGER',
      'PUBLIC',
      ...others,
    ]);
    // The login did not ask for this role: it is asked for once more.
    const tab = await product.signInTab('alice', () => quickRows().getByText('MANAGER').click());
    await tab.close();
    await workbench.notification(/Coffee Warehouse works: you are ALICE with role MANAGER/);
    await item('Role MANAGER').waitFor();
    const { warehouse } = (await window.setting('dataPassport.connections')) as Record<string, { role?: string }>;
    assert.equal(warehouse?.role, 'MANAGER');
    const { ranAs } = await call<{ ranAs: object }>('query', { connection: 'warehouse', sql: 'SELECT 1' });
    assert.deepEqual(ranAs, { user: 'ALICE', role: 'MANAGER' });
    await inMenuOf(/Coffee PostgreSQL/, 'Choose Role or Warehouse…');
    await quickRows().getByText('Role').click();
    await quickRows().getByText('Role: another one…').waitFor();
    assert.deepEqual(await quickRows().filter({ visible: true }).allTextContents(), [
      'alice',
      'analyst',
      'manager',
      ...others,
    ]);
    await workbench.page.keyboard.press('Escape');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a broken connection is diagnosed in every theme, and the copy for a ticket names nobody', async () => {
    const { workbench, window } = product;
    await inMenuOf(/Nowhere/, 'Diagnose Connection');
    await workbench.clickNotificationButton(/Nowhere is broken at "Login"/, 'Copy for a Ticket');
    const copy = await until(
      async () => (await window.evaluate((api) => api.env.clipboard.readText(), undefined)) || undefined,
      10_000,
      'Nothing was copied',
    );
    assert.match(copy, /DP-DATABASE-REFUSED[^]*\| ✗ {5}\| Login/);
    assert.ok(!/alice/i.test(copy));
    const page = workbench.webview();
    await page.locator('h1', { hasText: 'Nowhere is broken at "Login". The administrator of the database' }).waitFor();
    await page.getByText('Check that "database" of the connection is right').waitFor();
    await workbench.command('Notifications: Clear All Notifications');
    for (const theme of themes) {
      await window.updateSetting('workbench.colorTheme', theme);
      await workbench.command('Data Passport: Add Connection…');
      await quickRows().getByText('PostgreSQL').waitFor();
      await workbench.screenshot(`theme-${theme.replaceAll(' ', '-')}`);
      await workbench.page.keyboard.press('Escape');
    }
  });

  test('a whole connection has every link checked, and a diagnosis can be canceled', async () => {
    const { workbench, lab } = product;
    await inMenuOf(/Coffee PostgreSQL/, 'Diagnose Connection');
    await workbench.notification(/Coffee PostgreSQL works/);
    const page = workbench.webview();
    await page.locator('h1', { hasText: 'Coffee PostgreSQL works' }).waitFor();
    assert.deepEqual([...new Set(await page.locator('td:first-child').allTextContents())], ['✓']);
    await workbench.screenshot('whole');
    await workbench.command('Notifications: Clear All Notifications');
    lab.warehouse.stall(60_000);
    await inMenuOf(/Coffee Warehouse/, 'Diagnose Connection');
    const running = await workbench.notification(/Diagnosing Coffee Warehouse/);
    await running.getByRole('button', { name: 'Cancel' }).click();
    await running.waitFor({ state: 'detached' });
    lab.warehouse.stall(0);
    assert.equal(await page.locator('h1', { hasText: 'Coffee PostgreSQL works' }).count(), 1);
  });

  test('the text for an administrator opens as a document of its own, with the issuer in it', async () => {
    const { lab } = product;
    for (const [name, statement] of [
      [/Coffee Warehouse/, /CREATE SECURITY INTEGRATION/],
      [/Coffee PostgreSQL/, /pg_hba/],
    ] as const) {
      await inMenuOf(name, 'Generate Set-up Text…');
      assert.ok((await documentWith(statement)).includes(lab.idp.issuer));
    }
    await product.workbench.screenshot('guide');
  });

  test('what is removed is gone with its secret and its sign-in, and the comments of the others stay', async () => {
    const { workbench } = product;
    await inMenuOf(/reports/, 'Remove Connection…');
    await workbench.clickDialogButton(/Remove reports\?/, 'Remove');
    await item(/reports/).waitFor({ state: 'detached' });
    const text = await settingsText();
    assert.ok(!text.includes('"reports"'));
    assert.match(text, /\/\/ Imported from ~\/\.pg_service\.conf, line 1\n\s+"roastery": \{/);
    await workbench.command('Data Passport: Remove Connection Secret…');
    await workbench.notification(/No connection uses a secret of its own, and none is left/);
    await workbench.page.getByRole('button', { name: 'Identity Providers Section' }).click();
    await item('alice@lab.example, signed in at 127.0.0.1').waitFor();
    await inMenuOf(/^127\.0\.0\.1/, 'Remove Identity Provider…');
    const question = workbench.page.locator('.monaco-dialog-box', { hasText: 'Remove 127.0.0.1?' });
    await question.getByText(/Coffee Warehouse, Coffee PostgreSQL, Nowhere, roastery/).waitFor();
    await workbench.screenshot('remove-provider');
    await workbench.clickDialogButton(/Remove 127/, 'Remove with 4 Connections');
    await workbench.page.getByText('Nobody signs you in yet').waitFor();
    await workbench.page.locator('.statusbar-item', { hasText: 'alice' }).waitFor({ state: 'detached' });
    await workbench.screenshot('removed');
    const left = JSON.parse((await settingsText()).replace(/^\s*\/\/.*$/gm, '')) as Record<string, unknown>;
    assert.deepEqual([left['dataPassport.identityProviders'], left['dataPassport.connections']], [{}, {}]);
  });
});
