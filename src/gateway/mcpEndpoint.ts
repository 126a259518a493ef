import type { IncomingMessage, ServerResponse } from 'node:http';

import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  createMcpHandler,
  type JSONRPCMessage,
  type Server,
} from '@modelcontextprotocol/server';

import type { McpSessions, SessionOwner } from './mcpSessions.ts';
import { acceptsStream, isMessage } from './requestChecks.ts';

type Body = Readonly<Record<string, unknown>>;

export interface EndpointPorts {
  readonly sessions: McpSessions;
  /** A server object for one request of a 2026-07-28 client. */
  readonly createModern: (only: string | undefined) => Server;
  readonly onerror: (error: Error) => void;
}

/** MCP over HTTP for both protocol eras, behind the checks of the listener. */
export interface McpEndpoint {
  /** @returns false when the request has to be refused; nothing was sent then */
  post(exchange: Exchange, body: Body): Promise<boolean>;
  get(exchange: Exchange): boolean;
  delete(exchange: Exchange): Promise<boolean>;
  toolsChanged(): void;
  close(): Promise<void>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly owner: SessionOwner;
}

export function mcpEndpoint({ sessions, createModern, onerror }: EndpointPorts): McpEndpoint {
  const handlers = new Map<string | undefined, ModernHandler>();

  function modern(only: string | undefined): ModernHandler {
    const known = handlers.get(only) ?? modernHandler(() => createModern(only), onerror);
    handlers.set(only, known);
    return known;
  }

  async function open({ request, response, owner }: Exchange, body: Body): Promise<boolean> {
    const classified = classifyInboundRequest({
      httpMethod: 'POST',
      body,
      ...header(request, 'mcp-protocol-version', 'protocolVersionHeader'),
      ...header(request, 'mcp-method', 'mcpMethodHeader'),
      ...header(request, 'mcp-name', 'mcpNameHeader'),
    });
    if (classified.kind !== 'legacy') {
      await modern(owner.only).serve(request as NodeIncomingMessageLike, response, body);
      return true;
    }
    if (body['method'] !== 'initialize' || body['id'] === undefined) return false;
    const transport = await sessions.open(owner);
    transport.post(body as JSONRPCMessage, response, acceptsStream(request));
    return true;
  }

  return {
    async post(exchange, body) {
      const { request, response, owner } = exchange;
      const id = request.headers['mcp-session-id'];
      if (id === undefined) return open(exchange, body);
      const transport = typeof id === 'string' ? sessions.find(id, owner) : undefined;
      if (!transport || !isMessage(body)) return false;
      transport.post(body as JSONRPCMessage, response, acceptsStream(request));
      return true;
    },
    get({ request, response, owner }) {
      const id = request.headers['mcp-session-id'];
      const transport = typeof id === 'string' ? sessions.find(id, owner) : undefined;
      if (!transport || !acceptsStream(request)) return false;
      transport.stream(response);
      return true;
    },
    async delete({ request, response, owner }) {
      const id = request.headers['mcp-session-id'];
      const transport = typeof id === 'string' ? sessions.find(id, owner) : undefined;
      if (!transport) return false;
      await transport.close();
      response.writeHead(200, { 'content-length': '0' }).end();
      return true;
    },
    toolsChanged() {
      sessions.toolsChanged();
      for (const { changed } of handlers.values()) changed();
    },
    async close() {
      await Promise.all([sessions.closeAll(), ...[...handlers.values()].map(({ close }) => close())]);
    },
  };
}

interface ModernHandler {
  readonly serve: ReturnType<typeof toNodeHandler>;
  readonly changed: () => void;
  readonly close: () => Promise<void>;
}

function modernHandler(create: () => Server, onerror: (error: Error) => void): ModernHandler {
  const handler = createMcpHandler(create, { legacy: 'reject', onerror });
  return {
    serve: toNodeHandler(handler, { onerror }),
    changed: () => handler.notify.toolsChanged(),
    close: handler.close,
  };
}

function header<Name extends string>(
  { headers }: IncomingMessage,
  from: string,
  to: Name,
): Partial<Record<Name, string>> {
  const value = headers[from];
  return typeof value === 'string' ? ({ [to]: value } as Partial<Record<Name, string>>) : {};
}
