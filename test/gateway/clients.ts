import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import type { Harness } from './harness.ts';

type Place = Pick<Harness, 'url' | 'headers' | 'fetch'>;

const info = { name: 'test', version: '1' };
const elicitation = { elicitation: { url: {} } };

/** The client generation of today's editors. */
export async function connectV1({ url, headers, fetch }: Place, path = '/mcp') {
  const client = new ClientV1(info, { capabilities: elicitation });
  const transport = new TransportV1(new URL(path, url), { fetch, requestInit: { headers } });
  await client.connect(transport);
  const query = (sql: string, signal?: AbortSignal): Promise<unknown> =>
    client.callTool({ name: 'query', arguments: { sql } }, undefined, signal && { signal });
  return { client, transport, query, [Symbol.asyncDispose]: () => client.close() };
}

/** The current client; `auto` speaks 2026-07-28 with servers that do, `legacy` 2025-11-25 always. */
export async function connectV2({ url, headers, fetch }: Place, mode: 'auto' | 'legacy' = 'auto') {
  const client = new ClientV2(info, { capabilities: elicitation, versionNegotiation: { mode } });
  const transport = new TransportV2(url, { fetch, requestInit: { headers } });
  await client.connect(transport);
  const query = (sql: string, signal?: AbortSignal): Promise<unknown> =>
    client.callTool({ name: 'query', arguments: { sql } }, signal && { signal });
  return { client, transport, query, [Symbol.asyncDispose]: () => client.close() };
}
