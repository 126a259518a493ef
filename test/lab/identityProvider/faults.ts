import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Ways in which real providers fail at the token endpoint:
 * `emptyBody` 400 and nothing else, `invalidGrant` 400 by the book, `unavailable` 503,
 * `html` a 200 page as a captive portal sends, `stall` no answer at all, `hangUp` the connection dies.
 */
export type TokenEndpointFault = 'emptyBody' | 'invalidGrant' | 'unavailable' | 'html' | 'stall' | 'hangUp';

export interface TokenEndpointFaults {
  refuse(kind: TokenEndpointFault): void;
  /** Each answer of the token endpoint takes this much longer. */
  stall(milliseconds: number): void;
  recover(): void;
  /** Waits out a stall; gives the way to answer when the provider must not. */
  intercept(): Promise<((response: ServerResponse) => void) | undefined>;
}

const answers: Record<TokenEndpointFault, (response: ServerResponse) => void> = {
  emptyBody: (response) => response.writeHead(400).end(),
  invalidGrant: (response) =>
    response
      .writeHead(400, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify({ error: 'invalid_grant', error_description: 'grant request is invalid' })),
  unavailable: (response) => response.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable'),
  html: (response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Welcome to the guest network</title>'),
  // Left open on purpose: closing the server, or the client's own time-out, ends it.
  stall: () => undefined,
  hangUp: (response) => response.destroy(),
};

export function createTokenEndpointFaults(): TokenEndpointFaults {
  let fault: TokenEndpointFault | undefined;
  let delay = 0;
  return {
    refuse(kind) {
      fault = kind;
    },
    stall(milliseconds) {
      delay = milliseconds;
    },
    recover() {
      fault = undefined;
      delay = 0;
    },
    async intercept() {
      if (delay > 0) await sleep(delay);
      return fault === undefined ? undefined : answers[fault];
    },
  };
}
