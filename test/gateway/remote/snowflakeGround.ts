import { connectors } from '../../../src/connectors/index.ts';
import type { WireConnection } from '../../../src/core/link.ts';
import { type LabIdentityProvider, warehouseAudience } from '../../lab/identityProvider.ts';
import { type LabSnowflakeMcp, type SnowflakeMcpOptions, startSnowflakeMcp } from '../../lab/mcp/snowflakeMcp.ts';
import { editorAt } from './evidence.ts';
import { type Mint, remoteHarness, remoteWire } from './harness.ts';

/** Where the stand-in's server is, as the user writes it. */
export function managedSettings(server: Pick<LabSnowflakeMcp, 'host'>, more: object = {}): Record<string, unknown> {
  const [host, port] = server.host.split(':');
  const place = { account: 'coffee-lab', host, port: Number(port), protocol: 'http' };
  return { ...place, database: 'LAB', schema: 'COFFEE', server: 'COFFEE_MCP', ...more };
}

/** What the preset wants of a token with these settings. */
export function scopesOf({ type, settings }: WireConnection): readonly string[] {
  return connectors[type]?.credentials(settings)['token']?.scopes ?? [];
}

export interface ManagedOptions extends Partial<SnowflakeMcpOptions> {
  readonly settings?: object;
  /** Default: a token of External OAuth with the scopes that the preset wants. */
  readonly mint?: Mint;
}

/** A managed MCP server, a gateway with one connection of alice's to it, and an editor; tokens are kept. */
export async function managed(provider: LabIdentityProvider, options: ManagedOptions = {}) {
  const { settings = {}, mint, ...own } = options;
  const server = await startSnowflakeMcp({ issuer: provider.issuer, audience: warehouseAudience, ...own });
  const tokens: string[] = [];
  const wire = remoteWire('sales', 'mcp/snowflake', managedSettings(server, settings));
  const gateway = await remoteHarness([wire], async (...wish) => {
    const { subject = '' } = wish[0];
    const usual: Mint = async (of) => ({
      token: await provider.mintAccessToken({ user: subject, scopes: scopesOf(of) }),
    });
    const minted = await (mint ?? usual)(...wish);
    tokens.push(minted.token);
    return minted;
  });
  const editor = await editorAt(gateway, 'sales');
  return {
    server,
    wire,
    gateway,
    editor,
    tokens,
    /** Ids of the credentials that were told to be refused, one entry a time that one was asked for. */
    rejected: () => gateway.asked.map((each) => each.rejected),
    async [Symbol.asyncDispose]() {
      await editor[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

/** Whom the SQL of an answer ran as. */
export function ranAs(text: string): string {
  const { result_set: set } = JSON.parse(text) as { result_set: { data: [[string, string]] } };
  return set.data[0].slice(0, 2).join('/');
}

export const select = { sql: 'SELECT CURRENT_USER()' };
