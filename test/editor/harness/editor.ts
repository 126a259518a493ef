import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { ensureCodeServer, type CodeServer } from '../../../scripts/tools/codeServer.ts';
import { run } from '../../../scripts/tools/run.ts';
import { scriptedVendor } from '../driver/protocol.ts';
import { startFront } from './front.ts';

export interface EditorOptions {
  /** Packaged extensions to install, one after the other. */
  readonly vsix?: string | readonly string[];
  /** Folders of extensions to load as they lie there. */
  readonly developmentExtensions?: readonly string[];
  /** Module whose `run()` the extension host calls; the page then learns its exit code. Every modal dialog is refused. */
  readonly testsPath?: string;
  /** User settings, on top of {@link quietSettings}. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Further files below the user data folder's `User`, as JSON: `chatLanguageModels.json`, `mcp.json`. */
  readonly userFiles?: Readonly<Record<string, unknown>>;
  /** Folder to open; an empty one of its own unless told otherwise. */
  readonly folder?: string;
  readonly port?: number;
  readonly host?: string;
  /** See the front's options. */
  readonly key?: string;
  readonly prefix?: string;
  readonly webOptions?: Readonly<Record<string, unknown>>;
  /** Added to the environment of the server and so of the extension host. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where everything is kept; a fresh temporary folder unless told otherwise. A folder that is given is never removed. */
  readonly dir?: string;
  readonly keepDir?: boolean;
  /** Whether opened folders are trusted without a question; true unless told otherwise. */
  readonly trustWorkspaces?: boolean;
  readonly logLevel?: 'info' | 'debug' | 'trace';
}

export interface EditorDirs {
  readonly base: string;
  readonly userData: string;
  readonly extensions: string;
  /** `HOME` of the editor and its extensions. */
  readonly home: string;
  readonly workspace: string;
}

export interface RunningEditor {
  /** Opens the workspace; works in any browser. */
  readonly url: string;
  readonly dirs: EditorDirs;
  readonly serverProcess: ChildProcess;
  /** What the server has written to its console so far. */
  output(): string;
  /** Paths of all log files that exist now. */
  logs(): Promise<string[]>;
  /** Ends the server and every process below it, and removes the temporary folder. */
  close(): Promise<void>;
}

/** Settings that keep a fresh editor from welcoming, asking, updating and calling home. */
export const quietSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'editor.accessibilitySupport': 'off',
  'window.confirmBeforeClose': 'never',
  'workbench.reduceMotion': 'on',
  'chat.byokUtilityModelDefault': 'mainAgent',
  // Else the editor announces every port that an extension opens.
  'remote.autoForwardPorts': false,
  'security.workspace.trust.banner': 'never',
};

/** What an editor needs besides so that its agent answers with the driver's scripted model and asks nobody to sign in. */
export const agentOptions = {
  // The built-in chat extension stays off in a fresh editor unless the page says otherwise.
  webOptions: { enabledExtensions: ['GitHub.copilot-chat'] },
  // A model of the user's own makes the sign-in dialog go away.
  userFiles: { 'chatLanguageModels.json': [{ vendor: scriptedVendor, name: 'Scripted' }] },
} as const;

/**
 * Starts VS Code's server from a fresh data folder, with the given extensions and settings, behind a front for browsers.
 *
 * The caller owns the result and must close it, also when a test fails.
 *
 * @throws Error when an extension can't be installed or the server does not come up; nothing is left running then
 */
export async function startEditor(options: EditorOptions): Promise<RunningEditor> {
  const codeServer = await ensureCodeServer();
  const base = options.dir ? resolve(options.dir) : await mkdtemp(join(tmpdir(), 'data-passport-editor-'));
  const dirs: EditorDirs = {
    base,
    userData: join(base, 'user-data'),
    extensions: join(base, 'extensions'),
    home: join(base, 'home'),
    workspace: options.folder ? resolve(options.folder) : join(base, 'workspace'),
  };
  const remove = async (): Promise<void> => {
    if (options.dir || options.keepDir) return;
    await rm(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const front = await startFront({ ...options, webOptions: pageOptions(options) }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  try {
    await writeUserFiles(dirs, options);
    const env = environment(dirs, options.env ?? {});
    const common = commonArguments(codeServer, dirs);
    const installs = [options.vsix ?? []].flat().map((path) => `--install-extension=${resolve(path)}`);
    if (installs.length > 0) await run(codeServer.node, [...common, ...installs], { env, timeout: 120_000 });
    const started = await startServer(codeServer, [...common, ...serverArguments(options)], env);
    front.serve(started.port);
    const url = new URL(front.url);
    url.searchParams.set('folder', dirs.workspace);
    return {
      url: url.href,
      dirs,
      serverProcess: started.process,
      output: started.output,
      logs: () => logFiles(dirs.userData),
      async close() {
        await front.close();
        await endTree(started.process);
        await remove();
      },
    };
  } catch (error) {
    await front.close();
    await remove();
    throw error;
  }
}

function pageOptions(options: EditorOptions): Record<string, unknown> {
  // The page takes the authority "remote" for the server that it came from.
  const remote = (path: string): Record<string, string> => ({
    scheme: 'vscode-remote',
    authority: 'remote',
    path: resolve(path),
  });
  const developmentOptions = {
    ...(options.developmentExtensions && { extensions: options.developmentExtensions.map(remote) }),
    ...(options.testsPath && { extensionTestsPath: remote(options.testsPath) }),
  };
  // The page would call home, and asks for a service worker that only code-server's own command serves.
  const productConfiguration = { enableTelemetry: false, telemetryEndpoint: undefined, serviceWorker: undefined };
  return { productConfiguration, ...options.webOptions, developmentOptions };
}

async function writeUserFiles(dirs: EditorDirs, options: EditorOptions): Promise<void> {
  const user = join(dirs.userData, 'User');
  for (const folder of [user, dirs.extensions, dirs.home, dirs.workspace]) await mkdir(folder, { recursive: true });
  const files = { ...options.userFiles, 'settings.json': { ...quietSettings, ...options.settings } };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(user, name), JSON.stringify(content, undefined, 2));
  }
}

function environment(
  dirs: EditorDirs,
  added: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(
    // A surrounding editor or test runner would change how this one behaves.
    ([name]) => !/^(?:VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_TEST_|npm_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: dirs.home,
    XDG_CONFIG_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    XDG_DATA_HOME: undefined,
    EXTENSIONS_GALLERY: '{}',
    ...added,
  };
}

function commonArguments(codeServer: CodeServer, dirs: EditorDirs): string[] {
  return [
    codeServer.serverMain,
    '--accept-server-license-terms',
    `--server-data-dir=${dirs.userData}`,
    `--user-data-dir=${dirs.userData}`,
    `--extensions-dir=${dirs.extensions}`,
  ];
}

function serverArguments(options: EditorOptions): string[] {
  return [
    '--host=127.0.0.1',
    '--port=0',
    // The front keeps strangers out; this port is nobody's but the front's.
    '--without-connection-token',
    '--telemetry-level=off',
    '--disable-update-check',
    '--disable-getting-started-override',
    `--log=${options.logLevel ?? 'info'}`,
    ...((options.trustWorkspaces ?? true) ? ['--disable-workspace-trust'] : []),
    // Without it a built product ignores extensions in development and test entries.
    ...(options.developmentExtensions || options.testsPath ? ['--enable-smoke-test-driver'] : []),
  ];
}

interface StartedServer {
  readonly process: ChildProcess;
  readonly port: number;
  readonly output: () => string;
}

async function startServer(
  codeServer: CodeServer,
  args: readonly string[],
  env: Record<string, string | undefined>,
): Promise<StartedServer> {
  const server = spawn(codeServer.node, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  // A test run that is cut short must not leave an editor behind.
  const endWithUs = (): void => killGroup(server, 'SIGKILL');
  const endBySignal = (signal: NodeJS.Signals): void => {
    endWithUs();
    // Ours was the only listener: do what the signal does without one.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  process.once('exit', endWithUs);
  for (const signal of signals) process.once(signal, endBySignal);
  server.once('exit', () => {
    process.off('exit', endWithUs);
    for (const signal of signals) process.off(signal, endBySignal);
  });

  let text = '';
  const port = await new Promise<number>((done, fail) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const port = /Extension host agent listening on (?<port>\d+)/.exec(text)?.groups?.['port'];
      if (port) done(Number(port));
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('error', fail);
    server.once('exit', (code) => fail(new Error(`VS Code's server ended with code ${code}:\n${text}`)));
  });
  return { process: server, port, output: () => text };
}

/** Ends a process that was started detached, with everything in its group: first asking, then not. */
async function endTree(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((done) => child.once('exit', done));
    killGroup(child, 'SIGTERM');
    const patience = setTimeout(() => killGroup(child, 'SIGKILL'), 5000);
    await gone;
    clearTimeout(patience);
  }
  // Extension hosts and their children are in the same group and may outlive the server.
  killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

async function logFiles(userData: string): Promise<string[]> {
  const entries = await readdir(userData, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
