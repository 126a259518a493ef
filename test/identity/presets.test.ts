import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { providerPages, requestsOf } from '../../scripts/providerDocs.ts';
import { connectors } from '../../src/connectors/index.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import type { FlowName } from '../../src/identity/flows/flow.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { registrationText } from '../../src/identity/presets/registration.ts';
import { openProvider, type TokenSet } from '../../src/identity/provider.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { fakeProvider, plain, type RecordedRequest } from './fakeProvider.ts';
import { type Outcome, rows } from './presetTable.ts';

const EDITOR_URI = 'vscode://data-passport.data-passport/callback?windowId=1';
/** Two connections: what a sign-in names of them differs from provider to provider. */
const first = { scopes: ['first.read'], audiences: ['https://first.example'] };
const second = { scopes: ['second.read'], audiences: ['https://second.example'] };
const request = {
  all: { scopes: [...first.scopes, ...second.scopes], audiences: [...first.audiences, ...second.audiences] },
  first,
};

/** From the words that a user types, by the same road as the settings take. */
function describe(words: object): ProviderDescription {
  const { providers, problems } = parse(words);
  assert.deepEqual(problems, []);
  const [provider] = providers;
  assert.ok(provider);
  return provider;
}

function parse(words: object) {
  return parseSettings(
    { identityProviders: { company: words }, connections: {}, limits: undefined },
    { presets, connectors, tokenSources },
  );
}

/** Where the browser ends in each of the flows that have a redirect. */
function redirects({ flows, redirect }: ProviderDescription): Partial<Record<FlowName, string>> {
  const { host, ports, path } = redirect;
  const loopback = `http://${host}:${ports[0] ?? 50_000}${path}`;
  const all: Partial<Record<FlowName, string>> = { loopback, editorUri: EDITOR_URI, pasteRedirect: loopback };
  return Object.fromEntries(Object.entries(all).filter(([flow]) => flows.includes(flow as FlowName)));
}

for (const row of rows) {
  test(`${row.title}: what is typed decides every request and what to register`, async () => {
    const description = describe(row.words);
    const server = await fakeProvider(description, row.server);
    const provider = openProvider(description, {
      fetch: server.fetch,
      clock: { now: () => Date.now() },
      clientSecret: () => Promise.resolve('kept-apart'),
    });
    const accounts = new Set<string>();
    const seen = (tokens: TokenSet): string => {
      accounts.add(`${tokens.account?.subject} ${tokens.account?.label}`);
      return tokens.refreshToken ?? '';
    };

    const signIns: Outcome['signIns'] = {};
    let refreshToken = '';
    for (const [flow, redirectUri] of Object.entries(redirects(description))) {
      const { url, state, redeem } = await provider.authorize(redirectUri, { ...request, hint: 'ana@example.com' });
      server.expectNonce(new URL(url).searchParams.get('nonce'));
      const callback = new URL(redirectUri);
      callback.search = new URLSearchParams({ code: 'code-1', state }).toString();
      refreshToken = seen(await redeem(callback));
      signIns[flow] = { authorize: read(url), token: server.take() };
    }
    let device: Outcome['device'];
    if (description.flows.includes('deviceCode')) {
      server.expectNonce(null);
      const { tokens, userCode } = await provider.device(request, new AbortController().signal);
      assert.equal(userCode, 'WDJB-MJHT');
      const asked = server.take();
      seen(await tokens);
      device = { device: asked, token: server.take() };
    }
    await provider.refresh(refreshToken, second, [...accounts][0]?.split(' ')[0] ?? '');
    const refresh = server.take();
    const revoked = await provider.revoke(refreshToken);
    const revoke = revoked ? server.take() : undefined;

    const text = registrationText(description, { editorUri: EDITOR_URI, requests: [first, second] });
    const registered = text.split('\n').flatMap((line) => /^ {2}- `((?:http|vscode)\S+)`/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      { signIns, device, refresh, revoke, accounts: [...accounts], registered },
      row.outcome({ editorUri: EDITOR_URI }),
    );
    assert.deepEqual(server.rest(), []);
  });
}

function read(address: string): RecordedRequest {
  const url = new URL(address);
  return {
    endpoint: url.origin + url.pathname,
    parameters: plain(url.searchParams, ['state', 'nonce', 'code_challenge']),
  };
}

test('every preset is in the table, has an example, and a page that the index names', () => {
  const names = Object.keys(presets).toSorted();
  const index = readFileSync(new URL('../../docs/identity-providers/README.md', import.meta.url), 'utf8');
  assert.deepEqual(new Set(rows.map(({ preset }) => preset)), new Set(names));
  assert.deepEqual(
    providerPages().map(({ preset }) => preset),
    names,
  );
  const listed = [...index.matchAll(/\((\w+)\.md\) +\| `\1`/g)].map(([, name = '']) => name);
  assert.deepEqual(new Set(listed), new Set(names));
});

for (const { preset, example, settings, current, wanted } of providerPages()) {
  test(`the page of ${preset} shows the tested example and its registration text (npm run manifest renews it)`, () => {
    assert.deepEqual(settings.problems, []);
    const raw = JSON.parse(example) as Record<string, Record<string, { preset?: string }>>;
    const used = Object.values(raw['dataPassport.identityProviders'] ?? {}).map((words) => words.preset ?? 'oidc');
    assert.deepEqual(used, [preset]);
    assert.equal(/```json\n([^]*?)\n```/.exec(current)?.[1], example);
    assert.equal(current, wanted);
  });
}

test('the example of the SAML page is that of Snowflake', () => {
  const page = readFileSync(new URL('../../docs/identity-providers/saml.md', import.meta.url), 'utf8');
  const example = providerPages().find(({ preset }) => preset === 'snowflake')?.example;
  assert.equal(/```json\n([^]*?)\n```/.exec(page)?.[1], example);
});

test('a registration text says what each connection asks for, once, and leaves out an editor address that is not there', () => {
  const description = describe({ issuer: 'https://login.example.com', clientId: 'data-passport' });
  const { settings } = providerPages().find(({ preset }) => preset === 'oidc') ?? { settings: undefined };
  assert.ok(settings);
  const requests = requestsOf(settings);
  const text = registrationText(description, { editorUri: undefined, requests: [...requests, ...requests] });
  assert.deepEqual(
    text.split('\n').filter((line) => /^ {2}- /.test(line)),
    [
      '  - `http://127.0.0.1/callback` with any port',
      '  - audience `https://myorg-myaccount.snowflakecomputing.com`, scopes `session:role:ANALYST`',
      '  - audience `orders`',
    ],
  );
});

test('a confidential client is said to need a secret, and where it is entered', () => {
  const words = { issuer: 'https://login.example.com', clientId: 'data-passport', clientAuthentication: 'secret' };
  const text = registrationText(describe(words), { editorUri: undefined, requests: [] });
  assert.match(text, /\*\*Client secret:\*\* needed, .* "Data Passport: Set Client Secret"\n/);
  assert.match(text, /Confidential client/);
});

test('a host name may be pasted as an address', () => {
  const { issuer } = describe({ preset: 'auth0', domain: ' https://Example.eu.auth0.com/ ', clientId: 'x' });
  assert.equal(issuer, 'https://example.eu.auth0.com/');
});

test('a tenant id must be the very tenant; only a name leaves open which id it has', () => {
  const tenant = '11111111-2222-3333-4444-555555555555';
  const of = (name: string) => describe({ preset: 'entra', tenant: name, clientId: 'x' });
  const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';
  assert.deepEqual(
    [tenant, 'example.com', 'organizations'].map((name) => [of(name).issuer, of(name).issuerTemplate]),
    [
      [`https://login.microsoftonline.com/${tenant}/v2.0`, undefined],
      ['https://login.microsoftonline.com/example.com/v2.0', template],
      ['https://login.microsoftonline.com/organizations/v2.0', template],
    ],
  );
});

test('what is set stands over what is usual', () => {
  const words = {
    preset: 'okta',
    domain: 'example.okta.com',
    clientId: 'x',
    title: 'Example',
    scopes: ['openid'],
    flow: 'deviceCode',
    redirectPorts: [9000],
    redirectPath: '/here',
    redirectHost: 'localhost',
  };
  const { title, scopes, preferredFlow, redirect } = describe(words);
  assert.deepEqual(
    { title, scopes, preferredFlow, redirect },
    {
      title: 'Example',
      scopes: ['openid'],
      preferredFlow: 'deviceCode',
      redirect: { host: 'localhost', ports: [9000], path: '/here' },
    },
  );
});

const okta = { preset: 'okta', domain: 'example.okta.com', clientId: 'x' };
const entra = { preset: 'entra', tenant: 'example.com', clientId: 'x' };
const cognito = { preset: 'cognito', region: 'eu-west-1', userPoolId: 'eu-west-1_AbCdEfGhI', clientId: 'x' };
const oauth2 = {
  preset: 'oauth2',
  authorizationEndpoint: 'https://login.example.com/a',
  tokenEndpoint: 'https://login.example.com/t',
  clientId: 'x',
  account: { from: 'accessToken' },
};

const wrong: readonly (readonly [name: string, words: Record<string, unknown>, path: string, problem: RegExp])[] = [
  ['a domain with a path', { ...okta, domain: 'example.okta.com/oauth2' }, '.domain', /^must be a host name/],
  ['a domain without encryption', { ...okta, domain: 'http://example.okta.com' }, '.domain', /^must be a host name/],
  ['a domain with a user', { ...okta, domain: 'evil@example.okta.com' }, '.domain', /^must be a host name/],
  ['an authorization server with a slash', { ...okta, authorizationServer: 'a/b' }, '.authorizationServer', /^must be/],
  ['a flow that nobody has', { ...okta, flow: 'carrierPigeon' }, '.flow', /^must be one of "loopback", /],
  [
    'a flow that the provider has not',
    { preset: 'google', clientId: 'x', flow: 'deviceCode' },
    '.flow',
    /^must be one of "loopback", "pasteRedirect"$/,
  ],
  ['scopes without openid', { ...okta, scopes: ['profile'] }, '.scopes', /^must include "openid"$/],
  ['a path that is none', { ...okta, redirectPath: 'callback' }, '.redirectPath', /^must be empty or a path/],
  ['a port that is none', { ...okta, redirectPorts: [70_000] }, '.redirectPorts.0', /^must be at most 65535$/],
  ['another grant', { ...okta, grant: 'password' }, '.grant', /^is not a setting here$/],
  ['another response type', { ...okta, responseType: 'token' }, '.responseType', /^is not a setting here$/],
  ['a client secret', { ...okta, clientSecret: 'x' }, '.clientSecret', /Data Passport: Set Client Secret/],
  ['the tenant common', { ...entra, tenant: 'common' }, '.tenant', /^must be a tenant id, /],
  ['a tenant with a path', { ...entra, tenant: 'example.com/x' }, '.tenant', /^must be a tenant id, /],
  [
    'a region that is none',
    { ...cognito, region: 'europe', userPoolId: 'europe_AbC' },
    '.region',
    /^must be an AWS region/,
  ],
  ['a user pool of another region', { ...cognito, region: 'us-east-1' }, '.userPoolId', /^must begin with the region$/],
  [
    'a realm with a slash',
    { preset: 'keycloak', url: 'https://sso.example.com', realm: 'a/b', clientId: 'x' },
    '.realm',
    /^must be the name/,
  ],
  [
    'a Keycloak without encryption',
    { preset: 'keycloak', url: 'http://sso.example.com', realm: 'a', clientId: 'x' },
    '.url',
    /^must start with https/,
  ],
  ['an issuer that is no address', { issuer: 'login.example.com', clientId: 'x' }, '.issuer', /^must be a URL/],
  ['an issuer with a user', { issuer: 'https://a:b@login.example.com', clientId: 'x' }, '.issuer', /without a user/],
  [
    'an environment that is no id',
    { preset: 'pingone', environmentId: 'mine', clientId: 'x' },
    '.environmentId',
    /^must be/,
  ],
  [
    'a parameter of the protocol',
    { issuer: 'https://login.example.com', clientId: 'x', authorizationParameters: { state: 'x' } },
    '.authorizationParameters',
    /sets by itself$/,
  ],
  [
    'a preferred flow that is not allowed',
    { issuer: 'https://login.example.com', clientId: 'x', flows: ['loopback'], flow: 'deviceCode' },
    '.flow',
    /^must be one of flows$/,
  ],
  [
    'a custom integration without its client',
    { preset: 'snowflake', account: 'a-b', integration: 'custom' },
    '.clientId',
    /^is missing/,
  ],
  [
    'a client id for the built-in integration',
    { preset: 'snowflake', account: 'a-b', clientId: 'x' },
    '.clientId',
    /^must be left out/,
  ],
  [
    'a device code of Snowflake',
    { preset: 'snowflake', account: 'a-b', flow: 'deviceCode' },
    '.flow',
    /^must be one of/,
  ],
  [
    'another port for the built-in client',
    { preset: 'databricks', host: 'example.cloud.databricks.com', redirectPorts: [9000] },
    '.clientId',
    /custom app connection/,
  ],
  ['nobody who says who signed in', { ...oauth2, account: { from: 'userInfo' } }, '.userInfoEndpoint', /^is missing/],
  ['a device code without its endpoint', { ...oauth2, flow: 'deviceCode' }, '.flow', /^must be another one/],
  ['an endpoint that is a script', { ...oauth2, tokenEndpoint: 'javascript:alert(1)' }, '.tokenEndpoint', /https/],
];

for (const [name, words, path, problem] of wrong) {
  test(`${name} is reported with its path, and the provider is left out`, () => {
    const { providers, problems } = parse(words);
    assert.deepEqual([providers.length, problems.length], [0, 1]);
    assert.equal(problems[0]?.path, `dataPassport.identityProviders.company${path}`);
    assert.match(problems[0]?.problem ?? '', problem);
  });
}
