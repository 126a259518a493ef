import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { openWorkbench, type Workbench } from './harness/browser.ts';
import { startDriver, type Driver, type EditorWindow } from './harness/driver.ts';
import { agentOptions, startEditor, type RunningEditor } from './harness/editor.ts';
import { packTestExtension, type PackedExtension } from './harness/packages.ts';

describe('the harness of the editor tests', () => {
  let packed: PackedExtension[];
  let driver: Driver;
  let editor: RunningEditor;
  let workbench: Workbench;
  let window: EditorWindow;

  before(async () => {
    packed = await Promise.all([packTestExtension('probe'), packTestExtension('driver')]);
    driver = await startDriver();
    editor = await startEditor({
      vsix: packed.map((extension) => extension.vsix),
      env: driver.env,
      settings: {},
      ...agentOptions,
    });
    workbench = await openWorkbench(editor, { pictures: 'harness' });
    window = await driver.window();
  });
  after(async () => {
    await workbench?.close();
    await editor?.close();
    await driver?.close();
    await Promise.all((packed ?? []).map((extension) => extension.remove()));
  });

  test('a command from the palette shows a notification, and its button is pressed', async () => {
    await workbench.statusBarItem('probe ready');
    await workbench.command('Probe: Greet');
    await workbench.notification('Hello from the probe');
    await workbench.screenshot('notification');
    await workbench.clickNotificationButton('Hello from the probe', 'Fine');
    await workbench.statusBarItem('probe Fine');
  });

  test('a quick pick and an input box are answered', async () => {
    await workbench.command('Probe: Choose');
    await workbench.quickPick('Pears');
    await workbench.quickInput('they are ripe');
    await workbench.statusBarItem('Pears: they are ripe');
  });

  test('settings of application scope are those that the test wrote', async () => {
    await window.updateSetting('probe.page', 'http://127.0.0.1/there');
    const seen = await window.evaluate(
      (vscode) => vscode.workspace.getConfiguration().inspect('probe.page'),
      undefined,
    );
    assert.equal(seen?.globalValue, 'http://127.0.0.1/there');
  });

  test('what throws in the extension host throws in the test, with its message', async () => {
    await assert.rejects(
      window.evaluate(() => {
        throw new TypeError('no such thing');
      }, undefined),
      { name: 'TypeError', message: 'no such thing' },
    );
  });

  test('the driver starts an MCP server and calls its tool', async () => {
    const tool = await window.startMcpServer('data-passport-test.probe/Probe', /_greet$/);
    assert.equal(await window.invokeTool(tool, { name: 'alice' }), 'Hello, alice!');
  });

  test('an agent with the scripted model calls the tool and tells what it got', async () => {
    driver.model.script([
      { call: /_greet$/, input: { name: 'bob' } },
      { text: (results) => `The tool said: ${results.join()}` },
    ]);
    await window.askAgent('Greet bob, please.');
    assert.deepEqual(await driver.model.results(1), ['Hello, bob!']);
    await workbench.chatAnswer('The tool said: Hello, bob!');
    await workbench.screenshot('agent');
  });

  test('a tool that wants a page to be opened gets it from a card in the chat, and is called again', async () => {
    driver.model.script([{ call: /_vault$/, input: {} }, { text: (results) => `It said: ${results.join()}` }]);
    await window.askAgent('Open the vault, please.');
    const button = await workbench.chatButton(/^Open/);
    await workbench.screenshot('card');
    const opened = workbench.newTab();
    await button.click();
    const tab = await opened;
    await tab.getByText('Opened.').waitFor();
    await tab.close();
    assert.deepEqual(await driver.model.results(1), ['The vault is open.']);
    await workbench.chatAnswer('It said: The vault is open.');
  });

  test('a modal dialog is answered, and the account appears in the Accounts menu', async () => {
    const session = window.getSession('probe', ['all'], { createIfNone: true });
    await workbench.clickDialogButton(/wants to sign in using Probe Accounts/, 'Allow');
    assert.equal((await session)?.account.label, 'alice');
    await workbench.openAccountsMenu('alice (Probe Accounts)');
    await workbench.screenshot('accounts');
    await workbench.page.keyboard.press('Escape');
  });

  test('a call that is given up is cancelled in the extension host', async () => {
    const giveUp = new AbortController();
    const waiting = window.evaluate(
      (_vscode, _argument, token) =>
        new Promise<string>((resolve) => token.onCancellationRequested(() => resolve('cancelled'))),
      undefined,
      giveUp.signal,
    );
    giveUp.abort();
    assert.equal(await waiting, 'cancelled');
  });

  test('a page on a loopback port opens in a tab, and its redirect to another port is followed', async () => {
    const callback = await listen((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<p>${request.headers.host} ${request.url}</p>`);
    });
    const issuer = await listen((request, response) => {
      if (request.url === '/login') {
        response.setHeader('set-cookie', 'session=1; Path=/; Domain=127.0.0.1');
        response.setHeader('content-type', 'text/html');
        response.end('<form action="/done" method="post"><button>Continue</button></form>');
      } else if (request.url === '/done') {
        const location = `http://localhost:${callback.port}/cb?code=a%26b&cookie=${request.headers.cookie}`;
        response.writeHead(303, { location }).end();
      } else response.writeHead(302, { location: `http://127.0.0.1:${issuer.port}/login` }).end();
    });
    try {
      await window.updateSetting('probe.page', `http://127.0.0.1:${issuer.port}/start`);
      const opened = workbench.newTab();
      await workbench.command('Probe: Open Page');
      const tab = await opened;
      await tab.getByRole('button', { name: 'Continue' }).click();
      const seen = await tab.getByText('/cb').textContent();
      assert.equal(seen, `127.0.0.1:${callback.port} /cb?code=a%26b&cookie=session=1`);
      assert.equal(new URL(tab.url()).host, new URL(editor.url).host);
      await tab.close();
    } finally {
      callback.server.close();
      issuer.server.close();
    }
  });

  test('a webview can be looked into', async () => {
    const file = join(editor.dirs.workspace, 'page.md');
    await writeFile(file, '# Seen from outside\n');
    await window.evaluate(async (vscode, path) => {
      await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.file(path));
    }, file);
    await workbench.webview().getByText('Seen from outside').waitFor();
  });

  test('a second window opens beside the first, with an extension host of its own', async () => {
    const second = await openWorkbench(editor, { beside: workbench });
    const host = (one: EditorWindow): Promise<number> => one.evaluate(() => process.pid, undefined);
    assert.notEqual(await host(await driver.window(1)), await host(window));
    await second.close();
    await workbench.statusBarItem('Pears');
  });

  test('a secret is kept over a reload of the window', async () => {
    await window.executeCommand('probe.remember', 'kept');
    await workbench.page.reload();
    const reloaded = await driver.window(2);
    assert.equal(await reloaded.executeCommand('probe.remember'), 'kept');
  });

  test('a closed editor leaves no process and no file', async () => {
    const other = await startEditor({ settings: {} });
    const { pid } = other.serverProcess;
    assert.ok(pid !== undefined && existsSync(other.dirs.userData));
    await other.close();
    // The server leads a process group; signal 0 to the group asks whether anybody is in it.
    assert.throws(() => process.kill(-pid, 0), { code: 'ESRCH' });
    assert.equal(existsSync(other.dirs.base), false);
  });

  test('the editor writes log files', async () => {
    const logs = await editor.logs();
    assert.ok(
      logs.some((path) => path.endsWith('remoteexthost.log')),
      logs.join('\n'),
    );
  });
});

async function listen(handle: RequestListener): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
