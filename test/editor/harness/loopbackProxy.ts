import { request as send, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';

/** `/proxy/<port>/…` as the editor writes it into addresses that it opens. */
export interface ProxyTarget {
  readonly port: number;
  /** Path and query on that port, starting with a slash. */
  readonly path: string;
}

/** Reads `/proxy/<port>/path?query`; undefined for any other path or for a port that can't exist. */
export function proxyTarget(url: string): ProxyTarget | undefined {
  const match = /^\/proxy\/(?<port>\d{1,5})(?<path>[/?].*)?$/.exec(url);
  const port = Number(match?.groups?.['port']);
  if (!match || !(port > 0 && port < 65_536)) return undefined;
  const path = match.groups?.['path'] ?? '';
  return { port, path: path.startsWith('/') ? path : `/${path}` };
}

/**
 * Rewrites an address that a page on `target` mentions, so that a browser that sees only the front reaches it.
 *
 * The answer is relative, and so it holds behind any outer prefix. Addresses of other machines stay as they are.
 */
export function throughProxy(address: string, target: ProxyTarget): string {
  const absolute = /^https?:\/\/(?:127\.0\.0\.1|localhost):(?<port>\d+)(?<path>[/?#].*)?$/i.exec(address);
  const port = absolute ? Number(absolute.groups?.['port']) : target.port;
  const path = absolute ? (absolute.groups?.['path'] ?? '/') : address;
  if (!absolute && !/^\/(?!\/)/.test(address)) return address;
  const [withoutQuery = ''] = target.path.split('?');
  const up = '../'.repeat(withoutQuery.split('/').length);
  return `${up}proxy/${port}${path.startsWith('/') ? path : `/${path}`}`;
}

/** Moves a cookie's path below the proxied port and drops its domain. `prefix` is where the front itself is mounted. */
export function cookieThroughProxy(cookie: string, port: number, prefix: string): string {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice('path='.length);
  const kept = attributes.filter((attribute) => !/^(?:path|domain)=/i.test(attribute));
  const below = path?.startsWith('/') ? [`Path=${prefix}/proxy/${port}${path}`] : [];
  return [pair, ...below, ...kept].join('; ');
}

export interface ProxyOptions {
  readonly target: ProxyTarget;
  /** Path below which the front is seen from outside, without a slash at its end. */
  readonly prefix: string;
  /** Cookies of the front that are nobody else's business. */
  readonly ownCookie: string;
}

/**
 * Answers a request with what a web server on this machine's 127.0.0.1 says, and rewrites what would lead the browser
 * to its own 127.0.0.1: redirects, cookies, and addresses in links and forms.
 */
export function proxyToLoopback(request: IncomingMessage, response: ServerResponse, options: ProxyOptions): void {
  const { target } = options;
  const upstream = send({
    host: '127.0.0.1',
    port: target.port,
    path: target.path,
    method: request.method,
    headers: upstreamHeaders(request, options),
  });
  upstream.once('response', (answer) => {
    const headers = { ...answer.headers };
    if (headers.location) headers.location = throughProxy(headers.location, target);
    const cookies = headers['set-cookie'];
    if (cookies)
      headers['set-cookie'] = cookies.map((cookie) => cookieThroughProxy(cookie, target.port, options.prefix));
    const policy = headers['content-security-policy'];
    if (policy) {
      headers['content-security-policy'] = String(policy).replaceAll(
        /https?:\/\/(?:127\.0\.0\.1|localhost):\d+/g,
        "'self'",
      );
    }
    if (!/^text\/html\b/.test(headers['content-type'] ?? '') || headers['content-encoding']) {
      response.writeHead(answer.statusCode ?? 502, headers);
      answer.pipe(response);
      return;
    }
    collect(answer, (body) => {
      const page = body
        .toString('latin1')
        .replaceAll(
          /(?<before>\s(?:action|href|src)=(?<quote>["']))(?<address>[^"']*)\k<quote>/gi,
          (_all, before: string, quote: string, address: string) => `${before}${throughProxy(address, target)}${quote}`,
        );
      delete headers['transfer-encoding'];
      headers['content-length'] = String(page.length);
      response.writeHead(answer.statusCode ?? 502, headers);
      response.end(page, 'latin1');
    });
  });
  upstream.once('error', () => {
    if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
    response.end(`Nothing answers on port ${target.port} of this machine.\n`);
  });
  response.once('close', () => upstream.destroy());
  request.pipe(upstream);
}

function upstreamHeaders(request: IncomingMessage, options: ProxyOptions): IncomingHttpHeaders {
  const { target, ownCookie } = options;
  const host = `127.0.0.1:${target.port}`;
  const headers: IncomingHttpHeaders = { ...request.headers, host, 'accept-encoding': 'identity' };
  const own = request.headers.host ?? '';
  // The server compares these with its own address; a page of another site keeps its own origin.
  if (hostOf(request.headers.origin) === own) headers.origin = `http://${host}`;
  if (hostOf(request.headers.referer) === own) delete headers.referer;
  for (const name of Object.keys(headers)) if (name.startsWith('x-forwarded-')) delete headers[name];
  const cookies = (request.headers.cookie ?? '').split(/;\s*/).filter((pair) => !pair.startsWith(`${ownCookie}=`));
  delete headers.cookie;
  if (cookies.some(Boolean)) headers.cookie = cookies.join('; ');
  return headers;
}

/** Host and port of an address, or an empty text. */
export function hostOf(address: string | undefined): string {
  return URL.parse(address ?? '')?.host ?? '';
}

/** Calls back with the whole body once it has arrived; a body that breaks off is never delivered. */
export function collect(stream: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('end', () => done(Buffer.concat(chunks)));
}
