import type { TestContext } from 'node:test';

import type { Client, ClientConfig } from 'pg';

import { PostgresLoginError, type TokenSupplier } from '../../../src/connectors/postgres/tokenClient.ts';
import { type FakeServer, fakeServer, proxied, type Turn } from './fakeServer.ts';

/** What the client has to give. */
export const secret = 'head.body.signature';

export interface Stage {
  readonly make: (config: ClientConfig, supply: TokenSupplier) => Client;
  readonly answers: readonly Turn[];
  /** Default: {@link secret}. */
  readonly supply?: TokenSupplier;
  readonly config?: ClientConfig;
  readonly tls?: { cert?: string; key?: string; ciphers?: string };
}

export interface Attempt {
  readonly server: FakeServer;
  readonly client: Client;
  /** How often the secret was asked for. */
  readonly asked: () => number;
  readonly error: unknown;
}

/** One login at a server that says what the stage tells it to. After a failed one the client has hung up. */
export async function attemptLogin(context: TestContext, stage: Stage): Promise<Attempt> {
  const server = await fakeServer(stage.answers, stage.tls);
  context.after(() => server.close());
  let asked = 0;
  const config = {
    host: '127.0.0.1',
    port: server.port,
    user: 'alice',
    database: 'lab',
    ssl: false,
    // What goes wrong here goes wrong by waiting for ever.
    connectionTimeoutMillis: 2_000,
    stream: proxied(server.port),
    ...stage.config,
  };
  const client = stage.make(config, () => {
    asked += 1;
    return stage.supply ? stage.supply() : Promise.resolve(secret);
  });
  const error = await client.connect().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error !== undefined) await server.hungUp;
  return { server, client, asked: () => asked, error };
}

export function outcome({ server, asked, error }: Attempt): unknown {
  return {
    reason: error instanceof PostgresLoginError ? error.reason : error,
    asked: asked(),
    received: server.received,
  };
}
