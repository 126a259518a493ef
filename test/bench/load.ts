import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Pool } from 'pg';

import { connectors } from '../../src/connectors/index.ts';
import { loadDriver } from '../../src/connectors/snowflake/driver.ts';
import { fromWire } from '../../src/core/link.ts';
import { directNetwork } from '../../src/core/network.ts';
import type { LoadAnswer, LoadQuestion, LoadResult, Target } from './loader.ts';
import { openSession } from './mcp.ts';
import { quantile } from './statistics.ts';

/**
 * The process that all load comes from, so that no server shares its processor time: closed loop, each caller sends its next
 * call when the last one is answered.
 */

type Call = () => Promise<unknown>;

interface Opened {
  /** One function a caller. */
  readonly callers: readonly Call[];
  close(): Promise<void>;
}

const statement = 'select 1';
/** Database sessions that the gateway opens for one user; the bare drivers get as many. */
const mostSessions = 4;
const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

const kinds: {
  [Kind in Target['kind']]: (target: Extract<Target, { kind: Kind }>, callers: number) => Promise<Opened>;
} = {
  async raw({ place, call }, callers) {
    const session = await openSession(place);
    const lines = await Promise.all(Array.from({ length: callers }, () => session.caller(call)));
    return { callers: lines, close: async () => session.close() };
  },

  async sdk({ place, call }, callers) {
    if ('path' in place.address) throw new Error('The SDK client speaks to a port.');
    const { host, port } = place.address;
    const client = new McpClient({ name: 'bench', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(`http://${host}:${port}${place.path}`), {
      requestInit: { headers: { ...place.headers } },
    });
    await client.connect(transport);
    const ask = async (): Promise<void> => {
      const { isError, content } = await client.callTool({ name: call.name, arguments: { ...call.arguments } });
      if (isError === true) throw new Error(JSON.stringify(content).slice(0, 300));
    };
    return { callers: Array.from({ length: callers }, () => ask), close: () => client.close() };
  },

  async postgres({ config }, callers) {
    const pool = new Pool({ ...config, max: Math.min(callers, mostSessions) });
    await pool.query(statement);
    return { callers: Array.from({ length: callers }, () => () => pool.query(statement)), close: () => pool.end() };
  },

  async snowflake({ options }, callers) {
    const driver = await loadDriver();
    const connections = await several(callers, async () => {
      const connection = driver.createConnection(options);
      await connection.connectAsync();
      return connection;
    });
    return {
      callers: share(
        connections,
        callers,
        (connection) =>
          new Promise((resolve, reject) => {
            connection.execute({
              sqlText: statement,
              complete: (error, _statement, rows) => (error ? reject(new Error(error.message)) : resolve(rows)),
            });
          }),
      ),
      close: async () =>
        void (await Promise.all(
          connections.map(
            (connection) =>
              new Promise((resolve) => {
                connection.destroy(resolve);
              }),
          ),
        )),
    };
  },

  async session({ connection, credential }, callers) {
    const connector = connectors[connection.type];
    if (!connector) throw new Error(`There is no connector ${connection.type}.`);
    const module = await connector.load();
    const { signal } = new AbortController();
    const sessions = await several(callers, () =>
      module.open(connection.settings, {
        connection: connection.id,
        credentials: () => Promise.resolve(fromWire(credential)),
        network: directNetwork,
        log: quiet,
        signal,
      }),
    );
    const turns = new Map<unknown, Promise<unknown>>();
    return {
      callers: share(sessions, callers, (session) => {
        const work = async (): Promise<void> => {
          const { rows: maxRows, seconds } = connection.limits;
          const { batches } = await session.query(statement, { signal, maxRows, seconds, tag: 'data-passport' });
          for await (const batch of batches) void batch;
        };
        // One statement at a time, as the pool sees to.
        const turn = (turns.get(session) ?? Promise.resolve()).then(work);
        turns.set(session, turn);
        return turn;
      }),
      close: async () => void (await Promise.all(sessions.map((session) => session.close()))),
    };
  },
};

function several<T>(callers: number, open: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: Math.min(callers, mostSessions) }, open));
}

function share<T>(sessions: readonly T[], callers: number, call: (session: T) => Promise<unknown>): Call[] {
  return Array.from({ length: callers }, (_, index) => {
    const session = sessions[index % sessions.length] as T;
    return () => call(session);
  });
}

const opened = new Map<string, Opened>();

function open(target: Target, callers: number): Promise<Opened> {
  const kind = kinds[target.kind] as (target: Target, callers: number) => Promise<Opened>;
  return kind(target, callers);
}

/** @param until milliseconds that the run lasts, or how many calls it has */
async function drive(
  callers: readonly Call[],
  until: { milliseconds: number } | { calls: number },
): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = 'milliseconds' in until ? started + until.milliseconds : Number.POSITIVE_INFINITY;
  let left = 'calls' in until ? until.calls : Number.POSITIVE_INFINITY;
  await Promise.all(
    callers.map(async (call) => {
      for (let before = performance.now(); before < end && left > 0;) {
        left -= 1;
        await call();
        const now = performance.now();
        latencies.push(now - before);
        before = now;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  return {
    calls: sorted.length,
    perSecond: sorted.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

async function answer(question: LoadQuestion): Promise<LoadResult | undefined> {
  const key = `${question.target} ${question.callers}`;
  if (question.type === 'open') {
    opened.set(key, await open(question.with, question.callers));
    return undefined;
  }
  const found = opened.get(key);
  if (!found) throw new Error(`${key} is not open.`);
  if (question.type === 'run') return drive(found.callers, question.until);
  opened.delete(key);
  await found.close();
  return undefined;
}

process.on('message', (question: LoadQuestion) => {
  const send = (message: LoadAnswer): void => void process.send?.(message);
  answer(question).then(
    (result) => send({ id: question.id, result }),
    (error: unknown) => send({ id: question.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
