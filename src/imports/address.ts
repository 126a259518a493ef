/** A host out of a host name or a web address. */
export interface Address {
  /** In lower case. */
  readonly host: string;
  readonly port?: number | undefined;
  /** There was a path, a query or a fragment, which is dropped. */
  readonly more: boolean;
}

/**
 * Reads `host`, `host:port` or an address with http or https; undefined for anything else. What could make one host look like another is
 * not read at all: user information, a backslash, letters that only look like Latin ones.
 */
export function addressOf(text: string): Address | undefined {
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text) || text.includes('@')) return undefined;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const { hostname, port, pathname, search, hash } = url;
  if (hostname === '' || hostname.endsWith('.')) return undefined;
  const more = pathname !== '/' || search !== '' || hash !== '';
  return { host: hostname, ...(port !== '' && { port: Number(port) }), more };
}
