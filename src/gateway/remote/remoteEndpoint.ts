import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { PassportError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import type { Exchange, McpEndpoint } from '../mcpEndpoint.ts';
import type { SessionLimits } from '../mcpSessions.ts';
import { isObject } from '../record.ts';
import { reply } from '../reply.ts';
import { acceptsStream, isMessage } from '../requestChecks.ts';
import type { Answered, Heard } from './channel.ts';
import type { RemoteCalls } from './remoteCalls.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import { type RemoteSession, remoteSession } from './remoteSession.ts';
import { isRequest, type RpcMessage, type RpcRequest } from './rpc.ts';

const LIMITS: SessionLimits = { sessions: 64, idle: 3 * 3600 };

export interface RemoteEndpointPorts {
  /** A connection as it is now. @throws PassportError DP-CONNECTION-UNKNOWN */
  readonly remote: (connection: string) => RemoteConnection;
  readonly calls: RemoteCalls;
  readonly clock: Clock;
  readonly limits?: SessionLimits | undefined;
}

/** MCP over HTTP for the connections that are remote servers, one endpoint each. */
export interface RemoteEndpoint extends Omit<McpEndpoint, 'toolsChanged'> {
  /** Another user or other settings: the clients of this connection fetch their lists anew. */
  changed(connection: string): void;
  /** The connection is gone: so are the sessions of its clients. */
  removed(connection: string): void;
  sweep(): void;
  size(): number;
}

interface Entry {
  readonly caller: string;
  readonly connection: string;
  readonly session: RemoteSession;
  usedAt: number;
}

export function remoteEndpoint({ remote, calls, clock, limits = LIMITS }: RemoteEndpointPorts): RemoteEndpoint {
  /** In order of last use. */
  const sessions = new Map<string, Entry>();

  function find({ request, owner }: Exchange): Entry | undefined {
    const id = request.headers['mcp-session-id'];
    const entry = typeof id === 'string' ? sessions.get(id) : undefined;
    if (!entry || entry.caller !== owner.caller || entry.connection !== owner.only) return undefined;
    entry.usedAt = clock.now();
    sessions.delete(id as string);
    sessions.set(id as string, entry);
    return entry;
  }

  function open({ caller, only = '' }: Exchange['owner']): RemoteSession {
    if (sessions.size >= limits.sessions) {
      const quiet = [...sessions.values()].find(({ session }) => !session.busy()) ?? [...sessions.values()][0];
      void quiet?.session.close();
    }
    const id = randomUUID();
    const session = remoteSession({
      id,
      connection: only,
      remote: () => remote(only),
      calls,
      onClosed: () => sessions.delete(id),
    });
    sessions.set(id, { caller, connection: only, session, usedAt: clock.now() });
    return session;
  }

  return {
    async post(exchange, body) {
      const { request, response, owner } = exchange;
      const message = body as unknown as RpcMessage;
      if (!isMessage(body)) return false;
      if (request.headers['mcp-session-id'] !== undefined) {
        const entry = find(exchange);
        entry?.session.post(message, response, acceptsStream(request));
        return entry !== undefined;
      }
      if (message.method === 'initialize' && isRequest(message) && !isOfNewEra(message)) {
        open(owner).post(message, response, acceptsStream(request));
        return true;
      }
      return alone(remote(owner.only ?? ''), message, { request, response });
    },
    get(exchange) {
      const entry = acceptsStream(exchange.request) ? find(exchange) : undefined;
      const last = exchange.request.headers['last-event-id'];
      entry?.session.stream(exchange.response, typeof last === 'string' ? last : undefined);
      return entry !== undefined;
    },
    async delete(exchange) {
      const entry = find(exchange);
      if (!entry) return false;
      await entry.session.close();
      exchange.response.writeHead(200, { 'content-length': '0' }).end();
      return true;
    },
    changed(connection) {
      for (const entry of sessions.values()) if (entry.connection === connection) entry.session.changed();
    },
    removed(connection) {
      for (const entry of sessions.values()) if (entry.connection === connection) void entry.session.close();
    },
    sweep() {
      const before = clock.now() - limits.idle * 1000;
      for (const { session, usedAt } of sessions.values()) if (usedAt < before && !session.busy()) void session.close();
    },
    size: () => sessions.size,
    async close() {
      await Promise.all([...sessions.values()].map(({ session }) => session.close()));
    },
  };

  /** A message of a client that holds no session (2026-07-28): its headers say everything. */
  async function alone(
    of: RemoteConnection,
    message: RpcMessage,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ): Promise<boolean> {
    const gone = new AbortController();
    response.once('close', () =>
      gone.abort(new PassportError('DP-MCP-CANCELED', { connection: of.configured.wire.id })),
    );
    const headers = protocolHeaders(request);
    if (!isRequest(message)) {
      await of.passNotification(message, headers, AbortSignal.any([gone.signal, of.life])).catch(() => undefined);
      response.writeHead(202, { 'content-length': '0' }).end();
      return true;
    }
    const { cardAnswer, message: asked } = withoutCard(message);
    const own = { ...asked, params: of.policies.envelope(asked.params) };
    const to = reply(response, {}, acceptsStream(request));
    let status = 200;
    const hear = ({ message: said, fields }: Heard): void => {
      const { on } = of.policies.heard(said);
      if (on) to.say(JSON.stringify(on), fields);
    };
    try {
      const given: Answered = await calls.answer({
        of,
        message: own,
        controller: gone,
        capabilities: capabilitiesIn(asked),
        cardAnswer,
        async passOn(signal) {
          if (own.method === 'tools/call') await verified(of, own, { headers, signal });
          const { status: said, ...answered } = await of.pass({ message: own, signal, hear, headers });
          status = said;
          return answered;
        },
      });
      if (status >= 300 && !response.headersSent && !REFUSED_HERE.has(status)) sendStatus(response, status, given.text);
      else to.answer(given.text, given.fields);
    } catch {
      to.finish();
    }
    return true;
  }
}

/** The same as for a client with a session: the list is asked for in the words of the client itself. */
async function verified(
  of: RemoteConnection,
  call: RpcRequest,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<void> {
  const { 'mcp-protocol-version': version } = headers;
  const own = { 'mcp-method': 'tools/list', ...(version !== undefined && { 'mcp-protocol-version': version }) };
  await of.verify(({ params, ...message }) => {
    const { _meta: meta } = call.params ?? {};
    const asked = { ...message, params: { ...params, ...(isObject(meta) && { _meta: withoutProgress(meta) }) } };
    return of.pass({ message: asked, signal, hear: () => undefined, headers: own });
  });
  const refusal = of.policies.refusal(call);
  if (refusal) throw refusal;
}

function withoutProgress({ progressToken: _token, ...meta }: Readonly<Record<string, unknown>>): object {
  return meta;
}

/** Statuses that the editor would take for a refusal of ours. */
const REFUSED_HERE: ReadonlySet<number> = new Set([401, 403]);

function sendStatus(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** Header fields of a client that belong to the protocol; nothing else of what it sends goes on. */
const PROTOCOL = /^(?:mcp-protocol-version|mcp-method|mcp-name|mcp-param-[a-z0-9-]{1,80})$/;

function protocolHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => PROTOCOL.test(name) && typeof value === 'string');
  return Object.fromEntries(kept) as Record<string, string>;
}

function capabilitiesIn({ params }: RpcRequest): unknown {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined;
}

/** Our own card's answer is no concern of the server. */
function withoutCard(message: RpcRequest): {
  readonly message: RpcRequest;
  readonly cardAnswer?: { readonly action?: unknown } | undefined;
} {
  const { inputResponses, ...params } = message.params ?? {};
  if (!isObject(inputResponses) || !isObject(inputResponses['signIn']) || params['requestState'] !== undefined)
    return { message };
  return { message: { ...message, params }, cardAnswer: inputResponses['signIn'] };
}

/** What begins a session elsewhere is a request like any other here, for the server to refuse (MCP 2026-07-28). */
function isOfNewEra({ params }: RpcRequest): boolean {
  const meta = params?.['_meta'];
  return isObject(meta) && meta['io.modelcontextprotocol/protocolVersion'] !== undefined;
}
