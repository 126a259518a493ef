import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';

import { type LabUserName, labUsers, regionsOf } from '../lab/sampleData.ts';
import { listen } from '../lab/tokenServices/listen.ts';

/** A system behind a bearer token in a header. */
export interface Endpoint {
  readonly url: string;
  /** Tokens that were let in, each once. */
  readonly tokens: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Who a token is, or nobody. */
type Whois = (token: string) => Promise<string | undefined>;

async function serve(
  whois: Whois,
  answer: (user: LabUserName, request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Endpoint> {
  const tokens = new Set<string>();
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const name = await whois(token);
    const user = labUsers.find((each) => each.name === name);
    if (!user) {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      return;
    }
    tokens.add(token);
    await answer(user.name, request, response);
  }
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const { host, close } = await listen(server);
  return { url: `http://${host}`, tokens, close };
}

/** Statements over HTTP, as the SQL Statement Execution API of Databricks takes them. */
export function startStatements(whois: Whois): Promise<Endpoint> {
  return serve(whois, async (user, request, response) => {
    const { statement } = (await json(request)) as { statement: string };
    const rows = regionsOf(user).map((region) => [region]);
    const body = { status: { state: 'SUCCEEDED' }, statement, user, result: { data_array: rows } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

/** A plain remote MCP server that takes the provider's own tokens for its audience. */
export function startMcp(idp: { issuer: string; jwksUri: string }, audience: string): Promise<Endpoint> {
  const keys = createRemoteJWKSet(new URL(idp.jwksUri));
  const whois: Whois = (token) =>
    jwtVerify(token, keys, { issuer: idp.issuer, audience }).then(
      ({ payload }) => payload.sub,
      () => undefined,
    );
  return serve(whois, async (user, request, response) => {
    const server = new McpServer({ name: 'regions', version: '1' });
    server.registerTool('regions', { description: 'Regions of the caller' }, () => ({
      content: [{ type: 'text', text: JSON.stringify({ user, rows: regionsOf(user).map((region) => [region]) }) }],
    }));
    const transport = new StreamableHTTPServerTransport({});
    response.on('close', () => void transport.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, await json(request));
  });
}
