import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connectors } from '../../../src/connectors/index.ts';
import type { WireConnection, WireCredential } from '../../../src/core/link.ts';
import type { McpPlace } from '../mcp.ts';
import { peerHome } from '../peers.ts';

/** How a program is started that speaks MCP over its standard input and output. */
export interface McpProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A remote MCP server in a process of its own, and what stands before it. */
export interface RemoteGround {
  readonly upstream: McpPlace & { readonly pid: number };
  readonly bareProxy: McpPlace & { readonly pid: number };
  /** Absent where npm could not install it. */
  readonly mcpRemote: McpProgram | undefined;
  /** What the gateway is told of the server: by default, and by its being trusted. */
  readonly connections: readonly WireConnection[];
  readonly credential: () => Promise<WireCredential>;
  close(): Promise<void>;
}

/** @param program mcp-remote, where it is there. Whoever starts it closes it. */
export async function startRemoteGround(program: string | undefined): Promise<RemoteGround> {
  // As long as a token of an identity provider.
  const token = randomBytes(600).toString('base64url');
  const folder = await mkdtemp(join(tmpdir(), 'dp-remote-'));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (name: string, message: string | object): Promise<{ pid: number; port: number }> => {
    const child = fork(new URL(name, import.meta.url), []);
    children.push(child);
    child.send(message);
    const [port] = (await once(child, 'message')) as [number];
    return { pid: child.pid ?? 0, port };
  };
  const placeAt = ({ pid, port }: { pid: number; port: number }, headers: McpPlace['headers']) => ({
    pid,
    address: { host: '127.0.0.1', port },
    path: '/mcp',
    headers,
  });
  try {
    const upstream = await start('upstream.ts', token);
    const bareProxy = await start('bareProxy.ts', { port: upstream.port, token });
    const url = `http://127.0.0.1:${upstream.port}/mcp`;
    return {
      upstream: placeAt(upstream, { authorization: `Bearer ${token}` }),
      bareProxy: placeAt(bareProxy, {}),
      mcpRemote: program === undefined ? undefined : await mcpRemote(program, { url, token, folder }),
      connections: [wire('guarded', { url }), wire('trusted', { url, trusted: true })],
      credential: () =>
        Promise.resolve({
          id: 'bench',
          fields: { kind: 'bearer', token },
          expiresAt: Date.now() + 3_600_000,
          subject: 'alice',
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As its own README says, with the token in a file: it needs no sign-in then. */
async function mcpRemote(
  program: string,
  { url, token, folder }: { url: string; token: string; folder: string },
): Promise<McpProgram> {
  const headers = join(folder, 'headers');
  await writeFile(headers, `Authorization: Bearer ${token}\n`, { mode: 0o600 });
  return {
    command: process.execPath,
    args: [program, url, '--transport', 'http-only', '--allow-http', '--header-file', headers],
    env: { PATH: process.env['PATH'] ?? '', HOME: peerHome },
  };
}

const type = 'mcp/generic';

function wire(id: string, settings: object): WireConnection {
  const connector = connectors[type];
  if (!connector) throw new Error(`There is no connector ${type}.`);
  return {
    id,
    title: id,
    type,
    identityProvider: 'lab',
    shared: false,
    binding: 'lab',
    settings: connector.settings.parse(settings),
    // Above what is measured: an answer that is cut would be a smaller one.
    limits: { rows: 200, cellLength: 2000, bytes: 8_000_000, seconds: 60 },
    subject: 'alice',
  };
}
