import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  type InputRequest,
  inputRequired,
  ProtocolError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

import type { Fixture } from './fixture.ts';
import { type FixtureCall, type Params, RpcError } from './fixtureTypes.ts';
import { pathOf } from './http.ts';
import type { PlainEndpoint } from './plainEndpoint.ts';

/** Ends a call that can't go on before the client has answered. */
class InputNeeded extends Error {
  readonly key: string;
  readonly request: InputRequest;

  constructor(key: string, request: InputRequest) {
    super('The client has to answer first');
    this.key = key;
    this.request = request;
  }
}

/** MCP 2026-07-28 as SDK v2 serves it: no sessions, and no word with older clients. */
export function modernEndpoint(fixture: Fixture): PlainEndpoint {
  const create = (): Server => modernServer(fixture);
  const handlers = {
    stream: createMcpHandler(create, { legacy: 'reject', responseMode: 'sse' }),
    json: createMcpHandler(create, { legacy: 'reject', responseMode: 'auto' }),
  };
  const serve = { stream: toNodeHandler(handlers.stream), json: toNodeHandler(handlers.json) };
  let form: 'stream' | 'json' = 'stream';
  fixture.onChange((change) => {
    for (const { notify } of Object.values(handlers)) {
      if (change === 'tools') notify.toolsChanged();
      else notify.resourceUpdated(change.resource);
    }
  });
  const without = (what: string) => (): never => {
    throw new Error(`2026-07-28 has no ${what}`);
  };
  return {
    path: '/mcp',
    async handle(exchange, user) {
      if (pathOf(exchange) !== '/mcp') return false;
      const { message, response, entry, json } = exchange;
      const auth = { token: '', clientId: user, scopes: [] };
      const request = Object.assign(message, { auth }) as NodeIncomingMessageLike;
      await serve[form](request, response, entry.method === 'POST' ? (json ?? null) : undefined);
      return true;
    },
    answerAs(wanted) {
      form = wanted;
    },
    batchAnswers: without('batches'),
    drop: without('sessions'),
    size: () => 0,
    async close() {
      await Promise.all(Object.values(handlers).map((handler) => handler.close()));
    },
  };
}

/** The fixture as a server object of SDK v2, for one request. */
function modernServer(fixture: Fixture): Server {
  const { info, capabilities, instructions } = fixture;
  const server = new Server(info, { capabilities, instructions });

  const callOf = ({ mcpReq, http }: ServerContext): FixtureCall => ({
    user: http?.authInfo?.clientId ?? '',
    signal: mcpReq.signal,
    revision: fixture.revision,
    abilities: server.getClientCapabilities() ?? {},
    progressToken: mcpReq._meta?.progressToken,
    notify: (method, params) => mcpReq.notify({ method, params }),
    log: (level, data) => mcpReq.log(level, data, 'lab'),
    async ask(key, method, params) {
      const answer = mcpReq.inputResponses?.[key];
      if (answer === undefined) throw new InputNeeded(key, { method, params } as InputRequest);
      return answer as Params;
    },
  });

  async function answer(method: string, params: Params, context: ServerContext): Promise<Params> {
    try {
      return await fixture.answer(method, params, callOf(context));
    } catch (error) {
      if (error instanceof InputNeeded) return { ...inputRequired({ inputRequests: { [error.key]: error.request } }) };
      throw error instanceof RpcError ? new ProtocolError(error.code, error.message, error.data) : error;
    }
  }

  const sessionOnly = new Set(['resources/subscribe', 'resources/unsubscribe']);
  for (const method of fixture.methods.filter((each) => !sessionOnly.has(each))) {
    server.setRequestHandler(
      method as 'tools/list',
      (async (request: { params?: Params }, context: ServerContext) =>
        answer(method, request.params ?? {}, context)) as never,
    );
  }
  return server;
}
