import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { decodeJwt } from 'jose';

import { listen } from './listen.ts';

/** What a token service says, as JSON. */
export interface ServiceReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request as it came in, without the token in it. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  /** Every field but `subject_token`. */
  readonly form: Readonly<Record<string, string>>;
  /** `jti` of the subject token. */
  readonly subject: string | undefined;
}

/**
 * Ways in which token services fail: `unavailable` 503, `tooManyRequests` 429, `html` a 200 page as a captive portal sends,
 * `redirect` (307) to elsewhere, `empty` 200 and nothing else, `bare` 400 and nothing else, `notFound` 404 with a page, `huge` an
 * answer larger than any token, `hangUp` the connection dies.
 */
export type ServiceFault =
  | 'unavailable'
  | 'tooManyRequests'
  | 'html'
  | 'redirect'
  | 'empty'
  | 'bare'
  | 'notFound'
  | 'huge'
  | 'hangUp';

export interface TokenServiceLevers {
  /** Address of its token endpoint. */
  readonly url: string;
  /** Every request so far, oldest first; holds no token. */
  readonly requests: readonly ServiceRequest[];
  /** Every request fails in this way until it is undefined again. @param to where `redirect` goes */
  fail(fault: ServiceFault | undefined, to?: string): void;
  /** Good answers have these fields instead of their own; `undefined` leaves one out. */
  amend(fields: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

export interface TokenServiceOptions {
  /** Path of the token endpoint; everything else is 404. */
  readonly path: string;
  /** @param form whose fields come once each */
  readonly answer: (form: ReadonlyMap<string, string>) => Promise<ServiceReply>;
  /** How it says that a request is malformed. */
  readonly malformed: (problem: string) => ServiceReply;
}

const html = { 'content-type': 'text/html' };

const faults: Readonly<Record<ServiceFault, (response: ServerResponse, to: string) => void>> = {
  unavailable: (response) => response.writeHead(503, html).end('<title>Service Unavailable</title>'),
  tooManyRequests: (response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  html: (response) => response.writeHead(200, html).end('<!doctype html><title>Welcome to the guest network</title>'),
  redirect: (response, to) => response.writeHead(307, { location: to }).end(),
  empty: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(),
  bare: (response) => response.writeHead(400).end(),
  notFound: (response) => response.writeHead(404, html).end('<title>Not Found</title>'),
  huge: (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: 'x'.repeat(400_000), token_type: 'Bearer' })),
  hangUp: (response) => response.destroy(),
};

/** The HTTP half of a token service: one endpoint that takes forms (RFC 6749 section 3.2). Whoever starts it closes it. */
export async function startTokenService(options: TokenServiceOptions): Promise<TokenServiceLevers> {
  const { path, answer, malformed } = options;
  const requests: ServiceRequest[] = [];
  let failing: { readonly fault: ServiceFault; readonly to: string } | undefined;
  let amended: Readonly<Record<string, unknown>> = {};

  async function reply(request: IncomingMessage, body: string): Promise<ServiceReply> {
    const { method = 'GET', headers } = request;
    if (method !== 'POST') return malformed(`the method is ${method}`);
    if (headers['content-type']?.split(';')[0] !== 'application/x-www-form-urlencoded')
      return malformed('the content type is not application/x-www-form-urlencoded');
    // A client that authenticates is not one of these services' public ones.
    if (headers.authorization !== undefined) return malformed('there is an Authorization header');
    const fields = [...new URLSearchParams(body)];
    const form = new Map(fields);
    if (form.size < fields.length) return malformed('a parameter is repeated');
    return answer(form);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = await text(request);
    requests.push(seen(request.method ?? 'GET', pathname, body));
    if (failing) return faults[failing.fault](response, failing.to);
    if (pathname !== path) return faults.notFound(response, '');
    const { status, body: said } = await reply(request, body);
    response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify(status === 200 ? { ...said, ...amended } : said));
  }

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      // Only the name: a message might hold what came in.
      if (!response.headersSent) response.writeHead(500).end(error instanceof Error ? error.name : 'Error');
    });
  });
  const { host, close } = await listen(server);
  return {
    url: `http://${host}${path}`,
    requests,
    fail(fault, to = 'http://127.0.0.1:9/') {
      failing = fault && { fault, to };
    },
    amend(fields) {
      amended = fields;
    },
    close,
  };
}

function seen(method: string, path: string, body: string): ServiceRequest {
  const { subject_token: token, ...form } = Object.fromEntries(new URLSearchParams(body));
  return { method, path, form, subject: token === undefined ? undefined : idOf(token) };
}

function idOf(token: string): string | undefined {
  try {
    return decodeJwt(token).jti;
  } catch {
    return undefined;
  }
}
