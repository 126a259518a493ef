import assert from 'node:assert/strict';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { loopback } from '../../src/identity/flows/loopback.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { type Authorization, openProvider, type Provider, type TokenSet } from '../../src/identity/provider.ts';

/**
 * What the conformance suite runs, with the address of an MCP server for an argument: our sign-in (the loopback listener and the
 * provider) between test-side code for what the product does not do: it finds no authorization server from an MCP server, and
 * registers no client. Exits with an error when the sign-in is refused.
 */
const serverUrl = process.argv.at(-1) ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as { readonly client_id?: string };

interface Resource {
  readonly resource: string;
  readonly authorization_servers: readonly [string];
  readonly scopes_supported?: readonly string[];
}

interface Registered {
  readonly client_id: string;
  readonly client_secret?: string;
}

const json = async (url: string | URL, init: RequestInit = {}): Promise<unknown> => {
  const response = await fetch(url, init);
  return response.ok ? response.json() : undefined;
};

/** RFC 9728: what the server says of itself when it is asked without a token, or at the two places where it may. */
async function findResource(): Promise<{ readonly resource: Resource; readonly scopes: readonly string[] }> {
  const { headers } = await fetch(serverUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  const challenge = headers.get('www-authenticate') ?? '';
  const told = /resource_metadata="([^"]+)"/u.exec(challenge)?.[1];
  const { origin, pathname } = new URL(serverUrl);
  const wellKnown = `${origin}/.well-known/oauth-protected-resource`;
  for (const url of told === undefined ? [`${wellKnown}${pathname}`, wellKnown] : [told]) {
    const resource = (await json(url)) as Resource | undefined;
    const scope = /scope="([^"]*)"/u.exec(challenge)?.[1];
    if (resource) return { resource, scopes: scope?.split(' ') ?? resource.scopes_supported ?? [] };
  }
  return assert.fail('The server names no authorization server');
}

/** RFC 7591, at the authorization server that we were sent to. */
async function register(issuer: string): Promise<Registered> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === '/' ? '' : pathname;
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  for (const place of places) {
    const metadata = (await json(place)) as Record<string, unknown> | undefined;
    const { registration_endpoint: endpoint, token_endpoint_auth_methods_supported: methods } = metadata ?? {};
    if (typeof endpoint !== 'string') continue;
    const confidential = Array.isArray(methods) && !methods.includes('none') && methods.includes('client_secret_post');
    return (await json(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Data Passport',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: confidential ? 'client_secret_post' : 'none',
        application_type: 'native',
      }),
    })) as Registered;
  }
  return assert.fail('The authorization server registers no clients');
}

/** No OpenID Provider: its answers do not say who it is for. */
function describeServer(
  issuer: string,
  { client_id: clientId, client_secret: secret }: Registered,
): ProviderDescription {
  const preset = presets['oidc'];
  assert.ok(preset);
  const described = preset.describe('conformance', preset.settings.parse({ issuer, clientId, title: 'Conformance' }));
  return {
    ...described,
    account: { from: 'response', field: 'username' },
    clientAuthentication: secret === undefined ? { kind: 'none' } : { kind: 'secret' },
    scopes: [],
    authorizationParameters: {},
  };
}

const { resource, scopes } = await findResource();
const [issuer] = resource.authorization_servers;
const open = (known: Registered): { readonly description: ProviderDescription; readonly provider: Provider } => {
  const description = describeServer(issuer, known);
  const provider = openProvider(description, {
    fetch: (url, init) => fetch(url, init),
    clock: { now: () => Date.now() },
    clientSecret: async () => known.client_secret,
  });
  return { description, provider };
};
// Our code judges the metadata before the test uses any address in it.
await open({ client_id: 'not registered yet' }).provider.endSession('');
const { description, provider } = open(
  context.client_id === undefined ? await register(issuer) : { client_id: context.client_id },
);
const wanted = { scopes, audiences: [resource.resource] };
const finished = Promise.withResolvers<TokenSet>();
let authorization: Authorization | undefined;
const flow = await loopback.begin({
  description,
  host: { place: 'desktop', editorUri: () => assert.fail('No editor here') },
  handler: {
    async start(redirectUri) {
      authorization = await provider.authorize(redirectUri, { all: wanted, first: wanted });
      return authorization.url;
    },
    expectedState: () => authorization?.state,
    async finish(callback) {
      const redeemed = authorization?.redeem(callback) ?? assert.fail('Nothing was started');
      finished.resolve(redeemed);
      await redeemed;
      return { kind: 'signedIn', account: 'somebody', provider: description.title };
    },
    device: () => assert.fail('This is the loopback flow'),
  },
});
finished.promise.catch(() => undefined);
assert.equal(flow.prompt.kind, 'page');
// A browser that needs no person: the suite's server redirects at once.
const page = await fetch(flow.prompt.kind === 'page' ? flow.prompt.url : '');
flow.close();
const text = await page.text();
assert.match(text, /You are signed in/u, text.replaceAll(/<style>.*<\/style>|<[^>]+>|\s+/gsu, ' '));
const { accessToken } = await finished.promise;
const mcp = new Client(
  { name: 'data-passport-conformance', version: '1.0.0' },
  { versionNegotiation: { mode: 'auto' } },
);
await mcp.connect(
  new StreamableHTTPClientTransport(new URL(serverUrl), {
    requestInit: { headers: { authorization: `Bearer ${accessToken}` } },
  }),
);
await mcp.listTools();
await mcp.close();
