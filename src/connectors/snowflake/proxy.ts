import { isIPv6 } from 'node:net';

import type { ConnectionOptions } from 'snowflake-sdk';

import { domainAt, type NetworkFacts } from '../../core/network.ts';

const loopback = ['localhost', '127.*.*.*', '[::1]'];

/**
 * The proxy in the driver's own words (snowflake-sdk 3.3, lib/proxy_util.js and agent/https_proxy_agent.js): it goes to hosts of
 * its own for large results, so it gets the whole list of exceptions and not only the answer for the account. The driver does
 * without a port in an exception, and takes user and password for parts of a URL.
 * @param port of the account; exceptions for another one do not count
 */
export function proxyOptions({ proxy, noProxy }: NetworkFacts, port: number): Partial<ConnectionOptions> {
  const domains = noProxy.flatMap((entry) => domainAt(entry, port) ?? []);
  if (!proxy || domains.includes('*')) return {};
  const { protocol, host, user, password = '' } = proxy;
  // Anything else would be part of a pattern.
  const names = domains.filter((domain) => /^[\w.:-]+$/.test(domain));
  const direct = names.flatMap((domain) => (domain.includes(':') ? [`[${domain}]`] : [domain, `*.${domain}`]));
  return {
    proxyProtocol: protocol,
    proxyHost: isIPv6(host) ? `[${host}]` : host,
    proxyPort: proxy.port,
    noProxy: [...direct, ...loopback].join('|'),
    ...(user !== undefined && { proxyUser: encodeURIComponent(user), proxyPassword: encodeURIComponent(password) }),
  };
}
