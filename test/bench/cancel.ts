import { setTimeout as delay } from 'node:timers/promises';

import { type BenchGateway, startGateway } from './gateway.ts';
import type { BenchLab } from './lab.ts';
import { type McpCaller, type McpPlace, type McpSession, openSession, type ToolCall } from './mcp.ts';
import type { Peer } from './peers.ts';
import { type Spread, spread } from './statistics.ts';

export interface CancelFigures {
  readonly database: string;
  readonly name: string;
  readonly way: string;
  /** Milliseconds until the statement no longer runs; undefined: it still ran after {@link PATIENCE}. */
  readonly gone: Spread | undefined;
}

export const PATIENCE = 3000;
/** Seconds of the time limit that is put to the test. */
const LIMIT = 1;

/** A database in which a statement can be watched. */
interface Watched {
  readonly name: string;
  readonly connection: string;
  /** Reads for minutes and sends nothing meanwhile. */
  readonly long: string;
  running(): Promise<boolean>;
  /** Ends what still runs. */
  clear(): Promise<void>;
}

interface Running {
  readonly session: McpSession;
  readonly caller: McpCaller;
  readonly gateway: BenchGateway | undefined;
}

const ways: Record<string, (running: Running) => void | Promise<void>> = {
  '`notifications/cancelled`': ({ session, caller }) => session.cancel(caller.lastId),
  'client gone (connection cut)': ({ caller }) => caller.line.cut(),
};
const gatewayWays: typeof ways = {
  ...ways,
  'server stopped in the editor (`DELETE`)': ({ session }) => session.end(),
  'extension host gone (IPC channel closed)': ({ gateway }) => gateway?.disconnect(),
};

/** How long a statement lives on in the database after nobody waits for it any more. */
export async function measureCancel(lab: BenchLab, peers: readonly Peer[], times: number): Promise<CancelFigures[]> {
  const figures: CancelFigures[] = [];
  for (const database of databases(lab)) {
    for (const [way, end] of Object.entries(gatewayWays)) {
      const gone = await repeat(times, () => inGateway(lab, database, { end }));
      figures.push({ database: database.name, name: 'Data Passport', way, gone });
    }
    const gone = await repeat(times, () => inGateway(lab, database, { seconds: LIMIT }));
    figures.push({ database: database.name, name: 'Data Passport', way: 'time limit (how late)', gone });
  }
  const { postgres } = lab;
  const watched = databases(lab).find(({ connection }) => connection === 'postgres');
  if (!postgres || !watched) return figures;
  for (const peer of peers) {
    const server = await peer.start(postgres);
    try {
      for (const [way, end] of Object.entries(ways)) {
        const gone = await repeat(Math.min(times, 2), () => inPlace(server, peer.call(watched.long), watched, { end }));
        figures.push({ database: watched.name, name: peer.name, way, gone });
      }
    } finally {
      await server.close();
    }
  }
  return figures;
}

function databases({ postgres, warehouse }: BenchLab): Watched[] {
  const orders = (name: string): string => `LAB.COFFEE.ORDERS AS ${name}`;
  return [
    ...(postgres
      ? [
          {
            name: 'PostgreSQL',
            connection: 'postgres',
            long: 'select count(*) from generate_series(1, 100000) as a, generate_series(1, 100000) as b',
            running: async () => (await postgres.activity()).some(({ state }) => state === 'active'),
            clear: async () =>
              void (await postgres.admin.query(
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename <> 'postgres' AND state = 'active'",
              )),
          },
        ]
      : []),
    {
      name: 'Snowflake stand-in',
      connection: 'warehouse',
      long: `select sum(a.quantity * b.quantity + c.quantity * d.quantity) from ${['a', 'b', 'c', 'd'].map(orders).join(', ')}`,
      running: async () => warehouse.running().length > 0,
      clear: async () => warehouse.terminateSessions(),
    },
  ];
}

async function repeat(times: number, once: () => Promise<number | undefined>): Promise<Spread | undefined> {
  const took: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const milliseconds = await once();
    if (milliseconds === undefined) return undefined;
    took.push(milliseconds);
  }
  return spread(took);
}

type How = { readonly end: (typeof ways)[string] } | { readonly seconds: number };

async function inGateway(lab: BenchLab, database: Watched, how: How): Promise<number | undefined> {
  const { gatewayEntry: entry, credential } = lab;
  const connections = lab.connections('seconds' in how ? how.seconds : undefined);
  const gateway = await startGateway({ entry, over: 'socket', connections, credential });
  const call = { name: 'query', arguments: { connection: database.connection, sql: database.long } };
  try {
    return await inPlace(gateway, call, database, how, gateway);
  } finally {
    await gateway.close();
  }
}

async function inPlace(
  place: McpPlace,
  call: ToolCall,
  database: Watched,
  ...[how, gateway]: [How, BenchGateway?]
): Promise<number | undefined> {
  const session = await openSession(place);
  try {
    const caller = await session.caller(call);
    // How the call ends is another test's business.
    const answered = caller().catch(() => undefined);
    const began = await waitFor(() => database.running(), 10_000);
    if (began === undefined) throw new Error(`The statement never ran: ${String(await answered)}`);
    if ('seconds' in how) {
      const gone = await waitFor(async () => !(await database.running()), how.seconds * 1000 + PATIENCE);
      return gone === undefined ? undefined : Math.max(0, gone - how.seconds * 1000);
    }
    await delay(200);
    const before = performance.now();
    await how.end({ session, caller, gateway });
    const gone = await waitFor(async () => !(await database.running()), PATIENCE);
    if (gone === undefined) await database.clear();
    return gone === undefined ? undefined : performance.now() - before;
  } finally {
    session.close();
  }
}

/** Milliseconds until it is so, looked at every few milliseconds; undefined when it takes too long. */
async function waitFor(so: () => Promise<boolean>, milliseconds: number): Promise<number | undefined> {
  const started = performance.now();
  while (!(await so())) {
    if (performance.now() - started > milliseconds) return undefined;
    await delay(3);
  }
  return performance.now() - started;
}
