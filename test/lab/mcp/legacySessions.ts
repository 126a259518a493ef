import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

import type { FixtureChange } from './fixture.ts';
import { type Revision, since } from './fixtureTypes.ts';
import { type Exchange, messagesIn, rewrite } from './http.ts';
import { headerValues } from './journal.ts';
import { type LegacySession, tellChange } from './legacyServer.ts';

export interface LegacySessionsOptions {
  readonly revision: Revision;
  readonly createServer: (session: LegacySession) => Server;
}

/** Streamable HTTP with sessions, as SDK v1 serves it, held to one revision of the protocol. */
export interface LegacySessions {
  handle(exchange: Exchange, user: string): Promise<void>;
  tell(change: FixtureChange): void;
  /** How answers of sessions look that are opened from now on. */
  answerAs(form: 'stream' | 'json'): void;
  /** Messages of one answer come together in one array. Only for 2025-03-26, which alone has batches. */
  batchAnswers(): void;
  /** Forgets every session: their ids are answered with 404. */
  drop(): Promise<void>;
  /** How many there are. */
  size(): number;
}

interface Entry {
  readonly session: LegacySession;
  readonly server: Server;
  readonly transport: StreamableHTTPServerTransport;
}

const refuse = ({ send }: Exchange, status: number, code: number, message: string): void =>
  send(
    status,
    { 'content-type': 'application/json' },
    JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }),
  );

export function legacySessions({ revision, createServer }: LegacySessionsOptions): LegacySessions {
  const sessions = new Map<string, Entry>();
  let enableJsonResponse = false;
  let batches = false;

  async function open(user: string): Promise<Entry> {
    const session = { user, subscriptions: new Set<string>() };
    const server = createServer(session);
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse,
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, entry),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const entry: Entry = { session, server, transport };
    await server.connect(transport);
    return entry;
  }

  /** A session is its user's alone (MCP, security best practices): to anybody else it does not exist. */
  function find(exchange: Exchange, user: string): Entry | undefined {
    const found = sessions.get(headerValues(exchange.entry, 'mcp-session-id').join());
    return found?.session.user === user ? found : undefined;
  }

  /** Why this is no request of the revision that was agreed on. */
  function problem({ entry, json }: Exchange): string | undefined {
    if (Array.isArray(json) && revision !== '2025-03-26') return 'Batches are not supported';
    const versions = headerValues(entry, 'mcp-protocol-version');
    // The header came with 2025-06-18; before, nobody looks at it.
    if (!since(revision, '2025-06-18') || (versions.length === 1 && versions[0] === revision)) return undefined;
    return `Bad Request: MCP-Protocol-Version must be ${revision}`;
  }

  return {
    async handle(exchange, user) {
      const { message, response, entry, json } = exchange;
      const asked = withRevision(json, revision);
      if (!asked && headerValues(entry, 'mcp-session-id').length === 0)
        return refuse(exchange, 400, -32000, 'Bad Request: Mcp-Session-Id header is required');
      const session = asked ? await open(user) : find(exchange, user);
      if (!session) return refuse(exchange, 404, -32001, 'Session not found');
      const wrong = asked ? undefined : problem(exchange);
      if (wrong !== undefined) return refuse(exchange, 400, -32000, wrong);
      if (batches && entry.method === 'POST') batchEvents(response);
      const auth = { token: '', clientId: user, scopes: [] };
      // A body that is no JSON was read already and is refused as the SDK refuses it.
      const body = entry.method === 'POST' ? (asked ?? json ?? null) : undefined;
      await session.transport.handleRequest(Object.assign(message, { auth }), response, body);
    },
    tell(change) {
      for (const { server, session } of sessions.values()) tellChange(server, session, change).catch(() => undefined);
    },
    answerAs(form) {
      enableJsonResponse = form === 'json';
    },
    batchAnswers() {
      if (revision !== '2025-03-26') throw new Error('Only 2025-03-26 has batches');
      batches = true;
    },
    async drop() {
      const dropped = [...sessions.values()];
      sessions.clear();
      await Promise.all(dropped.map(({ server }) => server.close()));
    },
    size: () => sessions.size,
  };
}

/** An `initialize` that asks for this revision, whatever it asked for; undefined for anything else. */
export function withRevision(json: unknown, revision: Revision): object | undefined {
  const { method, params } = (json ?? {}) as { method?: unknown; params?: object };
  if (method !== 'initialize') return undefined;
  return { ...(json as object), params: { ...params, protocolVersion: revision } };
}

/** Holds events back until the stream ends, or until the server asks the client something. */
function batchEvents(response: ServerResponse): void {
  const held: object[] = [];
  const flush = (): string => (held.length === 0 ? '' : `event: message\ndata: ${JSON.stringify(held.splice(0))}\n\n`);
  rewrite(response, (chunk, last) => {
    const messages = messagesIn(chunk);
    if (!chunk.includes('data: ')) return last ? flush() + chunk : chunk;
    held.push(...messages);
    return last || messages.some(({ id, method }) => id !== undefined && method !== undefined) ? flush() : '';
  });
}
