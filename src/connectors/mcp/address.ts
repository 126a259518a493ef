import * as z from 'zod/mini';

import { type HostRule, isLoopback } from '../../core/connection.ts';

/**
 * What is wrong with the address of a server that gets a token; undefined when nothing is. Everything that could make one host look
 * like another is refused: user information, a dot at the end, a backslash, letters that only look like Latin ones.
 */
export function problemOf(address: string): string | undefined {
  const url = /^[\x21-\x5b\x5d-\x7e]+$/.test(address) ? URL.parse(address) : null;
  if (!url) return 'must be an address such as https://mcp.example.com/mcp, in ASCII letters';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    return 'must begin with https:// (http:// is for this machine alone)';
  if (url.username !== '' || url.password !== '' || address.includes('@')) return 'must have no user or password in it';
  if (url.hash !== '' || address.includes('#')) return 'must have no fragment (#…)';
  if (url.hostname.endsWith('.')) return 'must have no dot after the host name';
  return undefined;
}

/** The setting of an address. @param about its description */
export function addressSetting(about: string) {
  return z.string().check(
    z.check((context) => {
      const message = problemOf(context.value);
      if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
    }),
    z.describe(about),
  );
}

/** The one place that an address stands for. */
export function placeOf(address: string): HostRule {
  const { hostname, port, protocol } = new URL(address);
  const secure = protocol === 'https:';
  return { host: hostname, port: port === '' ? (secure ? 443 : 80) : Number(port), secure };
}
