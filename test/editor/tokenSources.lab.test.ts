import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { postgresAudience, warehouseAudience } from '../lab/identityProvider.ts';
import { type Product, serverId, startProduct } from './product.ts';

interface Answer {
  readonly rows?: readonly (readonly unknown[])[];
  readonly ranAs?: { readonly user: string; readonly role?: string; readonly sharedIdentity?: boolean };
  readonly error?: { readonly code: string };
}

/** `YYYY-MM-DD` in so many days. */
const dayIn = (days: number): string => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);

describe('connections with a secret or a program of their own, in a real editor', () => {
  let product: Product;
  let folder: string;
  let token: string;
  let program: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dp-program-'));
    token = join(folder, 'token');
    const script = join(folder, 'print-token.mjs');
    await writeFile(
      script,
      `import { readFileSync } from 'node:fs'; console.log(readFileSync(process.argv[2], 'utf8'));`,
    );
    program = [process.execPath, script, token, '; echo harmless'];
    product = await startProduct({
      pictures: 'token-sources',
      settings(lab) {
        const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
        const { token: _token, title: _title, ...warehouse } = connections['warehouse'] as Record<string, unknown>;
        const { token: _other, title: _name, ...postgres } = connections['postgres'] as Record<string, unknown>;
        return {
          'dataPassport.connections': {
            ...connections,
            mine: { ...warehouse, title: 'My Warehouse', token: { source: 'personalAccessToken' } },
            team: { ...warehouse, title: 'Team Warehouse', token: { source: 'static' } },
            printed: { ...postgres, title: 'Printed', token: { source: 'command', command: program } },
          },
        };
      },
    });
    await writeFile(token, await product.lab.idp.mintAccessToken({ audience: postgresAudience, scopes: ['openid'] }));
  });
  after(async () => {
    await product?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function query(connection: string, sql = 'SELECT 1'): Promise<Answer> {
    const name = await product.window.startMcpServer(serverId, /_query$/);
    return JSON.parse(await product.window.invokeTool(name, { connection, sql })) as Answer;
  }

  const view = (name: RegExp) => product.workbench.page.getByRole('treeitem', { name });

  test('before anything is entered, the view says what each of them waits for', async () => {
    const { workbench } = product;
    await workbench.page.getByRole('tab', { name: 'Data Passport' }).first().click();
    await view(/My Warehouse, Snowflake, secret not entered/).waitFor();
    await view(/Team Warehouse, Snowflake, secret not entered, shared identity/).waitFor();
    await view(/Printed, PostgreSQL, not confirmed/).waitFor();
    assert.deepEqual(
      [(await query('mine')).error?.code, (await query('printed')).error?.code],
      ['DP-SECRET-MISSING', 'DP-CONNECTION-UNCONFIRMED'],
    );
    await workbench.screenshot('waiting');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a personal access token is typed into a masked box, with its last day, and lets the user in', async () => {
    const { workbench, lab } = product;
    const secret = lab.warehouse.issueProgrammaticToken('alice', 'ANALYST');
    await workbench.command('Data Passport: Set Connection Secret…');
    await workbench.quickPick(/Personal access token of My Warehouse/);
    const box = workbench.page.locator('.quick-input-widget:visible input');
    await box.fill(secret);
    assert.equal(await box.getAttribute('type'), 'password');
    await workbench.screenshot('masked');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.getByText('so that you are told a week ahead').waitFor();
    await box.fill('2020-01-01');
    await workbench.page.getByText('This is not a day to come').waitFor();
    await workbench.quickInput(dayIn(3));
    await workbench.notification(/The personal access token of My Warehouse ends on/);
    assert.equal(await workbench.page.getByText('Nothing is sent to My Warehouse').count(), 0);
    await workbench.screenshot('ends-soon');
    await workbench.command('Notifications: Clear All Notifications');
    await workbench.command('Data Passport: Test Connection');
    await workbench.quickPick('My Warehouse');
    await workbench.notification(/My Warehouse works: you are ALICE with role ANALYST/);
    assert.deepEqual((await query('mine')).ranAs, { user: 'ALICE', role: 'ANALYST' });
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a program is shown in full before it is run, and what it prints is the credential', async () => {
    const { workbench } = product;
    await workbench.command('Data Passport: Confirm Connections…');
    const dialog = workbench.page.locator('.monaco-dialog-box', {
      hasText: 'May your secrets go where Printed points?',
    });
    await dialog.waitFor();
    const shown = (await dialog.innerText()).replace(/\s+/g, ' ');
    for (const part of program) assert.ok(shown.includes(JSON.stringify(part)), `${part} in ${shown}`);
    await workbench.screenshot('program');
    await workbench.clickDialogButton('May your secrets go', 'Confirm');
    assert.equal((await query('printed')).ranAs?.user, 'alice');
  });

  test('a shared secret is marked as one wherever it is shown', async () => {
    const { workbench, lab } = product;
    await workbench.command('Data Passport: Set Connection Secret…');
    await workbench.quickPick(/Secret of Team Warehouse/);
    const secret = await lab.idp.mintAccessToken({
      user: 'bob',
      audience: warehouseAudience,
      scopes: ['session:role:ANALYST'],
    });
    await workbench.quickInput(secret);
    await workbench.quickInput('');
    await workbench.page.getByText('The secret is stored.').waitFor();
    assert.deepEqual((await query('team')).ranAs, { user: 'BOB', role: 'ANALYST', sharedIdentity: true });
    await view(/Team Warehouse, Snowflake, ready, BOB · ANALYST, shared identity/).waitFor();
    await workbench.screenshot('shared');
  });

  test('a host that changes is asked about when the settings are saved, and until then nothing is sent', async () => {
    const { workbench, window, lab } = product;
    const connections = (await window.setting('dataPassport.connections')) as Record<string, object>;
    const { logins } = lab.warehouse;
    await window.updateSetting('dataPassport.connections', {
      ...connections,
      mine: { ...connections['mine'], host: 'localhost' },
    });
    await workbench.page.getByText(/Until now it went to 127\.0\.0\.1:\d+\./).waitFor();
    await workbench.screenshot('changed-host');
    await workbench.clickDialogButton('May your secrets go where My Warehouse points?', 'Cancel');
    assert.deepEqual([(await query('mine')).error?.code, lab.warehouse.logins], ['DP-CONNECTION-UNCONFIRMED', logins]);
    await view(/My Warehouse, Snowflake, not confirmed/).hover();
    await view(/My Warehouse/)
      .getByRole('button', { name: 'Confirm Connections' })
      .click();
    await workbench.clickDialogButton('May your secrets go where My Warehouse points?', 'Confirm');
    assert.equal((await query('mine')).ranAs?.user, 'ALICE');
  });

  test('the claims of a token stand beside what is expected, in a document without its signature', async () => {
    const { workbench, window } = product;
    await product.signIn('alice');
    await workbench.command('Notifications: Clear All Notifications');
    await workbench.command('Data Passport: Show Token Claims');
    await workbench.quickPick('Coffee Warehouse');
    await workbench.page.getByRole('tab', { name: /warehouse\.md/ }).waitFor();
    const padded = await window.evaluate(
      (vscode) => vscode.window.activeTextEditor?.document.getText() ?? '',
      undefined,
    );
    const text = padded.replace(/ +\|/g, ' |');
    assert.match(text, new RegExp(`\\| \`aud\` \\| \`${warehouseAudience}\` \\| ✓`));
    assert.match(text, /\| `scp` \| `\["session:role:ANALYST"\]` \| ✓ `session:role:ANALYST` \|/);
    const signatures = product.lab.idp.issued.map(({ value }) => value.split('.')[2] ?? value);
    assert.deepEqual(
      signatures.filter((signature) => text.includes(signature)),
      [],
    );
    await workbench.screenshot('claims');
  });

  test('a secret that is removed ends what ran with it', async () => {
    const { workbench, lab } = product;
    await workbench.command('Data Passport: Remove Connection Secret…');
    await workbench.quickPick(/Personal access token of My Warehouse/);
    await workbench.page.getByText('The personal access token was removed.').waitFor();
    await view(/My Warehouse, Snowflake, secret not entered/).waitFor();
    assert.equal((await query('mine')).error?.code, 'DP-SECRET-MISSING');
    assert.ok(!lab.warehouse.sessions().some(({ user }) => user === 'ALICE'));
  });
});
