import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startEditor } from '../test/editor/harness/editor.ts';
import { startLab } from '../test/lab/index.ts';
import { labModelVendor, labModelVsix } from '../test/lab/model/pack.ts';
import { vsix } from './package.ts';
import { ensureCodeServer } from './tools/codeServer.ts';
import { run } from './tools/run.ts';

const friendlyPort = 8080;
const loopback = new Set(['127.0.0.1', 'localhost']);

/** The path of a socket has 103 characters at most on macOS, whose folder for temporary files takes half of them. */
const place = process.platform === 'darwin' ? '/tmp' : tmpdir();

const help = `npm start [-- options]

Tries Data Passport on this machine: a VS Code in the browser with the extension, an identity provider
with two people, and databases that show each of them their own rows. No account, no cloud.

  --port N       Port of the editor. Default: ${friendlyPort}, or any free one where that is taken.
  --host H       Address to listen on. Default: 127.0.0.1.
  --no-browser   Prints the URL and opens no browser.
  --help         Shows this.`;

interface Options {
  readonly port: number | undefined;
  readonly host: string;
  readonly browser: boolean;
}

/** Settings on top of the tests' quiet ones: the chat in sight, and no other feature in the way. */
const demonstrationSettings = {
  'workbench.secondarySideBar.defaultVisibility': 'visible',
  'workbench.reduceMotion': 'auto',
  'editor.accessibilitySupport': 'auto',
  'chat.commandCenter.enabled': false,
  'chat.tips.enabled': false,
  'chat.viewSessions.enabled': false,
};

/** What is wrong with the command line, in words for whoever typed it. */
class WrongOption extends Error {}

/** @throws WrongOption */
function optionsFrom(args: readonly string[]): Options | 'help' {
  const { port, host, help, 'no-browser': noBrowser } = parsed(args);
  if (help) return 'help';
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) < 65_536)) {
    throw new WrongOption('--port takes a number below 65536.');
  }
  if (host.includes(':')) throw new WrongOption('--host takes a name or an IPv4 address.');
  return { port: port === undefined ? undefined : Number(port), host, browser: !noBrowser };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        'no-browser': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    // After its first sentence Node explains how a file name might be written, and there is none here.
    throw new WrongOption(`${(error as Error).message.split('. ')[0]?.replace(/\.$/, '')}.`);
  }
}

/** Brings everything up, says what to do, and stays until a signal or the end of the process that started it. */
async function start(options: Options): Promise<void> {
  const stopping = stopSignal();
  const closers: (() => Promise<void>)[] = [];
  const step = async <Result>(line: string, work: () => Promise<Result>): Promise<Result> => {
    stopping.throwIfAborted();
    console.log(`> ${line}`);
    return work();
  };
  try {
    const port = await freePort(options);
    const folder = mkdtempSync(join(place, 'dp-start-'));
    const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    // A forced end runs no closers, but this.
    process.once('exit', remove);
    closers.push(async () => remove());

    await step('looking for VS Code (code-server)', ensureCodeServer);
    const temporary = join(folder, 't');
    mkdirSync(temporary);
    const packing = join(folder, 'lab-model');
    await step('packing the extension', () => pack(packing));
    const lab = await step('starting the identity provider, the warehouse and PostgreSQL', () =>
      startLab({ say: (line) => console.log(`> ${line}`) }),
    );
    closers.push(() => lab.close());
    if (lab.withoutPostgres !== undefined) console.log(`  Without PostgreSQL: ${lab.withoutPostgres}`);
    const editor = await step('starting VS Code', () =>
      startEditor({
        vsix: [vsix, labModelVsix(packing)],
        settings: { ...lab.settings, ...demonstrationSettings },
        dir: join(folder, 'editor'),
        // The editor and its extensions leave sockets and caches in the folder for temporary files.
        env: { TMPDIR: temporary, TMP: temporary, TEMP: temporary },
        host: options.host,
        port,
        key: randomBytes(12).toString('hex'),
        webOptions: { enabledExtensions: ['GitHub.copilot-chat'] },
        userFiles: { 'chatLanguageModels.json': [{ vendor: labModelVendor, name: 'Lab Model' }] },
      }),
    );
    closers.push(() => editor.close());
    // After the editor's own exit listener, which ends what still writes there.
    process.off('exit', remove).once('exit', remove);
    stopping.throwIfAborted();

    const url = new URL(editor.url);
    // No folder is needed, and the address stays one that a person can read out.
    url.searchParams.delete('folder');
    console.log(guide(url, lab.postgres !== undefined));
    // A key has no business among a program's arguments; under a name of this machine none is needed.
    if (options.browser && loopback.has(options.host)) openBrowser(url.origin);
    await aborted(stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    for (const close of closers.splice(0).toReversed()) {
      // One that fails must not keep the others from closing.
      await close().catch((error: Error) => console.error(`While stopping: ${error.message}`));
    }
  }
  console.log('Stopped. Nothing is left behind.');
}

/** In processes of their own, because the packer describes every file on the console and can't be told not to. */
async function pack(folder: string): Promise<void> {
  const script = (path: string): string => join(import.meta.dirname, path);
  await Promise.all([
    run(process.execPath, [script('package.ts')]),
    run(process.execPath, [script('../test/lab/model/pack.ts'), folder]),
  ]);
}

function guide(url: URL, postgres: boolean): string {
  return `
Data Passport is ready:  ${url.href}

  Whoever has this address can run programs on this machine. From elsewhere (a forwarded port, another
  name), put that host in place of ${url.hostname}.

  1. Click "Sign In" in the Data Passport view and choose Alice or Bob (no password).
     The command palette (F1) has it too: "Data Passport: Sign In".
  2. Ask in the chat:  Which orders can I see?
  3. F1, "Data Passport: Sign Out". Sign in as the other one and ask again: the rows are theirs.

  Try also:  Who am I?   ·   Show the customers   ·   SELECT count(*) FROM coffee.orders   ·   DELETE FROM coffee.orders

Connections: ${postgres ? 'warehouse (plays Snowflake) and postgres (PostgreSQL 18)' : 'warehouse (plays Snowflake)'}. The model in the chat,
"Rules, not AI", is a small set of rules. No data leaves this machine.

Press Ctrl+C to stop everything.
`;
}

/** Aborts at the first request to stop; a second one, a moment later, ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first = 0;
  const request = (): void => {
    if (!stop.signal.aborted) {
      first = Date.now();
      console.log('\nStopping. Press Ctrl+C again to force it.');
      stop.abort();
      // One press arrives twice where npm passes on what the terminal has sent already.
    } else if (Date.now() - first > 1000) {
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
  // The one who reads the output may be gone first.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // A starter that is killed passes no signal on.
  const starters = whoStartedUs();
  const watch = setInterval(() => {
    if (!starters.every(isRunning)) stop.abort();
  }, 1000);
  watch.unref();
  stop.signal.addEventListener('abort', () => clearInterval(watch));
  return stop.signal;
}

/** The process above this one; under npm its four: the task runner, the bootstrap, a shell that passes no signal on, and npm. */
function whoStartedUs(): readonly number[] {
  const starters = [process.ppid];
  if (process.env['npm_lifecycle_event'] !== 'start' || process.platform === 'win32') return starters;
  try {
    while (starters.length < 4) {
      const parent = execFileSync('ps', ['-o', 'ppid=', '-p', String(starters.at(-1))], { encoding: 'utf8' });
      starters.push(Number(parent));
    }
  } catch {
    // A small system has no `ps`; the nearest one will do.
  }
  return starters.filter((pid) => pid > 1);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** @throws Error when the port that was asked for is taken, or the address is not one of this machine */
async function freePort({ port, host }: Options): Promise<number> {
  const found = await tryPort(port ?? friendlyPort, host).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' && port === undefined) return tryPort(0, host);
    if (error.code === 'EADDRINUSE') throw new Error(`Port ${port} of ${host} is taken.`, { cause: error });
    throw new Error(`Can't listen on ${host}: ${error.message}`, { cause: error });
  });
  return found;
}

function tryPort(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

/** Opens the page where there is a screen; where it can't, the printed URL is enough. */
function openBrowser(url: string): void {
  if (process.env['CI']) return;
  const screen = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'];
  const commands: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
    ...(screen && { linux: ['xdg-open', url] }),
  };
  const [command, ...args] = commands[process.platform] ?? [];
  if (command === undefined) return;
  const browser = spawn(command, args, { stdio: 'ignore', detached: true });
  browser.once('error', () => undefined);
  browser.unref();
}

async function main(args: readonly string[]): Promise<void> {
  try {
    const options = optionsFrom(args);
    if (options === 'help') console.log(help);
    else await start(options);
    process.exitCode = 0;
  } catch (error) {
    const wrong = error instanceof WrongOption;
    console.error(wrong ? `${error.message}\n\n${help}` : `npm start failed: ${(error as Error).message}`);
    process.exitCode = wrong ? 2 : 1;
  }
  // Nothing that is left in the event loop may keep a finished demonstration.
  process.exit();
}

if (import.meta.main) await main(process.argv.slice(2));
