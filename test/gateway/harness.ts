import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PassportError } from '../../src/core/errors.ts';
import type { WireConnection } from '../../src/core/link.ts';
import { redactor } from '../../src/core/redact.ts';
import type { CredentialResolver, GatewayPorts } from '../../src/gateway/gateway.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { Use } from '../../src/gateway/toolCalls.ts';
import type { Guard } from '../../src/gateway/tools/query.ts';
import { fakeDatabase, recordingLog, token, wire } from './fakeDatabase.ts';

export const CALLER_KEY = 'caller-key-of-this-window-0123456789';

/** Refuses what begins with `drop`. The real guard has tests of its own. */
export const fakeGuard: Guard = (sql) => {
  if (!sql.startsWith('drop')) return { verdict: 'read' };
  return { verdict: 'refused', reason: 'DROP changes data', at: 0 };
};

export interface Asked {
  readonly connection: string;
  readonly rejected: string | undefined;
}

/** A gateway in this process over a fake database; every part that a test may want to look at. */
export async function harness(
  overrides: Partial<GatewayPorts> & { where?: 'socket' | 'tcp'; database?: ReturnType<typeof fakeDatabase> } = {},
) {
  const { where = 'socket', database = fakeDatabase(), ...ports } = overrides;
  const time = { now: Date.now() };
  const { log, lines } = recordingLog();
  const uses: Use[] = [];
  const asked: Asked[] = [];
  let issued = 0;
  const resolve: CredentialResolver = async ({ id, subject }, _slot, { rejected }) => {
    asked.push({ connection: id, rejected: rejected?.id });
    if (subject === undefined) throw new PassportError('DP-SIGN-IN-REQUIRED', { provider: 'Corp' });
    issued += 1;
    return token(subject, issued, new Date(time.now + 600_000));
  };
  const gateway = createGateway({
    version: '1.2.3',
    connectors: { fake: database.connector },
    connections: [wire('sales')],
    resolveCredential: resolve,
    guard: fakeGuard,
    clock: { now: () => time.now },
    log,
    redactor: redactor(),
    onUse: (use) => uses.push(use),
    ...ports,
  });
  const folder = await mkdtemp(join(tmpdir(), 'dp-'));
  const path = join(folder, 'g.sock');
  const listener = await gateway.listen(where === 'tcp' ? { kind: 'tcp' } : { kind: 'socket', path }, CALLER_KEY);
  const address = where === 'tcp' ? { host: '127.0.0.1', port: listener.port } : { socketPath: path };
  const agent = new Agent({ keepAlive: true });
  return {
    gateway,
    database,
    time,
    lines,
    uses,
    asked,
    address,
    path,
    /** A fetch for SDK clients that reaches the gateway wherever it listens. */
    fetch: nodeFetch(address, agent),
    url: new URL(where === 'tcp' ? `http://127.0.0.1:${listener.port}/mcp` : 'http://localhost/mcp'),
    headers: { authorization: `Bearer ${CALLER_KEY}` },
    async [Symbol.asyncDispose]() {
      database.finish();
      agent.destroy();
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Harness = Awaited<ReturnType<typeof harness>>;

export function subjects(list: Readonly<Record<string, string | undefined>>): readonly WireConnection[] {
  return Object.entries(list).map(([id, subject]) => wire(id, { subject }));
}

type Address = { host: string; port: number | undefined } | { socketPath: string };

/** A fetch over a socket or TCP with an agent of its own, for SDK clients. */
export function nodeFetch(address: Address, agent: Agent): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init.headers));
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...address,
          agent,
          path: url.pathname,
          method: init.method ?? 'GET',
          headers,
          signal: init.signal ?? undefined,
        },
        (response) => {
          const stream = new ReadableStream<Uint8Array>({
            start(controller) {
              response.on('data', (chunk: Buffer) => controller.enqueue(chunk));
              response.once('end', () => controller.close());
              response.once('error', (error) => controller.error(error));
            },
            cancel: () => void response.destroy(),
          });
          const status = response.statusCode ?? 0;
          const empty = status === 202 || status === 204;
          if (empty) response.resume();
          const pairs = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
            typeof value === 'string' ? [[name, value]] : [],
          );
          resolve(new Response(status === 204 ? null : empty ? '' : stream, { status, headers: pairs }));
        },
      );
      sent.once('error', reject);
      sent.end(typeof init.body === 'string' ? init.body : undefined);
    });
  };
}
