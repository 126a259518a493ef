import {
  type CallToolResult,
  type InputRequiredResult,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

import type { ConnectionTable } from './connectionTable.ts';
import { serveResultsPage, showsPages } from './resultsPage.ts';
import type { SignInCards } from './signInCards.ts';
import { type ToolCalls, type ToolRequest } from './toolCalls.ts';
import { failed, SignInNeeded } from './toolErrors.ts';
import type { ConnectionArgument, Toolbox } from './tools/index.ts';

const HOW_TO = 'Find tables with list_objects and describe_object before you query. An error says who can fix it.';
const WHO = 'Reads databases as the signed-in user: what you see is what that user may see.';
const WHERE = 'Call list_connections first and pass an id as `connection`.';

/** Seconds between progress notifications of a running call. */
const PROGRESS_EVERY = 5;

export interface McpServerPorts {
  readonly version: string;
  readonly toolbox: Toolbox;
  readonly calls: ToolCalls;
  readonly cards: SignInCards;
  readonly connections: ConnectionTable;
  readonly redact: (text: string) => string;
  /** HTML of the page that shows rows; absent where there is none to show. */
  readonly resultsPage?: (() => Promise<string>) | undefined;
}

/** Which protocol generation a server object speaks, and whether it serves one connection only. */
export interface McpServerKind {
  readonly era: 'legacy' | 'modern';
  readonly only?: string | undefined;
}

/** An MCP server over the tools. Definitions are built once; a server object is cheap. */
export function mcpServer(ports: McpServerPorts, { era, only }: McpServerKind): Server {
  const { version, toolbox, calls, cards, connections, redact, resultsPage } = ports;
  const title = only === undefined ? 'Data Passport' : `${only} (Data Passport)`;
  const server = new Server(
    { name: 'data-passport', title, version },
    {
      capabilities: { tools: { listChanged: true }, ...(resultsPage && { resources: {} }) },
      instructions: only === undefined ? `${WHO} ${WHERE} ${HOW_TO}` : `${WHO} ${HOW_TO}`,
    },
  );

  async function withCard(request: ToolRequest, context: ServerContext): Promise<CallToolResult | InputRequiredResult> {
    try {
      return await calls.call(request);
    } catch (needed) {
      if (!(needed instanceof SignInNeeded)) throw needed;
      const outcome = await cards.show({
        needed,
        signal: request.signal,
        capabilities: server.getClientCapabilities(),
        answered: context.mcpReq.inputResponses?.['signIn'] as { action?: unknown } | undefined,
        notifier: era === 'legacy' ? (id) => server.createElicitationCompletionNotifier(id) : undefined,
      });
      if (outcome.kind === 'ask') return outcome.result;
      return outcome.kind === 'again' ? onceMore(request, redact) : failed(needed, redact);
    }
  }

  async function onceMore(request: ToolRequest, redact: McpServerPorts['redact']): Promise<CallToolResult> {
    try {
      return await calls.call(request);
    } catch (error) {
      if (error instanceof SignInNeeded) return failed(error, redact);
      throw error;
    }
  }

  server.setRequestHandler('tools/list', () => ({
    tools: [
      ...toolbox.definitions({
        argument: argumentOf(connections, only),
        pages: resultsPage !== undefined && showsPages(server.getClientCapabilities()),
        runsAs: runsAs(connections, only),
      }),
    ] as never,
  }));
  if (resultsPage) serveResultsPage(server, resultsPage);
  server.setRequestHandler('tools/call', async (request, context) => {
    const { name, arguments: args = {} } = request.params;
    const { id, _meta: meta, signal } = context.mcpReq;
    const stopProgress = progress(context);
    try {
      return await withCard({ id, name, arguments: args, meta, only, signal }, context);
    } finally {
      stopProgress();
    }
  });
  return server;
}

export function argumentOf(connections: ConnectionTable, only: string | undefined): ConnectionArgument {
  if (only !== undefined) return 'absent';
  return connections.offered().length === 1 ? 'optional' : 'required';
}

/** Whom the one connection of a list runs as: the model need not ask. Names that are no plain words are not repeated to it. */
export function runsAs(connections: ConnectionTable, only: string | undefined): string | undefined {
  const [one, another] = only === undefined ? connections.offered() : [connections.get(only)];
  if (!one || another) return undefined;
  const { account } = one.wire;
  if (account === undefined || one.wire.subject === undefined || !PLAIN_NAME.test(account)) return undefined;
  return one.role !== undefined && PLAIN_NAME.test(one.role) ? `${account} with role ${one.role}` : account;
}

const PLAIN_NAME = /^[\w.@+-]{1,48}$/;

/** Tells a client that asked for it that the call still runs. Returns what stops it. */
function progress({ mcpReq }: ServerContext): () => void {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += PROGRESS_EVERY;
    const params = { progressToken, progress: seconds, message: `Running for ${seconds} seconds` };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  }, PROGRESS_EVERY * 1000);
  return () => clearInterval(timer);
}
