import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runTests, TestRunFailedError } from '@vscode/test-electron';

import { quietSettings } from './editor.ts';
import { bundle } from './packages.ts';

export interface SuiteOptions {
  /** TypeScript module that exports `run()`; it is bundled. */
  readonly suite: string;
  /** Folder of the extension under test, built. */
  readonly extension: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Executable of a desktop VS Code; otherwise one is downloaded. Only for {@link runOnDesktop}. */
  readonly desktop?: string;
}

/** Runs a suite inside the extension host of VS Code's server. Returns its exit code. */
export function runInServer(options: SuiteOptions): Promise<number> {
  return runSuite(options, fileURLToPath(new URL('launcher', import.meta.url)));
}

/**
 * Runs the same suite in a desktop VS Code. Returns its exit code.
 *
 * @throws Error when none is given and none can be downloaded
 */
export function runOnDesktop(options: SuiteOptions): Promise<number> {
  return runSuite(options, options.desktop);
}

async function runSuite(options: SuiteOptions, executable: string | undefined): Promise<number> {
  // Short: the editor makes sockets below it, and macOS allows 104 characters.
  const base = await mkdtemp(join(tmpdir(), 'dp-'));
  try {
    const testsPath = join(base, 'suite.cjs');
    await bundle(options.suite, testsPath);
    const user = join(base, 'user-data', 'User');
    const workspace = join(base, 'workspace');
    await Promise.all([mkdir(user, { recursive: true }), mkdir(workspace)]);
    await writeFile(join(user, 'settings.json'), JSON.stringify({ ...quietSettings, ...options.settings }));
    return await runTests({
      ...(executable !== undefined && { vscodeExecutablePath: executable }),
      extensionDevelopmentPath: options.extension,
      extensionTestsPath: testsPath,
      extensionTestsEnv: { ...options.env },
      launchArgs: [
        workspace,
        `--user-data-dir=${join(base, 'user-data')}`,
        `--extensions-dir=${join(base, 'extensions')}`,
        '--disable-extensions',
      ],
    });
  } catch (error) {
    if (error instanceof TestRunFailedError && error.code !== undefined) return error.code;
    throw error;
  } finally {
    await rm(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
