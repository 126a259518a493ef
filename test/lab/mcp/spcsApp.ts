import { createFixture, type FixtureLevers } from './fixture.ts';
import { said } from './fixtureTools.ts';
import { type HttpLevers, pathOf, startMcpHttp } from './http.ts';
import { bearerOf } from './journal.ts';
import { legacyServer } from './legacyServer.ts';
import { legacySessions } from './legacySessions.ts';

export interface SpcsAppOptions {
  /** As whom the app's own bearer token is taken; undefined where it is refused. */
  readonly whois: (token: string) => string | undefined | Promise<string | undefined>;
}

/** The app behind the ingress. Its journal holds what reached it. */
export interface LabSpcsApp extends HttpLevers, FixtureLevers {
  /** Whether the app has its own check of a bearer token; true at first. Without it everybody is `anonymous`. */
  requireBearer(required: boolean): void;
  /** The app itself refuses this many requests, in its own words. */
  refuseNext(count: number, status?: 401 | 403): void;
  dropSessions(): Promise<void>;
}

const headers = { 'content-type': 'application/json', server: 'app/1.0', 'x-powered-by': 'app' };

/** An MCP server of a customer: the tools of the lab's plain server, and `whoami_app`. */
export async function startSpcsApp({ whois }: SpcsAppOptions): Promise<LabSpcsApp> {
  const fixture = createFixture('2025-11-25');
  fixture.addTool({
    name: 'whoami_app',
    description: 'Says who the app takes the caller for.',
    inputSchema: { type: 'object', properties: {} },
    run: (_, { user }) => said(user),
  });
  const sessions = legacySessions({
    revision: fixture.revision,
    createServer: (session) => legacyServer(fixture, session),
  });
  fixture.onChange(sessions.tell);
  let required = true;
  let refusals = { count: 0, status: 401 };

  const http = await startMcpHttp(async (exchange) => {
    const { entry, noteToken, send } = exchange;
    const token = bearerOf(entry);
    if (token !== undefined) noteToken(token);
    const user = required ? (token === undefined ? undefined : await whois(token)) : 'anonymous';
    const { count, status } = refusals;
    if (count > 0 || user === undefined) {
      refusals = { count: Math.max(0, count - 1), status };
      const detail = 'Authentication credentials were not provided.';
      return send(count > 0 ? status : 401, headers, JSON.stringify({ detail }));
    }
    if (pathOf(exchange) !== '/mcp') return send(404, headers, JSON.stringify({ detail: 'Not found.' }));
    await sessions.handle(exchange, user);
  });
  return {
    ...http,
    ...fixture,
    requireBearer(next) {
      required = next;
    },
    refuseNext(count, status = 401) {
      refusals = { count, status };
    },
    dropSessions: sessions.drop,
    async close() {
      await sessions.drop();
      await http.close();
    },
  };
}
