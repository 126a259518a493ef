import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run } from './run.ts';

const version = '4.139.1';
const project = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(project, '.cache');
const home = join(cache, `code-server-${version}`);

export interface CodeServer {
  /** Folder of VS Code's own server inside code-server. */
  readonly root: string;
  /** Entry point of that server, to be run with `node`. */
  readonly serverMain: string;
  /** The Node that runs it: code-server wants the major version that the project uses. */
  readonly node: string;
}

/**
 * Brings code-server from npm into the project's cache folder, once.
 *
 * It is built under a temporary name and renamed at the end, so an interrupted run leaves nothing that looks complete.
 *
 * @throws Error when npm fails
 */
export async function ensureCodeServer(): Promise<CodeServer> {
  const root = vscodeFolder(home);
  const found = { root, serverMain: join(root, 'out', 'server-main.js'), node: projectNode() };
  if (existsSync(found.serverMain)) return found;

  await removeAbandoned();
  const partial = `${home}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await install(partial);
    // Somebody else may have finished first; theirs is as good.
    await rename(partial, home).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(found.serverMain)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return found;
}

async function install(folder: string): Promise<void> {
  const npm = 'npm';
  // A surrounding `npm run` must not turn this into an installation in the project's own folder.
  const env = { ...process.env, npm_config_local_prefix: undefined, PATH: pathWithProjectNode() };
  const quiet = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');

  console.log(`> bringing code-server ${version} from npm (once, about 600 MB)`);
  const place = { cwd: folder, env };
  await run(npm, ['install', `code-server@${version}`, '--ignore-scripts', ...quiet, `--prefix=${folder}`], place);

  console.log('> installing the packages of its VS Code server');
  const vscode = vscodeFolder(folder);
  const inside = { cwd: vscode, env };
  await run(npm, ['install', '--omit=dev', '--ignore-scripts', ...quiet, `--prefix=${vscode}`], inside);

  console.log('> compiling its logger');
  await run(npm, ['rebuild', '@vscode/spdlog', '--loglevel=error', `--prefix=${vscode}`], inside).catch(
    (error: Error) => console.log(`  not possible here, so the editor writes no log files: ${error.message}`),
  );
}

/** Removes what interrupted runs left: folders named after a process that no longer runs. */
async function removeAbandoned(): Promise<void> {
  const prefix = `code-server-${version}.partial-`;
  const names = await readdir(cache).catch(() => []);
  const dead = names.filter((name) => name.startsWith(prefix) && !isRunning(Number(name.slice(prefix.length))));
  await Promise.all(dead.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function vscodeFolder(folder: string): string {
  return join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
}

function projectNode(): string {
  const own = join(project, 'node_modules', '.bin', 'node');
  return existsSync(own) ? own : process.execPath;
}

function pathWithProjectNode(): string {
  const separator = process.platform === 'win32' ? ';' : ':';
  return [dirname(projectNode()), process.env['PATH'] ?? ''].join(separator);
}
