import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { Pool } from 'pg';

import { connectors } from '../../src/connectors/index.ts';
import { loadDriver } from '../../src/connectors/snowflake/driver.ts';
import { fromWire } from '../../src/core/link.ts';
import { directNetwork } from '../../src/core/network.ts';
import type { Answered, LoadAnswer, LoadQuestion, LoadResult, Target, Until } from './loader.ts';
import { openSession, type ToolCall } from './mcp.ts';
import { httpClient, programClient } from './sdkClient.ts';
import { quantile } from './statistics.ts';

/**
 * The process that all load comes from, so that no server shares its processor time: closed loop, each caller sends its next
 * call when the last one is answered.
 */

/** Resolves to the milliseconds until the first word of an answer that comes in parts. */
type Call = () => Promise<unknown>;

interface Opened {
  /** One function a caller. */
  readonly callers: readonly Call[];
  readonly pid?: number;
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
    const client = await httpClient(place);
    return { callers: sdkCallers(client, call, callers), close: () => client.close() };
  },

  async program({ call, ...program }, callers) {
    const { client, pid } = await programClient(program);
    return { callers: sdkCallers(client, call, callers), pid, close: () => client.close() };
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
    if (!connector || !('load' in connector)) throw new Error(`There is no driver for ${connection.type}.`);
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

function sdkCallers(client: Client, { name, arguments: args, length, isStreamed }: ToolCall, callers: number): Call[] {
  const ask = async (): Promise<number | undefined> => {
    const before = performance.now();
    let first: number | undefined;
    const onprogress = (): void => {
      first ??= performance.now() - before;
    };
    const options = isStreamed === true ? { onprogress } : {};
    const { isError, content } = await client.callTool({ name, arguments: { ...args } }, undefined, options);
    if (isError === true) throw new Error(JSON.stringify(content).slice(0, 300));
    if (length !== undefined && (content as { text?: string }[])[0]?.text?.length !== length)
      throw new Error('The answer was cut.');
    return first;
  };
  return Array.from({ length: callers }, () => ask);
}

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

async function drive(callers: readonly Call[], { milliseconds, calls }: Until): Promise<LoadResult> {
  const latencies: number[] = [];
  const firsts: number[] = [];
  const started = performance.now();
  const end = started + (milliseconds ?? Number.POSITIVE_INFINITY);
  let left = calls ?? Number.POSITIVE_INFINITY;
  await Promise.all(
    callers.map(async (call) => {
      for (let before = performance.now(); before < end && left > 0;) {
        left -= 1;
        const first = await call();
        const now = performance.now();
        latencies.push(now - before);
        if (typeof first === 'number') firsts.push(first);
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
    ...(firsts.length > 0 && { first: quantile(Float64Array.from(firsts).sort(), 0.5) }),
  };
}

async function answer(question: LoadQuestion): Promise<Answered> {
  const key = `${question.target} ${question.callers}`;
  if (question.type === 'open') {
    const { pid, ...rest } = await open(question.with, question.callers);
    opened.set(key, rest);
    return { pid };
  }
  const found = opened.get(key);
  if (!found) throw new Error(`${key} is not open.`);
  if (question.type === 'run') return { result: await drive(found.callers, question.until) };
  opened.delete(key);
  await found.close();
  return {};
}

process.on('message', (question: LoadQuestion) => {
  const send = (message: LoadAnswer): void => void process.send?.(message);
  answer(question).then(
    (answered) => send({ id: question.id, ...answered }),
    (error: unknown) => send({ id: question.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
