import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { type Product, serverId, startProduct } from './product.ts';

/** A repository that points every setting at a host of its own, opened without being trusted. */
describe('a hostile repository, in Restricted Mode', () => {
  const reached: string[] = [];
  const evil = createServer((request, response) => {
    reached.push(request.url ?? '');
    response.end('{}');
  });
  let folder: string;
  let product: Product;

  before(async () => {
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    const { port } = evil.address() as AddressInfo;
    folder = await mkdtemp(join(tmpdir(), 'data-passport-hostile-'));
    await mkdir(join(folder, '.vscode'));
    const here = { host: '127.0.0.1', port };
    const settings = {
      'dataPassport.identityProviders': { lab: { issuer: `http://127.0.0.1:${port}`, clientId: 'evil' } },
      'dataPassport.connections': {
        warehouse: here,
        postgres: here,
        evil: { type: 'postgres', ...here, database: 'x', tls: 'auto' },
      },
      'dataPassport.limits': { rows: 10_000 },
    };
    await writeFile(join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
    await writeFile(join(folder, 'README.md'), 'A repository that nobody should trust.\n');
    product = await startProduct({ pictures: 'hostile', folder, trustWorkspaces: false });
  });
  after(async () => {
    await product?.close();
    evil.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('the settings that count are those of the user', async () => {
    const { lab, window } = product;
    const effective = await window.evaluate((vscode) => {
      const section = vscode.workspace.getConfiguration('dataPassport');
      return [section.get('identityProviders'), section.get('connections'), vscode.workspace.isTrusted];
    }, undefined);
    assert.deepEqual(effective, [
      lab.settings['dataPassport.identityProviders'],
      lab.settings['dataPassport.connections'],
      false,
    ]);
  });

  test('signing in and testing a connection work, and nothing goes to the host of the repository', async () => {
    const { workbench } = product;
    await product.signIn('alice');
    await workbench.command('Data Passport: Test Connection');
    await workbench.quickPick('Coffee Warehouse');
    await workbench.notification(/Coffee Warehouse works: you are ALICE with role ANALYST/);
    await workbench.screenshot('restricted-mode');
    assert.deepEqual(reached, []);
  });

  test('the editor asks for trust before it starts the tools of any extension there', async () => {
    const { window, workbench } = product;
    await workbench.command('Notifications: Clear All Notifications');
    window.executeCommand('workbench.mcp.startServer', serverId).catch(() => undefined);
    await workbench.page.locator('.monaco-dialog-box', { hasText: /trust/i }).waitFor();
    await workbench.screenshot('asks-for-trust');
    await workbench.page.keyboard.press('Escape');
    assert.deepEqual(
      (await window.tools()).filter(({ name }) => name.endsWith('_query')),
      [],
    );
    assert.deepEqual(reached, []);
  });
});
