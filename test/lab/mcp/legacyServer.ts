import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  type JSONRPCRequest,
  McpError,
  ResultSchema,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import type { Fixture, FixtureChange } from './fixture.ts';
import { type FixtureCall, type Params, RpcError } from './fixtureTypes.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** One session of a client. */
export interface LegacySession {
  /** Who opened it. */
  readonly user: string;
  readonly subscriptions: Set<string>;
}

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/** The fixture as a server object of SDK v1, for one session. */
export function legacyServer(fixture: Fixture, session: LegacySession): Server {
  const { info, capabilities, instructions } = fixture;
  const server = new Server(info, { capabilities, instructions });
  let lowest = 'debug';
  server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    lowest = params.level;
    return {};
  });

  const callOf = (extra: Extra): FixtureCall => ({
    user: extra.authInfo?.clientId ?? session.user,
    signal: extra.signal,
    revision: fixture.revision,
    abilities: server.getClientCapabilities() ?? {},
    progressToken: extra._meta?.progressToken,
    subscriptions: session.subscriptions,
    notify: (method, params) => extra.sendNotification({ method, params } as unknown as ServerNotification),
    async log(level, data) {
      if (levels.indexOf(level) < levels.indexOf(lowest)) return;
      const params = { level, data, logger: 'lab' };
      await extra.sendNotification({ method: 'notifications/message', params });
    },
    ask: (_key, method, params) =>
      extra.sendRequest({ method, params } as unknown as ServerRequest, ResultSchema) as Promise<Params>,
  });

  // Unlike handlers of single methods, this one sends what the fixture says, without a second look.
  server.fallbackRequestHandler = async ({ method, params = {} }: JSONRPCRequest, extra: Extra) => {
    try {
      return await fixture.answer(method, params, callOf(extra));
    } catch (error) {
      throw error instanceof RpcError ? new McpError(error.code, error.message, error.data) : error;
    }
  };
  return server;
}

/** Tells one session of a change. */
export async function tellChange(server: Server, session: LegacySession, change: FixtureChange): Promise<void> {
  if (change === 'tools') await server.sendToolListChanged();
  else if (session.subscriptions.has(change.resource)) await server.sendResourceUpdated({ uri: change.resource });
}
