import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ensureCodeServer } from '../../scripts/tools/codeServer.ts';
import { openWorkbench } from '../editor/harness/browser.ts';
import { startDriver } from '../editor/harness/driver.ts';
import { startEditor } from '../editor/harness/editor.ts';
import { packTestExtension } from '../editor/harness/packages.ts';
import { type Spread, spread } from './statistics.ts';

export interface ActivationFigures {
  readonly name: string;
  /** Milliseconds, from the editor's own Startup Performance page. */
  readonly load: Spread;
  readonly call: Spread;
  /** What follows asynchronously. */
  readonly finish: Spread;
  readonly total: Spread;
  /** Bytes of the extension's main file. */
  readonly bytes: number;
}

const own = 'data-passport.data-passport';
const peers = ['vscode.github-authentication', 'vscode.microsoft-authentication'];

/** Starts a fresh editor each time, with the package installed, and reads what the editor itself has measured. */
export async function measureActivation(
  { vsix, extensionBytes }: { vsix: string; extensionBytes: number },
  times: number,
): Promise<ActivationFigures[]> {
  const rows = new Map<string, Row[]>([own, ...peers].map((name) => [name, []]));
  const driverExtension = await packTestExtension('driver');
  try {
    for (let turn = 0; turn < times; turn += 1) {
      const text = await startupPage([vsix, driverExtension.vsix]);
      for (const [name, list] of rows) {
        const row = rowOf(text, name);
        if (row) list.push(row);
      }
    }
  } finally {
    await driverExtension.remove();
  }
  const { root } = await ensureCodeServer();
  const figures: ActivationFigures[] = [];
  for (const [name, list] of rows) {
    if (list.length === 0) continue;
    const built = join(root, 'extensions', name.replace('vscode.', ''), 'dist/extension.js');
    const bytes =
      name === own
        ? extensionBytes
        : await stat(built).then(
            ({ size }) => size,
            () => Number.NaN,
          );
    figures.push({
      name,
      load: spread(list.map(({ load }) => load)),
      call: spread(list.map(({ call }) => call)),
      finish: spread(list.map(({ finish }) => finish)),
      total: spread(list.map(({ load, call, finish }) => load + call + finish)),
      bytes,
    });
  }
  return figures;
}

/** The text of "Developer: Startup Performance", which holds the times of every extension. */
async function startupPage(vsix: readonly string[]): Promise<string> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const driver = await startDriver();
    closers.push(() => driver.close());
    const editor = await startEditor({ vsix, env: driver.env, settings: {} });
    closers.push(() => editor.close());
    const workbench = await openWorkbench(editor, { pictures: 'bench' });
    closers.push(() => workbench.close());
    const window = await driver.window();
    // The editor's own extensions start when somebody asks for an account of theirs.
    for (const provider of ['github', 'microsoft']) {
      await window.getSession(provider, ['user:email'], { silent: true }).catch(() => undefined);
    }
    await window.evaluate(async (api, id) => {
      await api.extensions.getExtension(id)?.activate();
    }, own);
    await delay(1000);
    await window.executeCommand('perfview.show');
    for (let tries = 0; tries < 50; tries += 1) {
      const text = await window.evaluate(
        (api) => api.workspace.textDocuments.find(({ uri }) => uri.scheme === 'perf')?.getText() ?? '',
        undefined,
      );
      if (text.includes('Extension Activation Stats') && rowOf(text, own)) return text;
      await delay(100);
    }
    throw new Error('The editor shows no Startup Performance page.');
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

interface Row {
  readonly load: number;
  readonly call: number;
  readonly finish: number;
}

/** `| Extension | Eager | Load Code | Call Activate | Finish Activate | Event | By |` */
function rowOf(page: string, extension: string): Row | undefined {
  const line = page.split('\n').find((each) => each.split('|')[1]?.trim() === extension);
  if (line === undefined) return undefined;
  const [load = Number.NaN, call = Number.NaN, finish = Number.NaN] = line.split('|').slice(3, 6).map(Number);
  return { load, call, finish };
}
