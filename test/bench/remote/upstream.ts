import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { STREAMED, table } from './answers.ts';

/**
 * The process of a remote MCP server with next to no work of its own, so that what stands before it is what is measured:
 * Streamable HTTP of 2025-11-25 with sessions, which takes one bearer token.
 */

interface Message {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: { readonly text?: unknown; readonly events?: unknown };
    readonly _meta?: { readonly progressToken?: string | number };
  };
}

const inputSchema = { type: 'object', properties: { text: { type: 'string' }, events: { type: 'boolean' } } } as const;
const tools = ['echo', 'rows', 'stream'].map((name) => ({
  name,
  description: `${name} of the benchmark`,
  inputSchema,
}));
const initialized = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'bench', version: '1' },
};

const textResult = (text: string): string => `{"content":[{"type":"text","text":${JSON.stringify(text)}}]}`;
const rowsResult = textResult(table);
const sessions = new Set<unknown>();
let authorization: string | undefined;

const answerOf = (id: Message['id'], result: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
const eventOf = (text: string): string => `event: message\ndata: ${text}\n\n`;

function sendJson(response: ServerResponse, text: string, headers: Readonly<Record<string, string>> = {}): void {
  const own = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  response.writeHead(200, { ...own, ...headers }).end(text);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': '0' }).end();
}

function callTool({ id, params = {} }: Message, response: ServerResponse): void {
  const { name, arguments: args = {}, _meta: meta } = params;
  if (name === 'stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const progress = { progressToken: meta?.progressToken, progress: 1, total: 2 };
    response.write(eventOf(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: progress })));
    setTimeout(() => response.end(eventOf(answerOf(id, textResult('done')))), STREAMED);
    return;
  }
  const text = answerOf(id, name === 'rows' ? rowsResult : textResult(String(args.text)));
  if (args.events !== true) return sendJson(response, text);
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(eventOf(text));
}

function answer(message: Message, response: ServerResponse): void {
  const { id, method } = message;
  if (id === undefined) return refuse(response, 202);
  if (method === 'tools/call') return callTool(message, response);
  if (method === 'initialize') {
    const session = randomUUID();
    sessions.add(session);
    return sendJson(response, answerOf(id, JSON.stringify(initialized)), { 'mcp-session-id': session });
  }
  sendJson(response, answerOf(id, method === 'tools/list' ? JSON.stringify({ tools }) : '{}'));
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.authorization !== authorization) return refuse(response, 401);
  const session = request.headers['mcp-session-id'];
  if (session !== undefined && !sessions.has(session)) return refuse(response, 404);
  if (request.method === 'DELETE') return refuse(response, sessions.delete(session) ? 200 : 400);
  // No stream beside those of the requests.
  if (request.method !== 'POST') return refuse(response, 405);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(JSON.parse(Buffer.concat(chunks).toString()) as Message, response));
}

process.on('message', (token: string) => {
  authorization = `Bearer ${token}`;
  const server = createServer({ keepAliveTimeout: 120_000 }, serve).listen(0, '127.0.0.1', () =>
    process.send?.((server.address() as AddressInfo).port),
  );
});
process.once('disconnect', () => process.exit(0));
