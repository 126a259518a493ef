import { randomUUID } from 'node:crypto';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { decodeJwt } from 'jose';
import { Client, type ClientConfig } from 'pg';

import { oauthBearerClient } from '../../../src/connectors/postgres/oauthBearer.ts';
import { tokenPasswordClient } from '../../../src/connectors/postgres/tokenPassword.ts';
import type { PostgresKind } from '../postgres/packages.ts';
import { type Exchange, type HttpLevers, pathOf, startMcpHttp } from './http.ts';
import { bearerOf } from './journal.ts';

export interface DatabaseGatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** How the server takes a token. Default: `oauth`. */
  readonly kind?: PostgresKind;
  /** As whom requests without a token run. Absent: their logins fail. */
  readonly serviceAccount?: { readonly user: string; readonly password: string };
  /** As whom the server's own bearer token is taken. Absent: it wants none. */
  readonly whois?: (token: string) => string | undefined | Promise<string | undefined>;
  /** Whose words a refused token is told in. Default: the database's own. */
  readonly refusal?: 'postgres' | 'snowflake';
}

/** A session that was opened in the database for one request. */
export interface GatewaySession {
  /** `service account`, or the user of the token. */
  readonly as: string;
  /** False while it lasts, and for a login that failed. */
  readonly closed: boolean;
  readonly loggedIn: boolean;
}

export interface LabDatabaseGateway extends Omit<HttpLevers, 'url'> {
  /** Of the MCP server. */
  readonly url: string;
  /** Every login at the database, oldest first. */
  readonly sessions: readonly GatewaySession[];
  /** Whether the server's own bearer token is wanted; true at first where `whois` is given. */
  requireBearer(required: boolean): void;
  tellRefusals(words: 'postgres' | 'snowflake'): void;
}

const jsonType = { 'content-type': 'application/json' };
/** Browsers of any page may call it, as the original lets them. */
const cors = { 'access-control-allow-origin': '*' };
const suggestions =
  '\n\nSuggestions:\n- Check the syntax of the query.\n- Check that every field exists in the model.\n- Use `run:` before a query.';

/**
 * Plays an MCP server in front of a database that logs in as the user whose token comes in `X-Database-Token`, as the pull request
 * malloydata/publisher#650 does, with its faults: the token is neither checked nor bound to anything, a request without one runs as
 * the service account, two headers become one token, and a refused login is told as an error of the query. Whoever starts it
 * closes it, and the database first needs to run.
 */
export async function startDatabaseGateway(options: DatabaseGatewayOptions): Promise<LabDatabaseGateway> {
  const { whois } = options;
  const sessions: GatewaySession[] = [];
  let required = whois !== undefined;
  let words = options.refusal ?? 'postgres';

  const http = await startMcpHttp(async (exchange) => {
    const { entry, send } = exchange;
    if (pathOf(exchange) !== '/mcp') return send(404, cors, 'Not found');
    if (entry.method === 'OPTIONS')
      return send(204, { ...cors, 'access-control-allow-headers': 'content-type,x-database-token' }, '');
    if (required && !(await permitted(exchange)))
      return send(401, { ...cors, 'www-authenticate': 'Bearer' }, JSON.stringify({ error: 'unauthorized' }));
    if (entry.method !== 'POST') return refuseMethod(exchange);
    await serve(exchange);
  });

  async function permitted({ entry }: Exchange): Promise<boolean> {
    const bearer = bearerOf(entry);
    return bearer !== undefined && (await whois?.(bearer)) !== undefined;
  }

  function refuseMethod({ entry, send }: Exchange): void {
    const stateful = entry.method === 'GET' || entry.method === 'DELETE';
    const message = stateful ? 'Method Not Allowed in Stateless Mode' : 'Method Not Allowed';
    const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32601, message }, id: null });
    send(405, { ...jsonType, ...cors, allow: 'POST' }, body);
  }

  /** One server object and one transport for each request. */
  async function serve({ message, response, json, noteToken }: Exchange): Promise<void> {
    // Node joins headers of the same name, and so does the original.
    const given = message.headers['x-database-token'];
    const token = typeof given === 'string' && given !== '' ? given : undefined;
    if (token !== undefined) noteToken(token);
    const server = databaseServer((sql) => runQuery(sql, token));
    const transport = new StreamableHTTPServerTransport({});
    response.setHeader('access-control-allow-origin', '*');
    response.once('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(message, response, json ?? null);
  }

  async function runQuery(sql: string, token: string | undefined): Promise<{ text: string; isError: boolean }> {
    const session = { as: token === undefined ? 'service account' : userIn(token), loggedIn: false, closed: false };
    const client = clientOf(session.as, token);
    sessions.push(session);
    try {
      await client.connect();
      session.loggedIn = true;
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return { text: JSON.stringify(rows), isError: false };
    } catch (error) {
      return { text: blameQuery(session.loggedIn, error), isError: true };
    } finally {
      await client.end().catch(() => undefined);
      session.closed = session.loggedIn;
    }
  }

  function clientOf(user: string, token: string | undefined): Client {
    const { host, port, database, kind = 'oauth', serviceAccount } = options;
    const config: ClientConfig = { host, port, database, user, ssl: false };
    if (token === undefined) return new Client({ ...config, user: '', password: '', ...serviceAccount });
    return kind === 'oauth'
      ? oauthBearerClient(config, async () => token)
      : tokenPasswordClient(config, async () => token);
  }

  /** Everything is an error of the query here, a refused login as well. */
  function blameQuery(loggedIn: boolean, error: unknown): string {
    const own = error instanceof Error ? error.message : 'unknown error';
    const said =
      loggedIn || words === 'postgres' ? own : `Invalid OAuth access token. [${randomUUID()}] (error code 390303)`;
    return `Error(s) compiling model:\nFILE: internal://internal.malloy\nline 1: ${said}\n  | run: query\n  | ^^^^^^^^^^${suggestions}`;
  }

  return {
    ...http,
    url: `${http.url}/mcp`,
    sessions,
    requireBearer(next) {
      required = next;
    },
    tellRefusals(next) {
      words = next;
    },
  };
}

function databaseServer(run: (sql: string) => Promise<{ text: string; isError: boolean }>): Server {
  const server = new Server({ name: 'publisher', version: '0.0.1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      {
        name: 'run_query',
        description: 'Runs a query.',
        inputSchema: { type: 'object', properties: { sql: { type: 'string' } }, required: ['sql'] },
      },
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    if (params.name !== 'run_query')
      return { content: [{ type: 'text', text: `There is no tool ${params.name}` }], isError: true };
    const { text, isError } = await run(String(params.arguments?.['sql']));
    return { content: [{ type: 'text', text }], isError };
  });
  return server;
}

/** Whom the token names, taken on trust: to verify it is the database's business. */
function userIn(token: string): string {
  try {
    const { preferred_username: name, sub } = decodeJwt(token);
    return typeof name === 'string' ? name : (sub ?? '');
  } catch {
    return 'nobody';
  }
}
