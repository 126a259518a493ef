import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

import {
  type NodeIncomingMessageLike,
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer, type McpHttpHandler } from '@modelcontextprotocol/server';

import { listen } from '../lab/tokenServices/listen.ts';
import { eventStore } from './eventStore.ts';
import { addPrompts, addResources } from './fixtureContent.ts';
import { askingTools, states } from './fixtureQuestions.ts';
import { fixtureTasks, TASKS } from './fixtureTasks.ts';
import { type Levers, plainTools, type Tool } from './fixtureTools.ts';

export type SuiteRevision = '2025-11-25' | '2026-07-28';

/** A server with everything that the conformance suite asks servers for, made with the official SDK. */
export interface FixtureServer {
  readonly url: string;
  /** The Authorization header of every request, in order; undefined where there was none. */
  readonly authorizations: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** Milliseconds that a client is told to wait before it takes up a stream. */
const RETRY = 50;

/** Whoever starts it closes it. It checks no token, and writes down which came. */
export async function startFixtureServer(revision: SuiteRevision): Promise<FixtureServer> {
  const authorizations: (string | undefined)[] = [];
  const { handle, close } = revision === '2026-07-28' ? modern() : sessions();
  const validHost = localhostHostValidation();
  const validOrigin = localhostOriginValidation();
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    if (!validHost(request, response) || !validOrigin(request, response)) return;
    handle(request, response).catch(() => response.destroy());
  });
  const listening = await listen(server);
  return {
    url: `http://${listening.host}/mcp`,
    authorizations,
    async close() {
      await close();
      await listening.close();
    },
  };
}

interface Face {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/** 2026-07-28: a server object for each request. */
function modern(): Face {
  const levers: Levers = {
    toolsChanged: () => handler.notify.toolsChanged(),
    promptsChanged: () => handler.notify.promptsChanged(),
  };
  const tasks = fixtureTasks();
  const handler: McpHttpHandler = createMcpHandler(
    () => {
      const server = fixture(levers, tasks.tools);
      server.server.registerCapabilities({ extensions: { [TASKS]: {} } });
      return server;
    },
    { legacy: 'reject' },
  );
  const serve = toNodeHandler(handler);
  return {
    async handle(request, response) {
      const body = await bodyOf(request);
      const answer = tasks.answer(body, request.headers);
      if (!answer) return serve(request as NodeIncomingMessageLike, response, body);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.message));
    },
    async close() {
      tasks.close();
      await handler.close();
    },
  };
}

/** What is no JSON reaches the SDK as null, which it refuses. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  return request.method === 'POST' ? json(request).catch(() => null) : undefined;
}

/** 2025-11-25: a server object for each session. */
function sessions(): Face {
  const open = new Map<string, NodeStreamableHTTPServerTransport>();

  async function begin(): Promise<NodeStreamableHTTPServerTransport> {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: eventStore(),
      retryInterval: RETRY,
      onsessioninitialized: (id) => void open.set(id, transport),
      onsessionclosed: (id) => void open.delete(id),
    });
    const levers: Levers = {
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    };
    const server = fixture(levers);
    server.server.registerCapabilities({ resources: { subscribe: true } });
    for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const)
      server.server.setRequestHandler(method, () => ({}));
    await server.connect(transport);
    return transport;
  }

  return {
    async handle(request, response) {
      const id = request.headers['mcp-session-id'];
      const known = typeof id === 'string' ? open.get(id) : undefined;
      if (id !== undefined && !known) {
        const error = { code: -32001, message: 'Session not found' };
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
        return;
      }
      await (known ?? (await begin())).handleRequest(request, response, await bodyOf(request));
    },
    async close() {
      await Promise.all([...open.values()].map((transport) => transport.close()));
    },
  };
}

function fixture(levers: Levers, more: readonly Tool[] = []): McpServer {
  const forAll = { ttlMs: 60_000, cacheScope: 'public' } as const;
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: { logging: {}, completions: {} },
      requestState: { verify: states.verify },
      cacheHints: {
        'tools/list': forAll,
        'prompts/list': forAll,
        'resources/list': forAll,
        'resources/templates/list': forAll,
        'resources/read': forAll,
        'server/discover': forAll,
      },
    },
  );
  for (const { name, description, input = { type: 'object' }, run } of [...plainTools(levers), ...askingTools, ...more])
    server.registerTool(
      name,
      { description, inputSchema: fromJsonSchema<Readonly<Record<string, unknown>>>(input) },
      run,
    );
  addResources(server);
  addPrompts(server);
  return server;
}
