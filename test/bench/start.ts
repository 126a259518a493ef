import { setTimeout as delay } from 'node:timers/promises';

import { startGateway } from './gateway.ts';
import type { BenchLab } from './lab.ts';
import { type McpPlace, openSession } from './mcp.ts';
import type { Peer } from './peers.ts';
import { type Usage, usage } from './processes.ts';
import { type Spread, spread } from './statistics.ts';

export interface StartFigures {
  readonly name: string;
  /** Milliseconds from spawn to the answer to `tools/list`. */
  readonly ready: Spread;
  readonly toolsListBytes: number;
  /** Two seconds after that. */
  readonly idle: Usage | undefined;
}

type Startable = { name: string; start: () => Promise<McpPlace & { pid: number; close(): Promise<void> }> };

/** Starts each server again and again, in turn. The first start only warms the disk. */
export async function measureStarts(lab: BenchLab, peers: readonly Peer[], times: number): Promise<StartFigures[]> {
  const { postgres, gatewayEntry: entry, credential } = lab;
  const servers: Startable[] = [
    {
      name: 'Data Passport',
      start: () => startGateway({ entry, over: 'socket', connections: lab.connections(), credential }),
    },
    ...(postgres ? peers.map(({ name, start }) => ({ name, start: () => start(postgres) })) : []),
  ];
  const took = new Map(servers.map(({ name }) => [name, [] as number[]]));
  const seen = new Map<string, Pick<StartFigures, 'toolsListBytes' | 'idle'>>();
  for (let turn = 0; turn <= times; turn += 1) {
    for (const { name, start } of servers) {
      const before = performance.now();
      const server = await start();
      try {
        const session = await openSession(server);
        const toolsListBytes = await session.toolsList();
        if (turn > 0) took.get(name)?.push(performance.now() - before);
        session.close();
        if (turn === times) {
          await delay(2000);
          seen.set(name, { toolsListBytes, idle: usage(server.pid) });
        }
      } finally {
        await server.close();
      }
    }
  }
  return servers.map(({ name }) => ({
    name,
    ready: spread(took.get(name) ?? []),
    toolsListBytes: seen.get(name)?.toolsListBytes ?? Number.NaN,
    idle: seen.get(name)?.idle,
  }));
}
