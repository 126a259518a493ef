import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What of the provider can fail. */
export type Endpoint = 'token' | 'discovery' | 'jwks' | 'revocation' | 'deviceAuthorization' | 'userInfo';

/**
 * Ways in which real providers fail:
 * `emptyBody` 400 and nothing else, `invalidGrant`, `invalidRequest` and `invalidTarget` 400 by the book, `tooManyRequests` 429 with
 * Retry-After, `serverError` 500, `unavailable` 503, `html` a 200 page as a captive portal sends, `redirect` to elsewhere,
 * `stall` no answer at all, `hang` an answer that begins and never ends, `hangUp` the connection dies before the request is
 * looked at, `loseAnswer` it dies after the request was carried out.
 */
export type EndpointFault =
  | 'emptyBody'
  | 'invalidGrant'
  | 'invalidRequest'
  | 'invalidTarget'
  | 'tooManyRequests'
  | 'serverError'
  | 'unavailable'
  | 'html'
  | 'redirect'
  | 'stall'
  | 'hang'
  | 'hangUp'
  | 'loseAnswer';

export interface FaultDetails {
  /** Default: the token endpoint. */
  readonly at?: Endpoint;
  /** Of `tooManyRequests`: seconds, or a moment, which goes out as an HTTP date. Default: one second. */
  readonly retryAfter?: number | Date;
  /** Of `redirect`. Default: nowhere on this machine. */
  readonly to?: string;
  /** Of `redirect`. Default 302. */
  readonly status?: 302 | 307 | 308;
}

export interface StallDetails {
  /** A request whose client has gone away meanwhile is forgotten instead of carried out. */
  readonly dropAbandoned?: boolean;
}

export interface EndpointFaults {
  refuse(kind: EndpointFault, details?: FaultDetails): void;
  /** Each answer of the token endpoint takes this much longer. */
  stall(milliseconds: number, details?: StallDetails): void;
  recover(): void;
  /** Whether requests to this endpoint wait. */
  waits(endpoint: Endpoint | undefined): boolean;
  /** Waits out a stall. False when the request is to be forgotten. */
  wait(endpoint: Endpoint | undefined, response: ServerResponse): Promise<boolean>;
  /** The way to answer when the provider must not. Undefined: it does as usual. */
  intercept(endpoint: Endpoint | undefined, response: ServerResponse): (() => void) | undefined;
}

const byTheBook = (error: string, error_description: string) => (response: ServerResponse) =>
  response
    .writeHead(400, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify({ error, error_description }));

const text = { 'content-type': 'text/plain' };

const answers: Record<
  Exclude<EndpointFault, 'loseAnswer'>,
  (response: ServerResponse, details: FaultDetails) => void
> = {
  emptyBody: (response) => response.writeHead(400).end(),
  invalidGrant: byTheBook('invalid_grant', 'grant request is invalid'),
  invalidRequest: byTheBook('invalid_request', 'the request is malformed'),
  invalidTarget: byTheBook('invalid_target', 'the audience is not allowed'),
  tooManyRequests: (response, { retryAfter = 1 }) =>
    response
      .writeHead(429, {
        ...text,
        'retry-after': typeof retryAfter === 'number' ? String(retryAfter) : retryAfter.toUTCString(),
      })
      .end('Too Many Requests'),
  serverError: (response) => response.writeHead(500, text).end('Internal Server Error'),
  unavailable: (response) => response.writeHead(503, text).end('Service Unavailable'),
  html: (response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Welcome to the guest network</title>'),
  redirect: (response, { to = 'http://127.0.0.1:9/', status = 302 }) =>
    response.writeHead(status, { location: to }).end(),
  // Left open on purpose, like the next: closing the server, or the client's own time-out, ends it.
  stall: () => undefined,
  hang: (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"'),
  hangUp: (response) => response.destroy(),
};

const endpoints: Readonly<Record<string, Endpoint>> = {
  '/token': 'token',
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/token/revocation': 'revocation',
  '/device/auth': 'deviceAuthorization',
  '/me': 'userInfo',
};

export function endpointAt(path: string): Endpoint | undefined {
  return endpoints[path];
}

export function createEndpointFaults(): EndpointFaults {
  const faults = new Map<Endpoint, { readonly kind: EndpointFault; readonly details: FaultDetails }>();
  let delay = 0;
  let drops = false;
  const waits = (endpoint: Endpoint | undefined): boolean => endpoint === 'token' && delay > 0;
  return {
    refuse(kind, details = {}) {
      faults.set(details.at ?? 'token', { kind, details });
    },
    stall(milliseconds, { dropAbandoned = false } = {}) {
      delay = milliseconds;
      drops = dropAbandoned;
    },
    recover() {
      faults.clear();
      delay = 0;
      drops = false;
    },
    waits,
    async wait(endpoint, response) {
      if (!waits(endpoint)) return true;
      const dropped = drops;
      await sleep(delay);
      return !(dropped && response.destroyed);
    },
    intercept(endpoint, response) {
      const fault = endpoint && faults.get(endpoint);
      if (!fault) return undefined;
      const { kind, details } = fault;
      if (kind !== 'loseAnswer') return () => answers[kind](response, details);
      response.end = () => response.destroy();
      return undefined;
    },
  };
}
