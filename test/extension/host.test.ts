import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import type { Extension } from 'vscode';

import type { FlowHost } from '../../src/identity/flows/flow.ts';
import { editor } from '../ui/editor.ts';

const { ExtensionKind } = await import('vscode');
const { flowHostOf } = await import('../../src/extension/host.ts');

const DESKTOP_URI = 'vscode://data-passport.data-passport/callback';
const WEB_URI = 'https://editor.example.com/callback?to=data-passport.data-passport/callback';

/** As the editor describes an extension that runs beside its window (`ui`) or where its folder is (`workspace`). */
function hostIn(extensionKind: 'ui' | 'workspace'): FlowHost {
  const kind = extensionKind === 'ui' ? ExtensionKind.UI : ExtensionKind.Workspace;
  return flowHostOf({ id: 'data-passport.data-passport', extensionKind: kind } as Extension<unknown>);
}

afterEach(() => {
  editor.place = {};
});

describe('where the extension runs', () => {
  for (const remoteName of ['ssh-remote', 'wsl', 'dev-container', 'attached-container', 'tunnel', 'codespaces'])
    test(`is another machine than that of the browser in a window connected by ${remoteName}`, async () => {
      editor.place = { remoteName };
      const host = hostIn('workspace');
      assert.deepEqual([host.place, await host.editorUri()], ['remote', DESKTOP_URI]);
    });

  test('is the machine of the browser where the window is connected to another one and the extension is not', async () => {
    editor.place = { remoteName: 'ssh-remote' };
    const host = hostIn('ui');
    assert.deepEqual([host.place, await host.editorUri()], ['desktop', DESKTOP_URI]);
  });

  test('is the machine of the browser in a window that is connected to nothing', async () => {
    for (const kind of ['ui', 'workspace'] as const) {
      const host = hostIn(kind);
      assert.deepEqual([host.place, await host.editorUri()], ['desktop', DESKTOP_URI]);
    }
  });

  test('is the web in a browser, whatever the window is connected to, and the page of the editor leads back', async () => {
    for (const remoteName of [undefined, 'codespaces', 'ssh-remote']) {
      editor.place = { web: true, ...(remoteName !== undefined && { remoteName }) };
      for (const kind of ['ui', 'workspace'] as const) {
        const host = hostIn(kind);
        assert.deepEqual([host.place, await host.editorUri()], ['web', WEB_URI]);
      }
    }
  });
});
