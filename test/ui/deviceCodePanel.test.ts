import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { mock, test } from 'node:test';

import type * as Panel from '../../src/ui/deviceCodePanel.ts';

/** As much of the editor as the panel may touch; the panel under test is the newest one. */
interface Editor {
  panel: ReturnType<typeof fakePanel>;
  clipboard: string[];
  options: unknown;
}

function fakePanel() {
  const told: { left?: string; note?: string; over?: boolean }[] = [];
  let onWord: (word: string) => void = () => undefined;
  let onGone: () => void = () => undefined;
  let gone = false;
  const alive = (): void => assert.ok(!gone, 'the editor throws when a closed panel is touched');
  const webview = {
    html: '',
    onDidReceiveMessage: (listener: (word: string) => void) => (onWord = listener),
    async postMessage(message: object) {
      alive();
      told.push(message);
    },
  };
  return {
    told,
    says: (word: string) => onWord(word),
    html: () => webview.html,
    isGone: () => gone,
    get visible() {
      alive();
      return true;
    },
    get webview() {
      alive();
      return webview;
    },
    onDidDispose: (listener: () => void) => (onGone = listener),
    dispose() {
      if (gone) return;
      gone = true;
      onGone();
    },
  };
}

const editor: Editor = { panel: fakePanel(), clipboard: [], options: undefined };
Object.assign(globalThis, {
  fakeVscode: {
    ViewColumn: { Active: -1 },
    l10n: {
      t: (text: string, ...values: unknown[]) =>
        text.replace(/\{(\d)\}/g, (_, index: string) => String(values[+index])),
    },
    env: { language: 'en', clipboard: { writeText: async (text: string) => void editor.clipboard.push(text) } },
    window: {
      createWebviewPanel(_type: string, _title: string, _column: number, options: unknown) {
        editor.panel = fakePanel();
        editor.options = options;
        return editor.panel;
      },
    },
  },
});
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? {
          url: 'data:text/javascript,export const { ViewColumn, l10n, env, window } = globalThis.fakeVscode;',
          shortCircuit: true,
        }
      : next(specifier, context),
});
const { showDeviceCode } = await import('../../src/ui/deviceCodePanel.ts');

const settled = (): Promise<void> => new Promise(setImmediate);

function shown(overrides: Partial<Panel.DeviceCodeRequest> = {}) {
  const canceled: string[] = [];
  const opened: string[] = [];
  editor.clipboard = [];
  const disposable = showDeviceCode({
    provider: 'Acme',
    code: {
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://login.acme.example/device',
      verificationUriComplete: 'https://login.acme.example/device?user_code=WDJB-MJHT',
      expiresAt: new Date(Date.now() + 65_000),
    },
    browser: { open: async (url) => opened.push(url) > 0 },
    onCancel: () => void canceled.push('canceled'),
    ...overrides,
  });
  return { disposable, canceled, opened, panel: editor.panel };
}

test('the panel shows provider, code and address, and may load nothing', () => {
  const { panel, disposable } = shown();
  assert.match(panel.html(), /<h1>Sign in at Acme<\/h1>/);
  assert.match(panel.html(), /WDJB-MJHT/);
  assert.match(panel.html(), />https:\/\/login\.acme\.example\/device</);
  assert.deepEqual(editor.options, { enableScripts: true, localResourceRoots: [] });
  disposable.dispose();
});

test('its button copies the code and opens the page that holds it', async () => {
  const { panel, opened, disposable } = shown();
  panel.says('open');
  await settled();
  assert.deepEqual(opened, ['https://login.acme.example/device?user_code=WDJB-MJHT']);
  assert.deepEqual(editor.clipboard, ['WDJB-MJHT']);
  assert.deepEqual(panel.told, [{ note: 'The code is in the clipboard.' }]);
  disposable.dispose();
});

test('F40: it says so when no browser could be opened, and the address is there to read', async () => {
  const { panel, disposable } = shown({ browser: { open: () => Promise.reject(new Error('no browser')) } });
  panel.says('open');
  await settled();
  assert.match(panel.told[0]?.note ?? '', /No browser could be opened/);
  disposable.dispose();
});

test('canceling and closing end the sign-in once; the end of the sign-in cancels nothing', async () => {
  const button = shown();
  button.panel.says('cancel');
  button.disposable.dispose();
  assert.deepEqual([button.panel.isGone(), button.canceled], [true, ['canceled']]);
  const closed = shown();
  closed.panel.dispose();
  closed.disposable.dispose();
  assert.deepEqual(closed.canceled, ['canceled']);
  const ended = shown();
  ended.disposable.dispose();
  assert.deepEqual([ended.panel.isGone(), ended.canceled], [true, []]);
});

test('a closed panel is not touched any more, even while the browser is being opened', async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { panel, disposable } = shown({ browser: { open: () => promise } });
  panel.says('open');
  await settled();
  disposable.dispose();
  resolve(true);
  await settled();
  assert.deepEqual(panel.told, []);
});

test('it counts down, and says once that the code has expired', () => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() });
  const { panel, disposable } = shown();
  panel.says('ready');
  mock.timers.tick(5_000);
  assert.deepEqual([panel.told[0], panel.told.at(-1)], [{ left: '1:05 left' }, { left: '1:00 left' }]);
  mock.timers.tick(70_000);
  const over = panel.told.filter((message) => message.over);
  assert.deepEqual(over, [{ left: '', note: 'This code has expired. Sign in again for a new one.', over: true }]);
  // Drawn anew after it had been hidden: the new page knows nothing yet.
  panel.says('ready');
  assert.equal(panel.told.filter((message) => message.over).length, 2);
  disposable.dispose();
  mock.timers.reset();
});
