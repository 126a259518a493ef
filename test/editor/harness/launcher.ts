import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { isReport } from '../suite/sentences.ts';
import { openWorkbench, type Workbench } from './browser.ts';
import { startEditor } from './editor.ts';

/**
 * Takes the flags of a desktop VS Code that runs a suite, runs it in VS Code's server and a headless Chromium, and ends
 * with the suite's exit code. `DATA_PASSPORT_EDITOR_CONSOLE=1` shows the editor's own console as well.
 */
async function launch(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    // The desktop's other flags (sandbox, updates, welcome page) mean nothing here.
    strict: false,
    allowPositionals: true,
    options: {
      extensionDevelopmentPath: { type: 'string', multiple: true },
      extensionTestsPath: { type: 'string' },
      'user-data-dir': { type: 'string' },
    },
  });
  const testsPath = values.extensionTestsPath;
  const userData = values['user-data-dir'];
  if (typeof testsPath !== 'string') throw new Error('Only --extensionTestsPath=<module> is run here.');
  const [folder] = positionals;
  const editor = await startEditor({
    testsPath,
    developmentExtensions: (values.extensionDevelopmentPath ?? []).map(String),
    settings: typeof userData === 'string' ? await settingsIn(userData) : {},
    ...(folder !== undefined && { folder }),
  });
  let workbench: Workbench | undefined;
  try {
    const ended = Promise.withResolvers<number>();
    workbench = await openWorkbench(editor, {
      async prepare(page) {
        await page.exposeFunction('codeAutomationExit', (code: number) => ended.resolve(code));
        await page.exposeFunction('codeAutomationLog', (_type: string, output: unknown[]) => {
          const line = output.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ');
          // The editor reports its own console here too, without end.
          if (isReport(line) || process.env['DATA_PASSPORT_EDITOR_CONSOLE']) console.log(line);
        });
        page.once('crash', () => ended.reject(new Error('The editor page crashed.')));
        page.once('close', () => ended.reject(new Error('The editor page was closed.')));
      },
    });
    return await ended.promise;
  } finally {
    await workbench?.close();
    await editor.close();
  }
}

async function settingsIn(userData: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(userData, 'User', 'settings.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, unknown>;
}

process.exitCode = await launch(process.argv.slice(2));
