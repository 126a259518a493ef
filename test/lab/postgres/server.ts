import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chown, cp, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { PostgresPrograms } from './packages.ts';

const run = promisify(execFile);

/** The user that a server runs as; absent where that is ourselves. PostgreSQL refuses to run as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL server process that can be stopped and started again on the same port and data. */
export interface ServerProcess {
  readonly port: number;
  start(): Promise<void>;
  /** Ends every session, as `pg_ctl stop -m fast` does. */
  stop(): Promise<void>;
}

export interface ServerSettings {
  readonly programs: PostgresPrograms;
  /** Private folder of this server; holds data and socket. */
  readonly home: string;
  readonly owner: Owner | undefined;
  /** Absent: any free one. */
  readonly port: number | undefined;
  /** Settings beside those for a lab, as in postgresql.conf. */
  readonly settings: Readonly<Record<string, string>>;
}

const portTaken = /could not bind|Address already in use/;

export function unprivilegedOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = ['postgres', 'nobody'].flatMap((name) => entries.filter(([user]) => user === name))[0];
  if (!entry) throw new Error('PostgreSQL refuses to run as root, and there is no user postgres or nobody');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Programs that `owner` can run: copied into `home` when the repository lies where only its user may look. */
export async function runnablePrograms(
  programs: PostgresPrograms,
  home: string,
  owner: Owner | undefined,
): Promise<PostgresPrograms> {
  const runs = await run(join(programs.bin, 'postgres'), ['--version'], { ...owner, cwd: home }).then(
    () => true,
    () => false,
  );
  if (runs || programs.movable === undefined) return programs;
  await cp(programs.movable, join(home, 'programs'), { recursive: true, verbatimSymlinks: true });
  return { bin: join(home, 'programs/bin') };
}

/** Makes the data directory. The one superuser is `postgres`, reachable through the socket in the private folder only. */
export async function initialize({ programs, home, owner }: ServerSettings): Promise<void> {
  await mkdir(join(home, 'data'), { mode: 0o700 });
  if (owner) await chown(join(home, 'data'), owner.uid, owner.gid);
  const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(programs.bin, 'initdb'), ['--pgdata', join(home, 'data'), ...options], { ...owner, cwd: home });
}

export async function serverProcess(server: ServerSettings): Promise<ServerProcess> {
  const { home, owner } = server;
  let child: ChildProcess | undefined;
  let port = server.port ?? (await freePort());
  let known = false;

  // A server that outlives its test would hold memory and a port for ever.
  const onExit = (): void => void child?.kill('SIGQUIT');

  /** Resolves to true when the server accepts connections, false when the port is taken. */
  async function launch(): Promise<boolean> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: home,
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '16MB',
      max_connections: '60',
      timezone: 'UTC',
      ...server.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const { command, prefix, as } = asOwner(join(server.programs.bin, 'postgres'), owner);
    const started = spawn(command, [...prefix, '-D', join(home, 'data'), ...args], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      ...as,
    });
    child = started;
    process.once('exit', onExit);
    let log = '';
    const ready = await new Promise<boolean>((resolve, reject) => {
      started.once('error', reject);
      started.once('exit', () => resolve(false));
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-8_192);
        if (log.includes('database system is ready to accept connections')) resolve(true);
      });
    });
    if (ready) return true;
    child = undefined;
    process.off('exit', onExit);
    if (portTaken.test(log)) return false;
    throw new Error(`PostgreSQL did not start: ${log.trim()}`);
  }

  async function start(): Promise<void> {
    if (child) return;
    for (let attempt = 1; !(await launch()); attempt += 1) {
      if (attempt === 10) throw new Error(`Port ${port} of 127.0.0.1 is taken`);
      // Clients know the port after the first start.
      if (server.port === undefined && !known) port = await freePort();
      else await sleep(200);
    }
    known = true;
  }

  async function stop(): Promise<void> {
    const stopping = child;
    if (!stopping) return;
    child = undefined;
    process.off('exit', onExit);
    if (stopping.exitCode !== null || stopping.signalCode !== null) return;
    const gone = once(stopping, 'exit');
    stopping.kill('SIGINT');
    const late = setTimeout(() => stopping.kill('SIGQUIT'), 5_000);
    await gone;
    clearTimeout(late);
  }

  return {
    get port() {
      return port;
    },
    start,
    stop,
  };
}

/** Where setpriv is there, the kernel ends the server with us, even when we are killed outright. */
function asOwner(program: string, owner: Owner | undefined): { command: string; prefix: string[]; as: Partial<Owner> } {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (setpriv === undefined) return { command: program, prefix: [], as: { ...owner } };
  const user = owner ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
  return { command: setpriv, prefix: [...user, '--pdeathsig=QUIT', '--', program], as: {} };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('No port');
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return address.port;
}
