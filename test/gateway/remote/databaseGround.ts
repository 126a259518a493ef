import { setTimeout as sleep } from 'node:timers/promises';

import { connectors } from '../../../src/connectors/index.ts';
import type { WireConnection } from '../../../src/core/link.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../../lab/identityProvider.ts';
import { type DatabaseGatewayOptions, startDatabaseGateway } from '../../lab/mcp/databaseGateway.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../../lab/postgres/index.ts';
import { editorAt } from './evidence.ts';
import { remoteHarness, remoteWire } from './harness.ts';

/** Why the tests behind a real database can not run here. */
export const noPostgres = (await canRunPostgres('oauth')) ?? false;

/** As whom the server runs what comes without a token. */
const serviceAccount = { user: 'reporter', password: 'reporter-password' };

export interface DatabaseGround {
  readonly provider: LabIdentityProvider;
  readonly postgres: LabPostgres;
  /** A server in front of the database that has a service account to fall back to. */
  server(options?: Partial<DatabaseGatewayOptions>): ReturnType<typeof startDatabaseGateway>;
  /** A token that the database takes, unless it is wished otherwise. */
  mint(user: string, more?: object): Promise<string>;
  /** Resolves when nobody has a session in the database. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export async function databaseGround(): Promise<DatabaseGround> {
  const provider = await startIdentityProvider();
  const { issuer, jwksUri } = provider;
  const passwordUser = { name: serviceAccount.user, password: serviceAccount.password };
  const postgres = await startPostgres({ issuer, jwksUri, audience: postgresAudience, passwordUser });
  return {
    provider,
    postgres,
    server(options) {
      const { host, port, database } = postgres;
      return startDatabaseGateway({ host, port, database, serviceAccount, ...options });
    },
    mint: (user, more = {}) => provider.mintAccessToken({ user, audience: postgresAudience, ...more }),
    async quiet() {
      while ((await postgres.connections()) > 0) await sleep(5);
    },
    async close() {
      await postgres.close();
      await provider.close();
    },
  };
}

/** A connection to such a server, of alice unless it is said otherwise. */
export function gatewayWire(id: string, url: string, more: Partial<WireConnection> = {}): WireConnection {
  return remoteWire(id, 'mcp/databaseGateway', { url, database: 'warehouse.example' }, more);
}

/** A gateway with one connection, and an editor at it; tokens are kept. */
export async function aliceAt(url: string, mint: (user: string) => Promise<string>) {
  const tokens: string[] = [];
  const gateway = await remoteHarness([gatewayWire('warehouse', url)], async ({ subject = '' }) => {
    const token = await mint(subject);
    tokens.push(token);
    return { token };
  });
  const editor = await editorAt(gateway, 'warehouse');
  return {
    gateway,
    editor,
    tokens,
    async [Symbol.asyncDispose]() {
      await editor[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Every preset, with settings that it takes. */
export const anySettings: Readonly<Record<string, object>> = {
  'mcp/generic': { url: 'https://crm.example.com/mcp' },
  'mcp/snowflake': { account: 'myorg-myaccount', database: 'LAB', schema: 'COFFEE', server: 'COFFEE_MCP' },
  'mcp/spcs': { url: 'https://abc-myorg-myaccount.snowflakecomputing.app/mcp' },
  'mcp/databaseGateway': { url: 'https://publisher.example.com/mcp', database: 'warehouse.example' },
  'mcp/stdio': { command: 'crm-mcp', tokenVariable: 'CRM_TOKEN' },
};

/** The header fields that a preset puts two made-up tokens into; none where the token goes to a program. */
export function headersOf(type: string): Readonly<Record<string, string>> {
  const connector = connectors[type];
  if (connector?.serves !== 'mcp') throw new Error(`${type} is no remote MCP server`);
  const { reach } = connector.server(connector.settings.parse(anySettings[type]));
  const token = { kind: 'bearer', token: 'first' } as const;
  return reach.kind === 'program' ? {} : reach.headers({ token, server: { kind: 'bearer', token: 'second' } });
}
