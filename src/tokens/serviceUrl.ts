import * as z from 'zod/mini';

import { isLoopback } from '../core/connection.ts';

/** Address of a token service. Plain http never leaves this machine; a user or a fragment has no business in it. */
export const serviceUrl = (about: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with https://' })
    .check(
      z.refine(isSafe, { error: 'must start with https:// (http:// only on this machine), without a user or a #' }),
      z.describe(about),
    );

/** As people read it and compare it: the port only where it is not that of the protocol. */
export function hostOf(address: string): string {
  return new URL(address).host;
}

function isSafe(address: string): boolean {
  // What is no web address at all was found already.
  if (!/^https?:/i.test(address) || !URL.canParse(address)) return true;
  const { protocol, hostname, username, password, hash } = new URL(address);
  const bare = username === '' && password === '' && hash === '';
  return bare && (protocol === 'https:' || isLoopback(hostname));
}
