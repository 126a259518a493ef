import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { IssuedSecret } from '../lab/identityProvider.ts';
import { family } from '../support/processes.ts';
import { type Product, serverId, startProduct } from './product.ts';

const MOST_BYTES = 64 * 1024 * 1024;

/** Regular files below a folder that were written since `since` (ms since the epoch). */
async function filesBelow(folder: string, since: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path, since);
    if (!entry.isFile()) return [];
    const facts = await stat(path).catch(() => undefined);
    return facts && facts.mtimeMs >= since && facts.size < MOST_BYTES ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}

/** The forms in which a secret could be written down. */
function formsOf({ value }: IssuedSecret): readonly Buffer[] {
  const texts = [value, encodeURIComponent(value), Buffer.from(value).toString('base64').replace(/=+$/, '')];
  return [...new Set(texts)].flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le')]);
}

describe('a token is nowhere but in the secret storage', () => {
  let product: Product;
  const started = Date.now() - 1000;
  const seen: string[] = [];

  before(async () => {
    product = await startProduct({ pictures: 'secrets', logLevel: 'trace' });
  });
  after(() => product?.close());

  async function call(tool: string, input: object): Promise<void> {
    const name = await product.window.startMcpServer(serverId, new RegExp(`_${tool}$`));
    seen.push(await product.window.invokeTool(name, input).catch((error: unknown) => String(error)));
  }

  test('a whole life of tokens: sign-in, queries, errors, refusals, renewal, sign-out, another sign-in', async () => {
    const { lab, window, workbench } = product;
    await product.signIn('alice');
    for (const connection of ['warehouse', 'postgres']) {
      await call('query', { connection, sql: 'SELECT * FROM coffee.orders' });
      await call('query', { connection, sql: 'SELECT * FROM nowhere' });
      await call('query', { connection, sql: 'DROP TABLE coffee.orders' });
      await call('whoami', { connection });
    }
    await workbench.command('Data Passport: Test Connection');
    await workbench.quickPick('Coffee Warehouse');
    await workbench.command('Data Passport: Refresh Token Now');
    for (const code of ['390303', '390318', '390100']) {
      lab.warehouse.refuseLogins(code);
      lab.warehouse.terminateSessions();
      await call('query', { connection: 'warehouse', sql: 'SELECT 1' });
    }
    lab.warehouse.refuseLogins(undefined);
    lab.postgres?.refuse();
    await workbench.command('Data Passport: Refresh Token Now');
    await call('query', { connection: 'postgres', sql: 'SELECT 2' });
    lab.postgres?.recover();
    lab.idp.refuse('html');
    await workbench.command('Data Passport: Refresh Token Now');
    lab.idp.recover();
    const sessions = await window.evaluate(async (vscode) => {
      const found = await vscode.commands.getCommands(true);
      const results: unknown[] = [];
      for (const command of found.filter(
        (name) =>
          name.startsWith('dataPassport.') &&
          !/signIn|signOut|openSettings|testConnection|showTokenClaims|focus|View|toggle|remove|reset/i.test(name),
      )) {
        const done = Promise.resolve(vscode.commands.executeCommand(command)).catch(String);
        const pause = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('it asks'), 1500));
        // What asks for something is left alone with its question.
        if ((await Promise.race([done, pause()])) === 'it asks')
          await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
        results.push(await Promise.race([done, pause()]));
      }
      // Without a connection it asks for one.
      for (const command of ['showTokenClaims', 'diagnoseConnection'])
        results.push(await vscode.commands.executeCommand(`dataPassport.${command}`, 'warehouse'));
      results.push(vscode.workspace.textDocuments.map((document) => document.getText()));
      return JSON.stringify([results, vscode.workspace.getConfiguration('dataPassport')]);
    }, undefined);
    seen.push(sessions);
    await workbench.command('Data Passport: Sign Out');
    await workbench.statusBarItem('Sign in');
    await product.signIn('bob');
    await call('query', { connection: 'warehouse', sql: 'SELECT 3' });
    const kinds = new Set(lab.idp.issued.map(({ kind }) => kind));
    assert.ok(lab.idp.issued.length > 8 && kinds.has('accessToken') && kinds.has('refreshToken'), [...kinds].join());
  });

  test('no tool result, no command and no setting holds one', () => {
    const text = seen.join('\n');
    assert.ok(text.includes('ALICE') || text.includes('alice'), 'the calls did not run');
    assert.deepEqual(
      product.lab.idp.issued.filter((secret) => formsOf(secret).some((form) => text.includes(form.toString()))),
      [],
    );
  });

  test('no argument and no environment variable of any process holds one', () => {
    const root = product.editor.serverProcess.pid ?? 0;
    const members = family(root);
    assert.ok(members.some(({ command }) => command.includes('gateway.mjs')));
    const texts = members.map(({ pid }) =>
      Buffer.concat([readFileSync(`/proc/${pid}/cmdline`), readFileSync(`/proc/${pid}/environ`)]),
    );
    const found = product.lab.idp.issued.filter((secret) =>
      formsOf(secret).some((form) => texts.some((text) => text.includes(form))),
    );
    assert.deepEqual(found, []);
    const gateway = members.find(({ command }) => command.includes('gateway.mjs'));
    const environment = readFileSync(`/proc/${gateway?.pid ?? 0}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry !== '');
    assert.deepEqual(
      environment
        .map((entry) => entry.split('=')[0])
        .filter(
          (name) =>
            !/^NODE_CHANNEL|^ELECTRON_RUN_AS_NODE$|^NODE_EXTRA_CA_CERTS$|^SSL_CERT_(?:FILE|DIR)$/.test(name ?? ''),
        ),
      [],
    );
  });

  test('no log, no workspace storage, no browser profile and no temporary file holds one', async () => {
    const { editor, lab } = product;
    const logs = await editor.logs();
    const ours = logs.filter((path) => path.includes('Data Passport'));
    assert.ok(
      ours.some((path) => statSync(path).size > 0),
      'our log was not written',
    );
    const written = readFileSync(ours[0] ?? '', 'utf8');
    assert.match(written, /Signed in/);
    // A code is in the address that the browser was sent to; it was spent at once.
    const secrets = lab.idp.issued.filter(({ kind }) => kind !== 'code').flatMap(formsOf);
    const files = new Set([...(await filesBelow(editor.dirs.base, started)), ...(await filesBelow(tmpdir(), started))]);
    assert.ok(files.size > 20, `${files.size} files`);
    const hits: string[] = [];
    for (const file of files) {
      const content = await readFile(file).catch(() => Buffer.alloc(0));
      if (secrets.some((form) => content.includes(form))) hits.push(file);
    }
    assert.deepEqual(hits, []);
  });

  test('the search would find one', async () => {
    const { editor, lab } = product;
    const [secret] = lab.idp.issued;
    assert.ok(secret);
    const { writeFile, rm } = await import('node:fs/promises');
    const planted = join(editor.dirs.base, 'planted.bin');
    await writeFile(planted, Buffer.from(`x${secret.value}`, 'utf16le'));
    const found = (await filesBelow(editor.dirs.base, started)).filter((file) => {
      const content = readFileSync(file);
      return formsOf(secret).some((form) => content.includes(form));
    });
    await rm(planted);
    assert.ok(found.includes(planted));
    assert.ok(readdirSync(editor.dirs.base).length > 0);
  });
});
