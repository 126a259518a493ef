import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { asPassportError } from '../../src/core/errors.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { openProvider } from '../../src/identity/provider.ts';
import { type Endpoints, fakeProvider } from './fakeProvider.ts';

/** What metadata say, and what is made of it. */

const REDIRECT_URI = 'http://127.0.0.1:50000/callback';
const nothing = { scopes: [], audiences: [] };
const request = { all: nothing, first: nothing };

function describeProvider(preset: string, words: object): ProviderDescription {
  const entry = presets[preset];
  assert.ok(entry);
  return entry.describe('company', entry.settings.parse({ clientId: 'of-the-settings', ...words }));
}

async function opened(description: ProviderDescription, endpoints: Endpoints) {
  const server = await fakeProvider(description, endpoints);
  const provider = openProvider(description, {
    fetch: server.fetch,
    clock: { now: () => Date.now() },
    clientSecret: async () => undefined,
  });
  return { server, provider };
}

test('where registration is offered nothing registers: every request is of the client in the settings', async () => {
  const at = 'https://login.example.com';
  const endpoints = { authorize: `${at}/authorize`, token: `${at}/token`, revoke: `${at}/revoke` };
  const { server, provider } = await opened(describeProvider('oidc', { issuer: at }), endpoints);
  const { url, state, redeem } = await provider.authorize(REDIRECT_URI, request);
  server.expectNonce(new URL(url).searchParams.get('nonce'));
  const { refreshToken = '' } = await redeem(new URL(`${REDIRECT_URI}?code=code-1&state=${state}`));
  await provider.refresh(refreshToken, nothing, 'user-1');
  await provider.revoke(refreshToken);
  assert.equal(new URL(url).searchParams.get('client_id'), 'of-the-settings');
  assert.deepEqual(
    server.rest().map(({ endpoint, parameters }) => [endpoint, parameters['client_id']]),
    [endpoints.token, endpoints.token, endpoints.revoke].map((endpoint) => [endpoint, 'of-the-settings']),
  );
});

describe('the tenant of Microsoft Entra ID that the metadata name', () => {
  const authority = 'https://login.microsoftonline.com';
  const ours = '11111111-2222-3333-4444-555555555555';
  const another = '99999999-2222-3333-4444-555555555555';

  /** What becomes of the first request with this tenant in the settings and this issuer in the metadata. */
  async function outcomeOf(tenant: string, issuer: string): Promise<string> {
    const endpoints = { issuer, authorize: `${authority}/authorize`, token: `${authority}/token` };
    const { server, provider } = await opened(describeProvider('entra', { tenant }), endpoints);
    const outcome = await provider.authorize(REDIRECT_URI, request).then(
      () => 'taken',
      (error: unknown) => asPassportError(error),
    );
    assert.deepEqual(server.rest(), []);
    return typeof outcome === 'string' ? outcome : `${outcome.code}: ${outcome.params['problem']}`;
  }
  const refused = (issuer: string): string => `DP-PROVIDER-METADATA: it calls itself ${issuer}`;

  const taken: readonly (readonly [tenant: string, named: string])[] = [
    [ours, ours],
    ['example.com', another],
    ['organizations', '{tenantid}'],
  ];
  for (const [tenant, named] of taken)
    test(`is taken where the settings say ${tenant} and the metadata ${named}`, async () => {
      assert.equal(await outcomeOf(tenant, `${authority}/${named}/v2.0`), 'taken');
    });

  for (const named of [another, '{tenantid}', 'example.com'])
    test(`is refused where the settings name a tenant by its id and the metadata say ${named}`, async () => {
      const issuer = `${authority}/${named}/v2.0`;
      assert.equal(await outcomeOf(ours, issuer), refused(issuer));
    });

  const outside = [
    `${authority}/evil.example/v2.0`,
    `${authority}/${another}/v1.0`,
    `${authority}/${another}/v2.0/`,
    `${authority}/x/${another}/v2.0`,
    `${authority}/${another}x/v2.0`,
    `${authority}/v2.0`,
    `${authority}.evil.example/${another}/v2.0`,
    `https://evil.example/${another}/v2.0`,
    `http://login.microsoftonline.com/${another}/v2.0`,
    `https://sts.windows.net/${another}/`,
  ];
  for (const issuer of outside)
    test(`is refused where the settings name a tenant by its domain and the metadata call themselves ${issuer}`, async () => {
      assert.equal(await outcomeOf('example.com', issuer), refused(issuer));
    });
});
