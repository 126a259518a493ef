import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Listen } from '../core/link.ts';
import type { Log } from '../core/ports.ts';
import type { Exchange, McpEndpoint } from './mcpEndpoint.ts';
import { admissible, HEADERS_LIMIT, jsonBody } from './requestChecks.ts';
import { type Caller, requestContext } from './requestContext.ts';

export interface ListenerPorts {
  /** Who answers a request that passed the checks. */
  readonly endpointOf: (exchange: Exchange) => Pick<McpEndpoint, 'post' | 'get' | 'delete'>;
  /** Who sent this; undefined: nobody we serve. Gets the Authorization header. */
  readonly authenticate: (authorization: string | undefined) => Caller | undefined;
  /** Whether an endpoint for this one connection exists. */
  readonly serves: (connection: string) => boolean;
  readonly log: Log;
}

export interface Listener {
  /** On TCP. */
  readonly port: number | undefined;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/**
 * Listens and refuses. Every refusal is a bare 404: the editor would answer a 401 or 403 by starting its own OAuth here,
 * and takes a 404 in mid-session as the sign to resolve the server again.
 * @throws what the operating system says when it can not listen
 */
export async function listen(where: Listen, ports: ListenerPorts): Promise<Listener> {
  const server = createServer({
    maxHeaderSize: HEADERS_LIMIT,
    // Longer than clients keep a connection by themselves: the editor takes one that closes under a request for a fault.
    keepAliveTimeout: 60_000,
    requestTimeout: 60_000,
    // Node would answer 400 by itself.
    requireHostHeader: false,
  });
  let host = 'localhost';
  server.on('request', (request, response) => void serve({ request, response }, host, ports));
  // Anything that is no plain request: what the parser can not read, other expectations, tunnels.
  server.on('checkExpectation', (_request, response) => refuse(response));
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  await bind(server, where);
  const port = where.kind === 'tcp' ? (server.address() as AddressInfo).port : undefined;
  if (port !== undefined) host = `127.0.0.1:${port}`;
  return { port, close: () => closeServer(server) };
}

async function bind(server: Server, where: Listen): Promise<void> {
  const isFile = where.kind === 'socket' && !where.path.startsWith('\\\\');
  // What a killed process left behind; anything but a socket there is not ours to remove.
  if (isFile && (await lstat(where.path).catch(() => undefined))?.isSocket()) await unlink(where.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (where.kind === 'socket') server.listen(where.path, onListening);
    else server.listen(0, '127.0.0.1', onListening);
  });
  if (isFile) await chmod(where.path, 0o600);
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(pair: Pick<Exchange, 'request' | 'response'>, host: string, ports: ListenerPorts): Promise<void> {
  const { request, response } = pair;
  try {
    const caller = admissible(request, host) ? ports.authenticate(request.headers.authorization) : undefined;
    const path = caller && pathOf(request.url ?? '', ports.serves);
    if (!caller || !path) return refuse(response);
    const exchange = { ...pair, owner: { caller: caller.id, only: path.only } };
    const served = await requestContext.run({ caller }, () => route(exchange, ports.endpointOf(exchange)));
    if (!served) refuse(response);
  } catch (error) {
    ports.log.error('a request failed', { problem: error instanceof Error ? error.name : typeof error });
    if (response.headersSent) response.destroy();
    else refuse(response);
  }
}

async function route(exchange: Exchange, endpoint: Pick<McpEndpoint, 'post' | 'get' | 'delete'>): Promise<boolean> {
  const { request } = exchange;
  if (request.method === 'GET') return endpoint.get(exchange);
  if (request.method === 'DELETE') return endpoint.delete(exchange);
  if (request.method !== 'POST') return false;
  const body = await jsonBody(request);
  return body ? endpoint.post(exchange, body) : false;
}

/** `/mcp` serves all connections, `/mcp/<connection>` one. */
function pathOf(url: string, serves: (connection: string) => boolean): { only: string | undefined } | undefined {
  if (url === '/mcp') return { only: undefined };
  const encoded = /^\/mcp\/([^/?#]+)$/.exec(url)?.[1];
  if (encoded === undefined) return undefined;
  const only = decoded(encoded);
  return only !== undefined && serves(only) ? { only } : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Closes the connection too: what a refused sender has still to say is not read. */
function refuse(response: ServerResponse): void {
  response.writeHead(404, { 'content-length': '0', connection: 'close' }).end();
}
