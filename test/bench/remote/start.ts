import { setTimeout as delay } from 'node:timers/promises';

import type { Client } from '@modelcontextprotocol/sdk/client/index.js';

import { startGateway } from '../gateway.ts';
import { type Usage, usage } from '../processes.ts';
import { httpClient, programClient } from '../sdkClient.ts';
import { type Spread, spread } from '../statistics.ts';
import type { RelayName } from './calls.ts';
import type { RemoteGround } from './ground.ts';

export interface RelayStartFigures {
  readonly name: RelayName;
  /** Milliseconds from spawn to the server's tools. */
  readonly ready: Spread;
  /** Two seconds after that. */
  readonly idle: Usage | undefined;
  /** After {@link ECHOES} small answers and {@link TABLES} of 1.2 MB, {@link TOGETHER} at a time. */
  readonly loaded: Usage | undefined;
}

export const ECHOES = 4000;
export const TABLES = 200;
export const TOGETHER = 8;

interface Running {
  readonly client: Client;
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts each relay again and again, in turn, and loads the last one. The first start only warms the disk. */
export async function measureRelayStarts(
  { ground, gatewayEntry }: { readonly ground: RemoteGround; readonly gatewayEntry: string },
  times: number,
): Promise<RelayStartFigures[]> {
  const { mcpRemote } = ground;
  const relays: readonly { readonly name: RelayName; start(): Promise<Running> }[] = [
    { name: 'Data Passport', start: () => startOurs(ground, gatewayEntry) },
    ...(mcpRemote
      ? [
          {
            name: 'mcp-remote 0.15.1' as const,
            start: async () => {
              const { client, pid } = await programClient(mcpRemote);
              return { client, pid, close: () => client.close() };
            },
          },
        ]
      : []),
  ];
  const figures: RelayStartFigures[] = [];
  const took = new Map(relays.map(({ name }) => [name, [] as number[]]));
  for (let turn = 0; turn <= times; turn += 1) {
    for (const { name, start } of relays) {
      const before = performance.now();
      const running = await start();
      try {
        await running.client.listTools();
        if (turn > 0) took.get(name)?.push(performance.now() - before);
        if (turn === times) figures.push({ name, ready: spread(took.get(name) ?? []), ...(await memoryOf(running)) });
      } finally {
        await running.close();
      }
    }
  }
  return figures;
}

async function startOurs({ connections, credential }: RemoteGround, entry: string): Promise<Running> {
  const gateway = await startGateway({ entry, over: 'tcp', connections, credential });
  try {
    const client = await httpClient({ ...gateway, path: '/mcp/guarded' });
    const close = async (): Promise<void> => {
      await client.close();
      await gateway.close();
    };
    return { client, pid: gateway.pid, close };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

async function memoryOf({ client, pid }: Running): Promise<Pick<RelayStartFigures, 'idle' | 'loaded'>> {
  await delay(2000);
  const idle = usage(pid);
  await callAll(client, { name: 'echo', arguments: { text: 'one word after another' } }, ECHOES);
  await callAll(client, { name: 'rows', arguments: {} }, TABLES);
  return { idle, loaded: usage(pid) };
}

async function callAll(client: Client, call: Parameters<Client['callTool']>[0], times: number): Promise<void> {
  let left = times;
  const caller = async (): Promise<void> => {
    for (; left > 0; left -= 1) await client.callTool(call);
  };
  await Promise.all(Array.from({ length: TOGETHER }, caller));
}
