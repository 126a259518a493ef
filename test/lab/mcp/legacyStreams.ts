import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';

import type { Fixture } from './fixture.ts';
import { type Exchange, pathOf } from './http.ts';
import { legacyServer, type LegacySession, tellChange } from './legacyServer.ts';
import { withRevision } from './legacySessions.ts';
import type { PlainEndpoint } from './plainEndpoint.ts';

interface Entry {
  readonly session: LegacySession;
  readonly server: Server;
  readonly transport: SSEServerTransport;
}

const unsupported = (): never => {
  throw new Error('2024-11-05 answers in its one stream');
};

/** HTTP with SSE, the transport of 2024-11-05: one stream at `/sse` that names the address for messages. */
export function legacyStreams(fixture: Fixture): PlainEndpoint {
  const sessions = new Map<string, Entry>();
  fixture.onChange((change) => {
    for (const { server, session } of sessions.values()) tellChange(server, session, change).catch(() => undefined);
  });

  async function open({ response }: Exchange, user: string): Promise<void> {
    const session = { user, subscriptions: new Set<string>() };
    const server = legacyServer(fixture, session);
    const transport = new SSEServerTransport('/messages', response);
    sessions.set(transport.sessionId, { session, server, transport });
    response.once('close', () => sessions.delete(transport.sessionId));
    await server.connect(transport);
  }

  async function take({ message, response, entry, json, send }: Exchange, user: string): Promise<void> {
    const id = new URL(entry.path, 'http://lab').searchParams.get('sessionId') ?? '';
    const found = sessions.get(id);
    if (found?.session.user !== user) return send(404, { 'content-type': 'text/plain' }, 'Session not found');
    const auth = { token: '', clientId: user, scopes: [] };
    const body = withRevision(json, fixture.revision) ?? json ?? entry.body;
    await found.transport.handlePostMessage(Object.assign(message, { auth }), response, body);
  }

  async function drop(): Promise<void> {
    const dropped = [...sessions.values()];
    sessions.clear();
    await Promise.all(dropped.map(({ server }) => server.close()));
  }

  return {
    path: '/sse',
    async handle(exchange, user) {
      const called = `${exchange.entry.method} ${pathOf(exchange)}`;
      if (called === 'GET /sse') await open(exchange, user);
      else if (called === 'POST /messages') await take(exchange, user);
      else if (called === 'POST /sse') exchange.send(405, { allow: 'GET' }, '');
      else return false;
      return true;
    },
    answerAs: unsupported,
    batchAnswers: unsupported,
    drop,
    size: () => sessions.size,
    close: drop,
  };
}
