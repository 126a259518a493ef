import { createFixture, type FixtureLevers } from './fixture.ts';
import type { Revision } from './fixtureTypes.ts';
import { type Exchange, type HttpLevers, pathOf, startMcpHttp } from './http.ts';
import { bearerOf } from './journal.ts';
import { legacyServer } from './legacyServer.ts';
import { legacySessions } from './legacySessions.ts';
import { legacyStreams } from './legacyStreams.ts';
import { modernEndpoint } from './modernEndpoint.ts';
import type { PlainEndpoint } from './plainEndpoint.ts';

export interface PlainServerOptions {
  readonly revision: Revision;
  /** As whom a bearer token is taken; undefined where it is refused. */
  readonly whois: (token: string) => string | undefined | Promise<string | undefined>;
}

export interface LabPlainServer extends Omit<HttpLevers, 'url'>, FixtureLevers {
  /** Of the endpoint. */
  readonly url: string;
  readonly revision: Revision;
  /** The next requests are answered with 401, whatever token they bring. */
  rejectNextTokens(count: number): void;
  /** How answers look; of sessions that are opened from now on. Default: `stream`. Not in 2024-11-05, which has streams only. */
  answerAs(form: 'stream' | 'json'): void;
  /** In 2025-03-26 the messages of one answer come together in one array from now on. */
  batchAnswers(): void;
  /** Forgets every session: requests that name one are answered with 404. 2026-07-28 has none. */
  dropSessions(): Promise<void>;
  sessions(): number;
}

/**
 * An MCP server made with the official SDKs that speaks one revision of the protocol and no other: `initialize` is answered with
 * it whatever is asked, and a later request that names another one is refused. Whoever starts it closes it.
 */
export async function startPlainServer({ revision, whois }: PlainServerOptions): Promise<LabPlainServer> {
  const fixture = createFixture(revision);
  const endpoint =
    revision === '2026-07-28'
      ? modernEndpoint(fixture)
      : revision === '2024-11-05'
        ? legacyStreams(fixture)
        : sessionEndpoint(revision);
  let rejections = 0;

  function sessionEndpoint(revision: Revision): PlainEndpoint {
    const sessions = legacySessions({ revision, createServer: (session) => legacyServer(fixture, session) });
    fixture.onChange(sessions.tell);
    return {
      ...sessions,
      path: '/mcp',
      async handle(exchange, user) {
        if (pathOf(exchange) !== '/mcp') return false;
        await sessions.handle(exchange, user);
        return true;
      },
      close: sessions.drop,
    };
  }

  async function userOf({ entry, noteToken }: Exchange): Promise<string | undefined> {
    const token = bearerOf(entry);
    if (token !== undefined) noteToken(token);
    if (rejections > 0) {
      rejections -= 1;
      return undefined;
    }
    return token === undefined ? undefined : whois(token);
  }

  const http = await startMcpHttp(async (exchange) => {
    const user = await userOf(exchange);
    if (user === undefined) {
      const error = exchange.entry.token === undefined ? '' : ' error="invalid_token"';
      const headers = { 'www-authenticate': `Bearer${error}`, 'content-type': 'application/json' };
      exchange.send(401, headers, JSON.stringify({ error: 'invalid_token' }));
      return;
    }
    if (!(await endpoint.handle(exchange, user))) exchange.send(404, { 'content-type': 'text/plain' }, 'Not found');
  });

  return {
    ...http,
    ...fixture,
    url: http.url + endpoint.path,
    rejectNextTokens(count) {
      rejections = count;
    },
    answerAs: endpoint.answerAs,
    batchAnswers: endpoint.batchAnswers,
    dropSessions: endpoint.drop,
    sessions: endpoint.size,
    async close() {
      await endpoint.close();
      await http.close();
    },
  };
}
