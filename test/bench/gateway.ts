import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type Listen,
  LINK_VERSION,
  type ToExtension,
  type ToGateway,
  type WireConnection,
  type WireCredential,
} from '../../src/core/link.ts';
import { gatewayFlags } from '../../src/extension/gatewayChild.ts';
import type { McpPlace } from './mcp.ts';

export interface GatewayOptions {
  /** The bundled entry. */
  readonly entry: string;
  readonly over: 'socket' | 'tcp';
  readonly connections: readonly WireConnection[];
  readonly credential: (connection: string) => Promise<WireCredential>;
}

/** The gateway as a child process, started as the extension starts it (src/extension/gatewayChild.ts). */
export interface BenchGateway extends McpPlace {
  readonly pid: number;
  /** What the end of the extension host does. */
  disconnect(): void;
  close(): Promise<void>;
}

export async function startGateway(options: GatewayOptions): Promise<BenchGateway> {
  const { entry, over, connections, credential } = options;
  const folder = await mkdtemp(join(tmpdir(), 'dp-'));
  const listen: Listen = over === 'socket' ? { kind: 'socket', path: join(folder, 'gateway') } : { kind: 'tcp' };
  const callerKey = randomBytes(32).toString('base64url');
  const child = fork(entry, [], {
    execArgv: [...gatewayFlags],
    env: { ELECTRON_RUN_AS_NODE: '1' },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const send = (message: ToGateway): void => void child.send(message, () => undefined);
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      if (child.connected) child.disconnect();
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await listening(child, (message) => {
      if (message.type === 'hello') send({ type: 'start', version: LINK_VERSION, listen, callerKey, connections });
      if (message.type !== 'credentialWanted') return;
      const { request, connection } = message;
      void credential(connection).then((minted) => send({ type: 'credential', request, credential: minted }));
    });
    return {
      pid: child.pid ?? 0,
      address: listen.kind === 'socket' ? { path: listen.path } : { host: '127.0.0.1', port },
      path: '/mcp',
      headers: { authorization: `Bearer ${callerKey}` },
      disconnect: () => child.disconnect(),
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function listening(child: ChildProcess, receive: (message: ToExtension) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The gateway ended with code ${code}.`)));
    child.on('message', (message: ToExtension) => {
      receive(message);
      if (message.type === 'listening') resolve(message.port ?? 0);
      if (message.type === 'startFailed') reject(new Error(message.problem));
    });
  });
}
