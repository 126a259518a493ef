import {
  CONNECT_CODES,
  type NetworkFacts,
  proxyAway,
  ProxyFault,
  proxyFor,
  proxyName,
  proxyRefusal,
} from '../core/network.ts';
import type { Fetch } from '../core/ports.ts';

/** Says that it was the proxy where a request got no further; the editor's fetch fails the same way for all. */
export function namedFailures(fetch: Fetch, network: () => NetworkFacts): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      const { hostname, port, protocol } = new URL(url);
      const proxy = proxyFor(network(), hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
      const fault = faultOf(error, proxy && proxyName(proxy));
      throw fault === undefined
        ? error
        : new TypeError('fetch failed', { cause: new ProxyFault(fault, { cause: error }) });
    }
  };
}

/** @param proxy absent: none that we know of; a PAC script may have chosen one all the same */
function faultOf(error: unknown, proxy: string | undefined): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    // undici has no field for the answer of a proxy (8.x, lib/dispatcher/proxy-agent.js).
    const [, status] = /^Proxy response \((\d{3})\)/.exec(current.message) ?? [];
    if (status !== undefined) return proxyRefusal(proxy ?? 'of this network', Number(status));
    if (proxy !== undefined && 'code' in current && CONNECT_CODES.has(String(current.code)))
      return proxyAway(proxy, String(current.code));
  }
  return undefined;
}
