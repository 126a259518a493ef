import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { run } from '../../scripts/tools/run.ts';
import type { LabPostgres } from '../lab/postgres/index.ts';
import { peerUser } from './lab.ts';
import { openLine } from './line.ts';
import type { McpPlace, ToolCall } from './mcp.ts';

/** Where the peers are installed. */
export const peerHome = fileURLToPath(new URL('../../.cache/bench-peers/', import.meta.url));
const wanted = { '@toolbox-sdk/server': '1.12.0', '@bytebase/dbhub': '1.4.0', 'mcp-remote': '0.15.1' };

/** Another MCP server for PostgreSQL, as its own README starts it. */
export interface Peer {
  readonly name: string;
  readonly call: (sql: string) => ToolCall;
  /** Starts it against this server. The port is open when this resolves. */
  start(postgres: LabPostgres): Promise<RunningPeer>;
}

export interface RunningPeer extends McpPlace {
  readonly pid: number;
  close(): Promise<void>;
}

export interface Peers {
  /** MCP servers for PostgreSQL. */
  readonly servers: readonly Peer[];
  /** The entry of mcp-remote, which relays to a remote server. */
  readonly mcpRemote: string | undefined;
}

/** Installs the peers once. Says what is missing and goes on with the rest. */
export async function bringPeers(say: (line: string) => void, remark: (line: string) => void): Promise<Peers> {
  const missing = Object.entries(wanted).filter(([name]) => !existsSync(join(peerHome, 'node_modules', name)));
  if (missing.length > 0) {
    const names = missing.map(([name, version]) => `${name}@${version}`);
    say(`installing ${names.join(' and ')} from npm into .cache/bench-peers (430 MB for all, once)`);
    await mkdir(peerHome, { recursive: true });
    // npm would take away what a new one does not name.
    const manifest = join(peerHome, 'package.json');
    if (!existsSync(manifest)) await writeFile(manifest, '{ "private": true }\n');
    for (const name of names) {
      // One that can not be had does not keep the other away. A surrounding `npm run` must not redirect the installation.
      const env = { ...process.env, npm_config_local_prefix: undefined };
      await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', name], { cwd: peerHome, env }).catch(
        (error: unknown) => {
          console.error(error);
          remark(`Without ${name}: npm could not install it.`);
        },
      );
    }
  }
  const mcpRemote = join(peerHome, 'node_modules/mcp-remote/dist/proxy.js');
  return {
    servers: [toolbox, dbhub].filter(({ program }) => existsSync(program)),
    mcpRemote: existsSync(mcpRemote) ? mcpRemote : undefined,
  };
}

const toolbox: Peer & { readonly program: string } = {
  name: 'MCP Toolbox 1.12.0',
  program: join(peerHome, 'node_modules/.bin/toolbox'),
  call: (sql) => ({ name: 'execute_sql', arguments: { sql } }),
  start: ({ host, port, database }) =>
    launch(toolbox.program, (own) => ({
      args: ['--prebuilt', 'postgres', '--port', String(own), '--disable-version-check'],
      env: {
        POSTGRES_HOST: host,
        POSTGRES_PORT: String(port),
        POSTGRES_DATABASE: database,
        POSTGRES_USER: peerUser.name,
        POSTGRES_PASSWORD: peerUser.password,
      },
    })),
};

const dbhub: Peer & { readonly program: string } = {
  name: 'dbhub 1.4.0',
  program: join(peerHome, 'node_modules/.bin/dbhub'),
  call: (sql) => ({ name: 'execute_sql', arguments: { sql } }),
  start: ({ host, port, database }) =>
    launch(dbhub.program, (own) => ({
      args: ['--transport', 'http', '--host', '127.0.0.1', '--port', String(own)],
      // The password would be seen among the arguments.
      env: { DSN: `postgres://${peerUser.name}:${peerUser.password}@${host}:${port}/${database}?sslmode=disable` },
    })),
};

type Command = (port: number) => { args: readonly string[]; env: Record<string, string> };

async function launch(program: string, command: Command): Promise<RunningPeer> {
  const port = await freePort();
  const { args, env } = command(port);
  const child = spawn(program, args, {
    cwd: peerHome,
    // A group of its own: both are small programs that start the real one.
    detached: true,
    env: { PATH: process.env['PATH'], HOME: peerHome, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000);
    });
  }
  const onExit = (): void => killGroup(child);
  process.once('exit', onExit);
  const close = async (): Promise<void> => {
    process.off('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    killGroup(child);
    await gone;
  };
  const address = { host: '127.0.0.1', port };
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      (await openLine(address)).cut();
      return { pid: child.pid ?? 0, address, path: '/mcp', headers: {}, close };
    } catch {
      if (child.exitCode === null && Date.now() < end) {
        await delay(3);
        continue;
      }
      await close();
      throw new Error(`${program} does not listen: ${output}`);
    }
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return address.port;
}
