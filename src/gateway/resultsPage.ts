import { type ClientCapabilities, ResourceNotFoundError, type Server } from '@modelcontextprotocol/server';

/** Where clients with MCP Apps find the page that shows rows. */
export const RESULTS_URI = 'ui://data-passport/results';

/** MCP Apps 2026-01-26: the identifier of the extension, and the one type of page that it knows. */
const EXTENSION = 'io.modelcontextprotocol/ui';
const PAGE_TYPE = 'text/html;profile=mcp-app';

const page = { uri: RESULTS_URI, name: 'results', title: 'Query Results', mimeType: PAGE_TYPE };

/** No host of any kind: the page gets rows from the editor and has no network. It writes to the clipboard when asked to copy. */
const about = {
  ui: {
    csp: { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] },
    permissions: { clipboardWrite: {} },
    prefersBorder: true,
  },
};

/** Whether a client announces that it shows pages beside results (MCP Apps 2026-01-26, "Capability Negotiation"). */
export function showsPages(capabilities: ClientCapabilities | undefined): boolean {
  const settings = (capabilities as { readonly extensions?: Readonly<Record<string, unknown>> } | undefined)
    ?.extensions?.[EXTENSION] as { readonly mimeTypes?: unknown } | undefined;
  return Array.isArray(settings?.mimeTypes) && settings.mimeTypes.includes(PAGE_TYPE);
}

/** Lists and reads the page. @param load gives its HTML; called when a client reads it */
export function serveResultsPage(server: Server, load: () => Promise<string>): void {
  server.setRequestHandler('resources/list', () => ({
    resources: showsPages(server.getClientCapabilities()) ? [{ ...page, _meta: about }] : [],
  }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    if (uri !== RESULTS_URI) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, mimeType: PAGE_TYPE, text: await load(), _meta: about }] };
  });
}
