import type { ServerResponse } from 'node:http';

/**
 * The provider names itself in every redirect. Behind a reverse proxy under a path prefix only a relative address is
 * right for sure, so redirects within the provider are made relative to the page that they answer.
 */
export function relativeRedirects(response: ServerResponse, own: URL): void {
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) =>
    setHeader(name, name.toLowerCase() === 'location' && typeof value === 'string' ? relativeTo(own, value) : value);
}

/** The same for the addresses of the forms in a page that the provider built. */
export function relativeForms(page: string, own: URL): string {
  return page.replaceAll(/ action="([^"]+)"/gu, (_all, action: string) => ` action="${relativeTo(own, action)}"`);
}

function relativeTo(own: URL, target: string): string {
  const absolute = new URL(target, own);
  if (absolute.host !== own.host) return target;
  const depth = own.pathname.split('/').length - 2;
  return `${'../'.repeat(depth) || './'}${absolute.pathname.slice(1)}${absolute.search}`;
}
