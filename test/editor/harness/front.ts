import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { collect, hostOf, proxyTarget, proxyToLoopback } from './loopbackProxy.ts';

export interface FrontOptions {
  /** Address to listen on; 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** Port to listen on; any free one unless told otherwise. */
  readonly port?: number;
  /**
   * When given, a browser must bring it once as `?key=…`: whoever reaches the editor can run programs. On a loopback
   * address the machine's own names need none; any other name may be a page elsewhere that points its name here.
   */
  readonly key?: string;
  /** Path below which the front is seen from outside, where another proxy in front of it strips one. */
  readonly prefix?: string;
  /** Merged into the options that the workbench page carries (`enabledExtensions`, `additionalTrustedDomains` …). */
  readonly webOptions?: Readonly<Record<string, unknown>>;
}

export interface Front {
  readonly port: number;
  /** Where a browser on this machine opens the editor, with the key if there is one. */
  readonly url: string;
  /** Says on which port of 127.0.0.1 the editor's own server listens. */
  serve(port: number): void;
  close(): Promise<void>;
}

const keyCookie = 'data-passport-editor';
const ownNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]', '::1']);

/**
 * One port that makes VS Code's bare server complete for a browser: it keeps a key for the page's secret store, reaches
 * loopback web servers of this machine under `/proxy/<port>/`, and adds options to the workbench page.
 */
export async function startFront(options: FrontOptions = {}): Promise<Front> {
  const host = options.host ?? '127.0.0.1';
  const prefix = (options.prefix ?? '').replace(/\/$/, '');
  const mintedKey = randomBytes(32);
  const sockets = new Set<Socket>();
  let editorPort: number | undefined;

  const keyless = (request: IncomingMessage): boolean =>
    ownNames.has(host) && ownNames.has(hostOf(`http://${request.headers.host ?? ''}`).replace(/:\d+$/, ''));
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (!keyless(request) && !admitted(request, options.key)) {
      admit(request, response, { key: options.key, prefix });
      return;
    }
    const target = proxyTarget(url);
    if (target) {
      const outer = request.headers['x-forwarded-prefix'];
      const seenBelow = typeof outer === 'string' ? outer.replace(/\/$/, '') : prefix;
      proxyToLoopback(request, response, { target, prefix: seenBelow, ownCookie: keyCookie });
      return;
    }
    if (!sameOrigin(request)) {
      refuse(response, 403);
      return;
    }
    if (request.method === 'POST' && new URL(url, 'http://front').pathname.endsWith('/mint-key')) {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' });
      response.end(mintedKey);
      return;
    }
    if (editorPort === undefined) refuse(response, 503);
    else forward(request, response, { port: editorPort, webOptions: options.webOptions ?? {} });
  });

  server.on('connection', (socket: Socket) => track(sockets, socket));
  server.on('upgrade', (request, socket: Socket, head) => {
    if (editorPort === undefined || !(keyless(request) || admitted(request, options.key)) || !sameOrigin(request)) {
      socket.destroy();
      return;
    }
    const inner = connect(editorPort, '127.0.0.1');
    track(sockets, inner);
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    inner.write(`${lines.join('\r\n')}\r\n\r\n`);
    inner.write(head);
    inner.pipe(socket);
    socket.pipe(inner);
    for (const [one, other] of [
      [inner, socket],
      [socket, inner],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const seen = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    port,
    url: `http://${seen}:${port}/${options.key ? `?key=${options.key}` : ''}`,
    serve(inner) {
      editorPort = inner;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly port: number; readonly webOptions: Readonly<Record<string, unknown>> },
): void {
  const mayBePage = request.method === 'GET' && /text\/html/.test(request.headers.accept ?? '');
  const headers = { ...request.headers };
  // A page must arrive unpacked and whole to be changed.
  if (mayBePage) headers['accept-encoding'] = 'identity';
  const inner = send({ host: '127.0.0.1', port: to.port, path: request.url, method: request.method, headers });
  inner.once('response', (answer) => {
    const answerHeaders = { ...answer.headers };
    if (!mayBePage || !/^text\/html\b/.test(answerHeaders['content-type'] ?? '')) {
      response.writeHead(answer.statusCode ?? 502, answerHeaders);
      answer.pipe(response);
      return;
    }
    collect(answer, (body) => {
      const page = withWebOptions(body.toString(), to.webOptions);
      delete answerHeaders['transfer-encoding'];
      answerHeaders['content-length'] = String(Buffer.byteLength(page));
      response.writeHead(answer.statusCode ?? 502, answerHeaders);
      response.end(page);
    });
  });
  inner.once('error', () => refuse(response, 502));
  response.once('close', () => inner.destroy());
  request.pipe(inner);
}

/** Merges options into the workbench page's configuration; objects such as `developmentOptions` are merged one level deep. */
export function withWebOptions(page: string, options: Readonly<Record<string, unknown>>): string {
  const attribute = /(?<before><meta id="vscode-workbench-web-configuration" data-settings=")(?<json>[^"]*)"/;
  return page.replace(attribute, (_all, before: string, json: string) => {
    const present = JSON.parse(unescaped(json)) as Record<string, unknown>;
    const merged = { ...present };
    for (const [name, value] of Object.entries(options)) {
      merged[name] = isRecord(value) && isRecord(present[name]) ? { ...present[name], ...value } : value;
    }
    return `${before}${escaped(JSON.stringify(merged))}"`;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A page of another site may not talk to the editor: browsers let any page open a WebSocket to 127.0.0.1. */
function sameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (!origin) return true;
  const from = hostOf(origin);
  return from !== '' && (from === host || from === request.headers['x-forwarded-host']);
}

function admitted(request: IncomingMessage, key: string | undefined): boolean {
  if (key === undefined) return true;
  const pairs = (request.headers.cookie ?? '').split(/;\s*/);
  return pairs.some((pair) => pair.startsWith(`${keyCookie}=`) && equal(pair.slice(keyCookie.length + 1), key));
}

/** Takes the key out of the address and puts it into a cookie; refuses whoever has neither. */
function admit(
  request: IncomingMessage,
  response: ServerResponse,
  { key, prefix }: { readonly key: string | undefined; readonly prefix: string },
): void {
  const url = new URL(request.url ?? '/', 'http://front');
  if (key === undefined || !equal(url.searchParams.get('key') ?? '', key)) {
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(
      'Under this name the editor wants its key: open the whole address that was printed, ?key=… included.\n',
    );
    return;
  }
  url.searchParams.delete('key');
  response.writeHead(302, {
    // Relative, and so right behind any outer prefix.
    location: url.search || '?',
    'set-cookie': `${keyCookie}=${key}; Path=${prefix}/; HttpOnly; SameSite=Lax`,
  });
  response.end();
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status);
  response.end();
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
}
