import assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { runSentences } from './sentences.ts';

const id = 'data-passport.data-passport';
const server = `${id}/Data Passport`;

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

/** What holds in every editor, desktop or server, without a browser: run through `npm run test:desktop` and `npm test`. */
export function run(): Promise<void> {
  return runSentences([
    [
      'the extension activates',
      async () => {
        const extension = vscode.extensions.getExtension(id);
        await extension?.activate();
        assert.equal(extension?.isActive, true);
      },
    ],
    [
      'every command of its manifest is there',
      async () => {
        const manifest = vscode.extensions.getExtension(id)?.packageJSON as Manifest;
        const known = new Set(await vscode.commands.getCommands(true));
        assert.deepEqual(
          manifest.contributes.commands.filter(({ command }) => !known.has(command)),
          [],
        );
      },
    ],
    [
      'no workspace can change its settings',
      async () => {
        const section = vscode.workspace.getConfiguration('dataPassport');
        for (const name of ['identityProviders', 'connections', 'limits']) {
          await assert.rejects(
            Promise.resolve(section.update(name, { evil: {} }, vscode.ConfigurationTarget.Workspace)),
            /only into User settings/,
          );
        }
      },
    ],
    [
      'its tools start, and answer before anyone has signed in',
      async () => {
        const tool = await started(/_list_connections$/);
        const { content } = await vscode.lm.invokeTool(tool, { input: {}, toolInvocationToken: undefined });
        const text = content.filter((part) => part instanceof vscode.LanguageModelTextPart).map((part) => part.value);
        const { connections } = JSON.parse(text.join('')) as { connections: { id: string }[] };
        assert.deepEqual(
          connections.map((connection) => connection.id),
          ['sales'],
        );
      },
    ],
    [
      'its account provider has no session while nobody is signed in',
      async () => {
        assert.equal(await vscode.authentication.getSession('data-passport', ['openid'], { silent: true }), undefined);
      },
    ],
  ]);
}

/** The editor takes half a second to hear of a new server. */
async function started(name: RegExp): Promise<string> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await vscode.commands.executeCommand('workbench.mcp.startServer', server, { waitForLiveTools: true });
    const tool = vscode.lm.tools.find((candidate) => name.test(candidate.name));
    if (tool) return tool.name;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('The tools did not appear');
}
