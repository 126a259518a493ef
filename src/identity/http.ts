import { boundedBody } from '../core/boundedBody.ts';
import { isLoopback } from '../core/connection.ts';
import type { Clock, Fetch } from '../core/ports.ts';

/** Bytes of one answer of an identity provider; key sets and metadata have some thousand. */
const MOST_BYTES = 1024 * 1024;

/** What the last answer of a provider said about time. */
export interface ServerTime {
  /** Milliseconds by which the provider's clock is ahead of ours, from the `Date` header. */
  readonly ahead: number;
}

export interface ProviderFetch {
  readonly fetch: Fetch;
  readonly time: () => ServerTime;
}

/**
 * Requests to one identity provider: answers are read whole and bounded, redirects are handed back as they are, and an address
 * out of its metadata that only this machine or this link can mean is refused unless the issuer is there too (RFC 9700 section 4.12).
 */
export function providerFetch(fetch: Fetch, clock: Clock, issuer: string): ProviderFetch {
  const own = new URL(issuer).hostname;
  let ahead = 0;
  return {
    time: () => ({ ahead }),
    async fetch(url, init) {
      const { hostname } = new URL(url);
      if (hostname !== own && isLocal(hostname)) throw new RefusedAddress(hostname);
      const response = await fetch(url, { ...init, redirect: 'manual' });
      const date = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(date)) ahead = date - clock.now();
      const { status, statusText, headers } = response;
      const body = await boundedBody(response, MOST_BYTES);
      // These statuses may not have a body (Fetch standard, "null body status").
      const bare = status === 204 || status === 205 || status === 304;
      return new Response(bare ? null : body, { status, statusText, headers });
    },
  };
}

/** An address that metadata has no business to name. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
  readonly code = 'ADDRESS_REFUSED';
}

/** Loopback, link-local (cloud metadata services) and unspecified addresses; `URL` has normalized every spelling of them. */
function isLocal(hostname: string): boolean {
  return (
    isLoopback(hostname) ||
    /^(?:169\.254\.|0\.)/.test(hostname) ||
    /^\[(?:fe[89ab][0-9a-f]:|::\]|::ffff:(?:7f|a9fe:|0:))/i.test(hostname)
  );
}
