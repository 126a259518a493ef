import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LabUserName } from '../sampleData.ts';
import { invalidSession, WarehouseError } from '../snowflake/errors.ts';
import type { Params } from './fixtureTypes.ts';
import { type Exchange, type HttpLevers, pathOf, startMcpHttp } from './http.ts';
import { bearerOf, headerValues } from './journal.ts';
import {
  createSnowflakeTokens,
  type SnowflakeCaller,
  type SnowflakeTokenLevers,
  type SnowflakeTokensOptions,
} from './snowflakeTokens.ts';
import { failed, type SnowflakeResult, snowflakeTools } from './snowflakeTools.ts';

/** How a `tools/call` is answered: by one JSON body, as until August 2026, or by events and a last one that is no JSON. */
export type SnowflakeDialect = 'json' | 'stream';

export interface SnowflakeMcpOptions extends SnowflakeTokensOptions {
  /** Default: `stream`. */
  readonly dialect?: SnowflakeDialect;
  /** Of the path; default: `LAB`, `COFFEE`, `COFFEE_MCP`. */
  readonly database?: string;
  readonly schema?: string;
  readonly name?: string;
}

/** A tool that ran, and as whom. */
export interface SnowflakeExecution {
  readonly tool: string;
  readonly args: Params;
  readonly user: LabUserName;
  readonly role: string;
}

export interface LabSnowflakeMcp extends Omit<HttpLevers, 'url'>, SnowflakeTokenLevers {
  /** Of the MCP server. */
  readonly url: string;
  /** Every tool that ran, oldest first; a call that was refused is not among them. */
  readonly executed: readonly SnowflakeExecution[];
  executions(tool: string): number;
  speak(dialect: SnowflakeDialect): void;
  /** USAGE on the server; ANALYST and MANAGER have it at first. */
  grant(role: string): void;
  revoke(role: string): void;
  /** Takes away the privilege on what a tool uses: it is still listed. */
  denyTool(tool: string): void;
  dropDefaultWarehouse(user: LabUserName): void;
  setReadOnly(readOnly: boolean): void;
  /** How `initialize` is answered; `undecodable` at first. */
  answerInitialize(how: 'undecodable' | 'proper' | 'refused'): void;
  /** The next call runs its tool and does not answer before it is released. */
  holdNextCall(): { release(): void };
  /** Milliseconds between the head of an answer and its first event, from now on. */
  delayFirstEvent(milliseconds: number): void;
}

interface RpcRequest {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Params;
}

const jsonType = { 'content-type': 'application/json' };
const pathForm = /^\/api\/v2\/databases\/([^/]+)\/schemas\/([^/]+)\/mcp-servers\/([^/]+)$/;
const metadataPrefix = '/.well-known/oauth-protected-resource';

/**
 * Plays a managed MCP server of Snowflake
 * (https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-agents-mcp): who has no good token gets 401, whose role has no
 * USAGE gets 200 and an error of JSON-RPC. What `initialize` is answered with is not documented; clients report a body that they
 * can not decode (https://github.com/openai/codex/issues/12285). Whoever starts it closes it.
 */
export async function startSnowflakeMcp(options: SnowflakeMcpOptions): Promise<LabSnowflakeMcp> {
  const { database = 'LAB', schema = 'COFFEE', name = 'COFFEE_MCP' } = options;
  const path = `/api/v2/databases/${database}/schemas/${schema}/mcp-servers/${name}`;
  const tokens = createSnowflakeTokens(options);
  const granted = new Set(['ANALYST', 'MANAGER']);
  const denied = new Set<string>();
  const withoutWarehouse = new Set<string>();
  const executed: SnowflakeExecution[] = [];
  const holds: Promise<void>[] = [];
  let dialect = options.dialect ?? 'stream';
  let readOnly = true;
  let initialize: 'undecodable' | 'proper' | 'refused' = 'undecodable';
  let firstEventAfter = 0;
  const tools = snowflakeTools(() => !readOnly);

  const http = await startMcpHttp(async (exchange) => {
    const { entry, send } = exchange;
    const called = pathOf(exchange);
    if (entry.method === 'GET' && called.startsWith(metadataPrefix)) return metadata(exchange);
    const [, ...named] = pathForm.exec(called) ?? [];
    if (named.length === 0) return send(404, jsonType, JSON.stringify({ message: 'Not Found' }));
    if (entry.method !== 'POST') return send(405, { allow: 'POST' }, '');
    const accept = headerValues(entry, 'accept').join();
    if (!accepted(accept)) return complain(exchange, 400, '391902', `Unsupported Accept header ${accept || 'null'}`);
    if (!headerValues(entry, 'content-type').join().startsWith('application/json')) return send(415, jsonType, '{}');
    const caller = await callerOf(exchange);
    if (caller instanceof WarehouseError) return challenge(exchange, caller);
    await answer(exchange, caller, named.join('/').toUpperCase() === [database, schema, name].join('/').toUpperCase());
  });

  function accepted(accept: string): boolean {
    if (dialect === 'json') return accept.includes('application/json') || accept.includes('*/*');
    return accept.includes('application/json') && accept.includes('text/event-stream');
  }

  async function callerOf({ entry, noteToken }: Exchange): Promise<SnowflakeCaller | WarehouseError> {
    const token = bearerOf(entry);
    if (token === undefined) return invalidSession();
    noteToken(token);
    const types = headerValues(entry, 'x-snowflake-authorization-token-type');
    return tokens.check(token, types.length === 0 ? undefined : types.join());
  }

  function challenge(exchange: Exchange, { code, message }: WarehouseError): void {
    const metadata = `${http.url}${metadataPrefix}${pathOf(exchange)}`;
    exchange.response.setHeader('www-authenticate', `Bearer resource_metadata="${metadata}"`);
    complain(exchange, 401, code, `${message} [${randomUUID()}]`);
  }

  function complain({ send }: Exchange, status: number, code: string, message: string): void {
    send(status, jsonType, JSON.stringify({ data: null, code, message, success: false, headers: null }));
  }

  /** RFC 9728 section 3. */
  function metadata(exchange: Exchange): void {
    const resource = http.url + pathOf(exchange).slice(metadataPrefix.length);
    const document = {
      resource,
      authorization_servers: tokens.authorizationServers(http.url),
      scopes_supported: tokens.scopes(),
      bearer_methods_supported: ['header'],
    };
    exchange.send(200, jsonType, JSON.stringify(document));
  }

  /** Why the session of this caller does not begin. */
  function barred({ user, role }: SnowflakeCaller, known: boolean): string | undefined {
    if (withoutWarehouse.has(user.name)) return 'The session failed to initialize: the user has no DEFAULT_WAREHOUSE.';
    if (known && granted.has(role) && user.roles.some((each) => each === role)) return undefined;
    return `MCP server ${database}.${schema}.${name} does not exist or not authorized.`;
  }

  async function answer(exchange: Exchange, caller: SnowflakeCaller, known: boolean): Promise<void> {
    const { json, send } = exchange;
    const { id, method, params = {} } = (json ?? {}) as RpcRequest;
    const reply = (body: object): void =>
      send(200, jsonType, JSON.stringify({ jsonrpc: '2.0', id: id ?? null, ...body }));
    if (method === 'initialize' && initialize === 'undecodable') return send(200, jsonType, '{"jsonrpc":"2.0","id":');
    const reason = barred(caller, known);
    if (reason !== undefined && method !== 'tools/call') return reply({ error: { code: -32603, message: reason } });
    if (method === 'initialize' && initialize === 'proper') return reply({ result: greeting(params) });
    if (id === undefined && initialize === 'proper') return send(202, {}, '');
    if (method === 'tools/list') {
      const listed = tools.map(({ name, title, description, inputSchema }) => ({
        name,
        title,
        description,
        inputSchema,
      }));
      return reply({ result: { tools: listed } });
    }
    if (method !== 'tools/call') return reply({ error: { code: -32601, message: `Method not found: ${method}` } });
    const body = reason === undefined ? call(params, caller) : { error: { code: -32603, message: reason } };
    const hold = holds.shift();
    if (dialect === 'json') {
      await hold;
      return reply(body);
    }
    await stream(exchange, { jsonrpc: '2.0', id, ...body }, hold);
  }

  function call({ name, arguments: args = {} }: Params, caller: SnowflakeCaller): object {
    const tool = tools.find((each) => each.name === name);
    const given = args as Params;
    if (!tool) return { error: { code: -32602, message: `Tool ${String(name)} not found` } };
    if (given[tool.needs] === undefined) return { error: { code: -32602, message: `Missing argument: ${tool.needs}` } };
    if (denied.has(tool.name)) return { result: failed('Object does not exist or not authorized.') };
    executed.push({ tool: tool.name, args: given, user: caller.user.name, role: caller.role });
    return { result: tool.run(given, caller) satisfies SnowflakeResult };
  }

  async function stream({ response }: Exchange, body: object, hold: Promise<void> | undefined): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    await hold;
    if (firstEventAfter > 0) await sleep(firstEventAfter);
    response.write(`data: ${JSON.stringify(body)}\n\n`);
    response.end('data: [DONE]\n\n');
  }

  return {
    ...http,
    ...tokens.levers,
    url: http.url + path,
    executed,
    executions: (tool) => executed.filter((each) => each.tool === tool).length,
    speak(next) {
      dialect = next;
    },
    grant: (role) => void granted.add(role),
    revoke: (role) => void granted.delete(role),
    denyTool: (tool) => void denied.add(tool),
    dropDefaultWarehouse: (user) => void withoutWarehouse.add(user),
    setReadOnly(next) {
      readOnly = next;
    },
    answerInitialize(how) {
      initialize = how;
    },
    holdNextCall() {
      const { promise, resolve } = Promise.withResolvers<void>();
      holds.push(promise);
      return { release: () => resolve() };
    },
    delayFirstEvent(milliseconds) {
      firstEventAfter = milliseconds;
    },
  };
}

function greeting({ protocolVersion }: Params): object {
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'snowflake', version: '1.0' } };
}
