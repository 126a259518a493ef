import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import type { McpPlace } from './mcp.ts';
import type { McpProgram } from './remote/ground.ts';

const me = { name: 'bench', version: '1' };

/** The client of the MCP SDK 1.32, connected. */
export async function httpClient({ address, path, headers }: McpPlace): Promise<Client> {
  if ('path' in address) throw new Error('The SDK client speaks to a port.');
  const { host, port } = address;
  const client = new Client(me);
  const requestInit = { headers: { ...headers } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://${host}:${port}${path}`), { requestInit }));
  return client;
}

/** The same to a program, which it starts; closing the client ends it. */
export async function programClient({ command, args, env }: McpProgram): Promise<{ client: Client; pid: number }> {
  const client = new Client(me);
  const transport = new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'ignore' });
  await client.connect(transport);
  return { client, pid: transport.pid ?? 0 };
}
