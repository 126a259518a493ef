import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, mock, test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';

import { type CryptoKey, exportJWK, importJWK } from 'jose';

import { asPassportError } from '../../src/core/errors.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { openProvider, type Provider, type TokenRequest, type TokenSet } from '../../src/identity/provider.ts';
import {
  CLIENT_ID,
  type Fields,
  type IdToken,
  ISSUER,
  leftHalf,
  mainKey,
  metadata,
  newKey,
  type Path,
  type ProviderKey,
  REDIRECT_URI,
  type Script,
  type ScriptedProvider,
  sendJson,
  signed,
  startScriptedProvider,
  unsigned,
  USER,
} from './scriptedProvider.ts';

/**
 * What a relying party must refuse and must accept, as the tests of OpenID Connect, FAPI 2 and the OAuth security practice have
 * it. Each row is one thing that a provider does otherwise, and what comes of it: `accepted`, or our error and the check that failed.
 */

const audience = 'https://warehouse.example';
const wanted: TokenRequest = { audiences: [audience], scopes: ['session:role:ANALYST'] };
const request = { all: wanted, first: wanted };

function describeProvider(own: Fields = {}): ProviderDescription {
  const preset = presets['oidc'];
  assert.ok(preset);
  return preset.describe('lab', preset.settings.parse({ issuer: ISSUER, clientId: CLIENT_ID, title: 'Lab', ...own }));
}

interface Case {
  readonly idp: ScriptedProvider;
  readonly provider: Provider;
}

async function open(t: TestContext, script: Script = {}, description = describeProvider()): Promise<Case> {
  const idp = await startScriptedProvider(script);
  t.after(() => idp.close());
  const provider = openProvider(description, {
    fetch: idp.fetch,
    clock: { now: () => Date.now() },
    clientSecret: async () => undefined,
  });
  return { idp, provider };
}

async function signIn({ idp, provider }: Case, back: (callback: URL) => void = () => undefined): Promise<TokenSet> {
  const authorization = await provider.authorize(REDIRECT_URI, request);
  const callback = idp.redirect(authorization.url);
  back(callback);
  return authorization.redeem(callback);
}

const refresh = ({ provider }: Case): Promise<TokenSet> => provider.refresh('refresh-0', wanted, USER);

/** `accepted`, or the code of the error with the word that says which check it was. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (thrown) {
    const { code, params } = asPassportError(thrown);
    const why = params['check'] ?? params['problem'] ?? params['reason'] ?? params['error'];
    return why === undefined ? code : `${code}: ${why}`;
  }
}

const refused = (check: string): string => `DP-SIGN-IN-RESPONSE: ${check}`;

const unusable = (problem: string): string => `DP-PROVIDER-METADATA: ${problem}`;
const unreachable = (reason: string): string => `DP-PROVIDER-UNREACHABLE: ${reason}`;
const elsewhere = unreachable('something else answered in its place, such as the log-in page of a network');

const seconds = (): number => Math.floor(Date.now() / 1000);

const claims =
  (change: Fields | (() => Fields)): NonNullable<Script['idToken']> =>
  (token) => ({ ...token, claims: { ...token.claims, ...(typeof change === 'function' ? change() : change) } });

const header =
  (change: Fields): NonNullable<Script['idToken']> =>
  (token) => ({ ...token, header: { ...token.header, ...change } });

const other = newKey();
const elliptic = newKey('ES256');
const edwards = newKey('EdDSA');

/** The provider's own RSA key, used in a way that the metadata does not name. */
async function signedWithPss(token: IdToken): Promise<string> {
  const jwk = { ...(await exportJWK((await mainKey).privateKey)), alg: 'PS256' };
  return signed({
    ...token,
    header: { ...token.header, alg: 'PS256' },
    key: (await importJWK(jwk, 'PS256')) as CryptoKey,
  });
}

const bothKeys = async (): Promise<Script> => {
  const keys = [await mainKey, await other];
  return { keys: () => keys };
};

const oneKey = async (made: Promise<ProviderKey>): Promise<Script> => {
  const keys = [await made];
  return { keys: () => keys };
};

const withHash =
  (hash: (accessToken: string) => unknown): NonNullable<Script['idToken']> =>
  (token, accessToken) => ({ ...token, claims: { ...token.claims, at_hash: hash(accessToken) } });

describe('an ID token at sign-in', () => {
  const rows: readonly (readonly [string, Script | (() => Promise<Script>), string])[] = [
    ['that is right in everything', {}, 'accepted'],
    // Signature.
    ['signed with ES256, which the metadata names', () => oneKey(elliptic), 'accepted'],
    ['signed with EdDSA, which the metadata names', () => oneKey(edwards), 'accepted'],
    [
      'signed by another key under a known kid',
      { idToken: async (token) => signed({ ...token, key: (await other).privateKey }) },
      refused('invalid_response'),
    ],
    ['without kid where there is one key', { idToken: header({ kid: undefined }) }, 'accepted'],
    [
      'without kid where there are several keys',
      async () => ({ ...(await bothKeys()), idToken: header({ kid: undefined }) }),
      refused('key_selection_failed'),
    ],
    ['with a kid that no key has', { idToken: header({ kid: 'unheard-of' }) }, refused('key_selection_failed')],
    ['with alg none', { idToken: async (token) => unsigned(token) }, refused('invalid_response')],
    [
      'signed with HS256 and the client id',
      {
        idToken: (token) => ({
          ...token,
          header: { ...token.header, alg: 'HS256' },
          key: new TextEncoder().encode(CLIENT_ID.padEnd(32, '\0')),
        }),
      },
      refused('invalid_response'),
    ],
    [
      'signed with an algorithm that the metadata does not name',
      { idToken: signedWithPss },
      refused('invalid_response'),
    ],
    ['that is no JWT', { idToken: async () => 'not.a-token' }, refused('invalid_response')],
    [
      'that is encrypted',
      { idToken: async () => 'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d' },
      refused('unsupported_operation'),
    ],
    ['that is missing', { idToken: () => undefined }, refused('invalid_response')],
    [
      'with a critical header that nobody knows',
      {
        idToken: async (token) => signed({ ...token, header: { ...token.header, crit: ['x'], x: true } }, { x: true }),
      },
      refused('unsupported_operation'),
    ],
    // Issuer and audience.
    ['of another issuer', { idToken: claims({ iss: 'https://evil.example' }) }, refused('iss')],
    ['of an issuer with one slash more', { idToken: claims({ iss: `${ISSUER}/` }) }, refused('iss')],
    ['without issuer', { idToken: claims({ iss: undefined }) }, refused('invalid_response')],
    ['for another client', { idToken: claims({ aud: 'somebody-else' }) }, refused('aud')],
    ['for nobody', { idToken: claims({ aud: undefined }) }, refused('invalid_response')],
    ['for us in a list', { idToken: claims({ aud: [CLIENT_ID] }) }, 'accepted'],
    ['for us and another without azp', { idToken: claims({ aud: [CLIENT_ID, 'somebody-else'] }) }, refused('aud')],
    [
      'for us and another, and the other is azp',
      { idToken: claims({ aud: [CLIENT_ID, 'somebody-else'], azp: 'somebody-else' }) },
      refused('azp'),
    ],
    [
      'for us and another with us as azp',
      { idToken: claims({ aud: [CLIENT_ID, 'somebody-else'], azp: CLIENT_ID }) },
      'accepted',
    ],
    // The other claims.
    ['without sub', { idToken: claims({ sub: undefined }) }, refused('invalid_response')],
    ['with an empty sub', { idToken: claims({ sub: '' }) }, refused('sub')],
    ['without iat', { idToken: claims({ iat: undefined }) }, refused('invalid_response')],
    ['with iat as text', { idToken: claims({ iat: '1700000000' }) }, refused('invalid_response')],
    ['without exp', { idToken: claims({ exp: undefined }) }, refused('invalid_response')],
    ['that has expired', { idToken: claims({ iat: 1_700_000_000, exp: 1_700_000_300 }) }, refused('exp')],
    ['issued half a minute ahead', { idToken: claims(() => ({ iat: seconds() + 30 })) }, 'accepted'],
    ['issued ten minutes ahead', { idToken: claims(() => ({ iat: seconds() + 600 })) }, refused('iat')],
    ['good from some seconds on', { idToken: claims(() => ({ nbf: seconds() + 20 })) }, 'accepted'],
    ['good from ten minutes on', { idToken: claims(() => ({ nbf: seconds() + 600 })) }, refused('nbf')],
    ['without nonce', { idToken: claims({ nonce: undefined }) }, refused('invalid_response')],
    ['with the nonce of another sign-in', { idToken: claims({ nonce: 'another' }) }, refused('nonce')],
    // Hash of the access token.
    ['with the right at_hash', { idToken: withHash((token) => leftHalf(token)) }, 'accepted'],
    [
      'with the right at_hash of EdDSA',
      async () => ({ ...(await oneKey(edwards)), idToken: withHash((token) => leftHalf(token, 'sha512')) }),
      'accepted',
    ],
    ['with the at_hash of another access token', { idToken: withHash(() => leftHalf('another')) }, refused('at_hash')],
    ['with an at_hash that is no text', { idToken: withHash(() => 7) }, refused('at_hash')],
  ];
  for (const [title, made, expected] of rows) {
    test(`${title}: ${expected}`, async (t) => {
      const script = typeof made === 'function' ? await made() : made;
      const opened = await open(t, script);
      assert.equal(await outcomeOf(signIn(opened)), expected);
    });
  }
});

describe('a redirect from the browser', () => {
  const silent: Script = {
    metadata: (own) => ({ ...own, authorization_response_iss_parameter_supported: undefined }),
  };
  const set =
    (name: string, value: string | undefined) =>
    (callback: URL): void => {
      callback.searchParams.delete(name);
      if (value !== undefined) callback.searchParams.set(name, value);
    };
  const rows: readonly (readonly [string, Script, (callback: URL) => void, string])[] = [
    ['that names the issuer', {}, () => undefined, 'accepted'],
    ['without iss where it is advertised', {}, set('iss', undefined), refused('invalid_response')],
    ['with the iss of another', {}, set('iss', 'https://evil.example'), refused('invalid_response')],
    ['with one slash more in iss', {}, set('iss', `${ISSUER}/`), refused('invalid_response')],
    ['with iss in other letters', {}, set('iss', ISSUER.toUpperCase()), refused('invalid_response')],
    ['with iss twice', {}, (callback) => callback.searchParams.append('iss', ISSUER), refused('invalid_response')],
    ['without iss where it is not advertised', silent, set('iss', undefined), 'accepted'],
    ['with the right iss where it is not advertised', silent, () => undefined, 'accepted'],
    [
      'with the iss of another where it is not advertised',
      silent,
      set('iss', 'https://evil.example'),
      refused('invalid_response'),
    ],
    ['with another state', {}, set('state', 'another'), refused('invalid_response')],
    ['without state', {}, set('state', undefined), refused('invalid_response')],
    ['with state twice', {}, (callback) => callback.searchParams.append('state', 'again'), refused('invalid_response')],
    ['without code', {}, set('code', undefined), refused('invalid_response')],
    ['with code and error', {}, set('error', 'access_denied'), 'DP-SIGN-IN-REFUSED: access_denied'],
    ['with a response in a JWT', {}, set('response', 'e30.e30.'), refused('invalid_response')],
    ['with an ID token in it', {}, set('id_token', 'e30.e30.'), refused('unsupported_operation')],
    [
      'that says no',
      {},
      (callback) => {
        set('code', undefined)(callback);
        set('error', 'access_denied')(callback);
      },
      'DP-SIGN-IN-REFUSED: access_denied',
    ],
    [
      'that says no at length',
      {},
      (callback) => {
        set('code', undefined)(callback);
        set('error', '<b>EVIL</b> do this')(callback);
      },
      'DP-SIGN-IN-REFUSED: an unknown error',
    ],
  ];
  for (const [title, script, back, expected] of rows) {
    test(`${title}: ${expected}`, async (t) => {
      const opened = await open(t, script);
      const outcome = await outcomeOf(signIn(opened, back));
      assert.deepEqual(
        { outcome, tokenRequests: opened.idp.forms.length },
        { outcome: expected, tokenRequests: expected === 'accepted' ? 1 : 0 },
      );
    });
  }

  test('with the iss of another shows nothing of its error', async (t) => {
    const opened = await open(t);
    const thrown: unknown = await signIn(opened, ({ searchParams }) => {
      searchParams.delete('code');
      searchParams.set('error', 'EVIL_code');
      searchParams.set('error_description', 'EVIL text');
      searchParams.set('error_uri', 'https://EVIL.example');
      searchParams.set('iss', 'https://EVIL.example');
    }).catch((error: unknown) => error);
    const { fix, detail } = asPassportError(thrown);
    const told = [inspect(thrown, { depth: 9 }), fix, detail].join('\n');
    assert.deepEqual([asPassportError(thrown).code, /EVIL/iu.test(told)], ['DP-SIGN-IN-RESPONSE', false]);
  });

  test('of one sign-in is refused by another, at the same issuer or not', async (t) => {
    const one = await open(t);
    const two = await open(t);
    const [first, second] = [
      await one.provider.authorize(REDIRECT_URI, request),
      await two.provider.authorize(REDIRECT_URI, request),
    ];
    const swapped = [
      await outcomeOf(first.redeem(two.idp.redirect(second.url))),
      await outcomeOf(second.redeem(one.idp.redirect(first.url))),
    ];
    assert.deepEqual(
      { swapped, tokenRequests: one.idp.forms.length + two.idp.forms.length },
      { swapped: [refused('invalid_response'), refused('invalid_response')], tokenRequests: 0 },
    );
  });
});

describe('an authorization request', () => {
  test('carries a PKCE challenge, a state and a nonce that never repeat', async (t) => {
    const { provider } = await open(t);
    const seen = new Set<string>();
    for (let round = 0; round < 1000; round += 1) {
      const { searchParams: query } = new URL((await provider.authorize(REDIRECT_URI, request)).url);
      assert.equal(query.get('code_challenge_method'), 'S256');
      for (const name of ['code_challenge', 'state', 'nonce']) {
        const value = query.get(name) ?? '';
        assert.match(value, /^[\w-]{43}$/u);
        seen.add(value);
      }
    }
    assert.equal(seen.size, 3000);
  });

  test('is for a code only, and its challenge is the hash of what the token request carries', async (t) => {
    const opened = await open(t);
    const authorization = await opened.provider.authorize(REDIRECT_URI, request);
    const query = new URL(authorization.url).searchParams;
    await authorization.redeem(opened.idp.redirect(authorization.url));
    const verifier = opened.idp.forms[0]?.get('code_verifier') ?? '';
    assert.match(verifier, /^[\w.~-]{43,128}$/u);
    assert.deepEqual(
      {
        type: query.get('response_type'),
        challenge: query.get('code_challenge'),
        redirects: [query.get('redirect_uri'), opened.idp.forms[0]?.get('redirect_uri')],
      },
      {
        type: 'code',
        challenge: createHash('sha256').update(verifier).digest('base64url'),
        redirects: [REDIRECT_URI, REDIRECT_URI],
      },
    );
  });

  test('names the same resource as the token request and the refresh', async (t) => {
    const opened = await open(t);
    const authorization = await opened.provider.authorize(REDIRECT_URI, request);
    await authorization.redeem(opened.idp.redirect(authorization.url));
    await refresh(opened);
    assert.deepEqual(
      [new URL(authorization.url).searchParams, ...opened.idp.forms].map((each) => each.getAll('resource')),
      [[audience], [audience], [audience]],
    );
  });
});

describe('metadata', () => {
  const change =
    (fields: Fields): NonNullable<Script['metadata']> =>
    (own) => ({ ...own, ...fields });
  const rows: readonly (readonly [string, Fields, string])[] = [
    ['of an issuer with one slash more', { issuer: `${ISSUER}/` }, unusable(`it calls itself ${ISSUER}/`)],
    [
      'of an issuer in other letters',
      { issuer: 'https://IDP.example' },
      unusable('it calls itself https://IDP.example'),
    ],
    [
      'of an issuer with its port spelled out',
      { issuer: `${ISSUER}:443` },
      unusable('it calls itself https://idp.example:443'),
    ],
    ['of another issuer', { issuer: 'https://evil.example' }, unusable('the answer is not its metadata')],
    ['without issuer', { issuer: undefined }, unusable('the answer is not its metadata')],
    [
      'with PKCE by plain only',
      { code_challenge_methods_supported: ['plain'] },
      unusable('it can not do PKCE with S256'),
    ],
    ['with no way of PKCE', { code_challenge_methods_supported: [] }, unusable('it can not do PKCE with S256')],
    ['with plain beside S256', { code_challenge_methods_supported: ['plain', 'S256'] }, 'accepted'],
    ['that says nothing of PKCE', { code_challenge_methods_supported: undefined }, 'accepted'],
    [
      'that knows neither public clients nor refresh tokens',
      {
        token_endpoint_auth_methods_supported: ['client_secret_basic'],
        grant_types_supported: ['authorization_code'],
      },
      'accepted',
    ],
    [
      'without an authorization endpoint',
      { authorization_endpoint: undefined },
      unusable('its authorization_endpoint undefined can not be used'),
    ],
    [
      'with javascript: to open',
      { authorization_endpoint: 'javascript:alert(1)' },
      unusable('its authorization_endpoint "javascript:alert(1)" can not be used'),
    ],
    [
      'with file: to open',
      { authorization_endpoint: 'file:///etc/passwd' },
      unusable('its authorization_endpoint "file:///etc/passwd" can not be used'),
    ],
    [
      'with vscode: to open',
      { authorization_endpoint: 'vscode://evil.extension/run' },
      unusable('its authorization_endpoint "vscode://evil.extension/run" can not be used'),
    ],
    [
      'with data: to open',
      { authorization_endpoint: 'data:text/html,hello' },
      unusable('its authorization_endpoint "data:text/html,hello" can not be used'),
    ],
    [
      'with a command to open',
      { authorization_endpoint: 'a:$(calc.exe)?' },
      unusable('its authorization_endpoint "a:$(calc.exe)?" can not be used'),
    ],
    [
      'with plain http: to open',
      { authorization_endpoint: 'http://idp.example/authorize' },
      unusable('its authorization_endpoint "http://idp.example/authorize" can not be used'),
    ],
    ['without a token endpoint', { token_endpoint: undefined }, unusable('an endpoint in it can not be used')],
    [
      'with a token endpoint over plain http:',
      { token_endpoint: 'http://idp.example/token' },
      unusable('an endpoint in it can not be used'),
    ],
    [
      'with a token endpoint on this machine',
      { token_endpoint: 'https://127.0.0.1/token' },
      unusable('an endpoint in it can not be used'),
    ],
    [
      'with a token endpoint on this machine, by number',
      { token_endpoint: 'https://2130706433/token' },
      unusable('an endpoint in it can not be used'),
    ],
    [
      "with keys at a cloud's metadata service",
      { jwks_uri: 'https://169.254.169.254/jwks' },
      unusable('an endpoint in it can not be used'),
    ],
    [
      'with keys at the same service in IPv6',
      { jwks_uri: 'https://[::ffff:169.254.169.254]/jwks' },
      unusable('an endpoint in it can not be used'),
    ],
    ['without keys', { jwks_uri: undefined }, unusable('an endpoint in it can not be used')],
  ];
  for (const [title, fields, expected] of rows) {
    test(`${title}: ${expected}`, async (t) => {
      const opened = await open(t, { metadata: change(fields) });
      assert.equal(await outcomeOf(signIn(opened)), expected);
    });
  }

  test("with a shell's words in an address is taken literally", async (t) => {
    const { provider } = await open(t, { metadata: change({ authorization_endpoint: 'https://x.example/$(id)?a=b' }) });
    const { url } = await provider.authorize(REDIRECT_URI, request);
    assert.ok(url.startsWith('https://x.example/$(id)?a=b&'), url);
  });

  test('is asked for over https only, unless the provider is on this machine', async () => {
    const asked: string[] = [];
    const description = { ...describeProvider(), issuer: 'http://idp.example' };
    const provider = openProvider(description, {
      fetch: async (url) => {
        asked.push(url);
        return new Response('{}');
      },
      clock: { now: () => Date.now() },
      clientSecret: async () => undefined,
    });
    const outcome = await outcomeOf(provider.authorize(REDIRECT_URI, request));
    assert.deepEqual([asked, outcome], [[], unusable('the answer is not its metadata')]);
    const { settings } = presets['oidc'] ?? assert.fail();
    const valid = (own: Fields): boolean => settings.safeParse({ clientId: CLIENT_ID, ...own }).success;
    assert.deepEqual(
      [
        valid({ issuer: ISSUER }),
        valid({ issuer: 'http://127.0.0.1:9000' }),
        valid({ issuer: 'http://idp.example' }),
        valid({ issuer: ISSUER, clientSecret: 'in the settings' }),
        valid({ issuer: ISSUER, responseType: 'token' }),
        valid({ issuer: ISSUER, grant: 'password' }),
      ],
      [true, true, false, false, false, false],
    );
  });
});

/** Answers that no provider gives, by what stands in its place. */
describe('an answer that is not what was asked for', () => {
  const redirect =
    (status: number) =>
    (response: ServerResponse): void =>
      void response.writeHead(status, { location: `${ISSUER}/elsewhere` }).end();
  const page = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<title>Guest network</title>');
  const huge = (response: ServerResponse): void =>
    sendJson(response, { access_token: 'a'.repeat(2 * 1024 * 1024), token_type: 'Bearer' });
  const bomb = (response: ServerResponse): void =>
    void response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify({ access_token: 'a'.repeat(64 * 1024 * 1024) })));
  const endless = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(16 * 1024)));
    };
    response.on('drain', more);
    more();
  };
  const hanging = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  const broken = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token"');
  const nothing = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end();
  const list = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('[]');

  const rows: readonly (readonly [string, (response: ServerResponse) => void, string, string, string])[] = [
    [
      'a redirect (302)',
      redirect(302),
      unusable('HTTP status 302, a redirect'),
      unreachable('HTTP status 302'),
      unreachable('HTTP status 302'),
    ],
    [
      'a redirect (307)',
      redirect(307),
      unusable('HTTP status 307, a redirect'),
      unreachable('HTTP status 307'),
      unreachable('HTTP status 307'),
    ],
    [
      'a redirect (308)',
      redirect(308),
      unusable('HTTP status 308, a redirect'),
      unreachable('HTTP status 308'),
      unreachable('HTTP status 308'),
    ],
    ['a page of a guest network', page, elsewhere, elsewhere, elsewhere],
    [
      'two megabytes',
      huge,
      unusable('the answer is not its metadata'),
      unreachable('its answer is larger than any token'),
      unreachable('its answer is larger than any token'),
    ],
    [
      'a packed bomb',
      bomb,
      unusable('the answer is not its metadata'),
      unreachable('its answer is larger than any token'),
      unreachable('its answer is larger than any token'),
    ],
    [
      'spaces without end',
      endless,
      unusable('the answer is not its metadata'),
      unreachable('its answer is larger than any token'),
      unreachable('its answer is larger than any token'),
    ],
    [
      'a beginning without an end',
      hanging,
      unreachable('no answer in time'),
      unreachable('no answer in time'),
      unreachable('no answer in time'),
    ],
    ['half an object', broken, unusable('the answer is not its metadata'), elsewhere, elsewhere],
    ['nothing', nothing, unusable('the answer is not its metadata'), elsewhere, elsewhere],
    [
      'a list',
      list,
      unusable('the answer is not its metadata'),
      refused('invalid_response'),
      refused('invalid_response'),
    ],
  ];
  for (const [title, answer, ...expected] of rows) {
    test(`${title} is bounded, not followed, and told apart from the end of the sign-in`, async (t) => {
      const outcomes: string[] = [];
      const places: readonly Path[] = ['metadata', 'token', 'jwks'];
      for (const path of places) {
        const idp = await startScriptedProvider({ answer: { [path]: answer } });
        t.after(() => idp.close());
        const provider = openProvider(describeProvider(), {
          // What waits for the time-out is not waited for; everything else may take as long as a busy machine needs.
          fetch: (url, init) => {
            const { signal } = init;
            assert.ok(signal, 'every request has a time-out');
            return idp.fetch(url, {
              ...init,
              signal: AbortSignal.any([signal, AbortSignal.timeout(answer === hanging ? 1000 : 60_000)]),
            });
          },
          clock: { now: () => Date.now() },
          clientSecret: async () => undefined,
        });
        const opened = { idp, provider };
        outcomes.push(await outcomeOf(path === 'jwks' ? signIn(opened) : refresh(opened)));
        assert.ok(!idp.asked.includes('elsewhere'), 'a redirect was followed');
      }
      assert.deepEqual(outcomes, expected);
    });
  }
});

describe('a token answer', () => {
  const later = (answer: TokenSet): number | undefined =>
    answer.expiresAt && Math.round((answer.expiresAt.getTime() - Date.now()) / 10_000) * 10;
  const rows: readonly (readonly [string, Fields, string | { readonly expires: number | undefined }])[] = [
    ['of type bearer', { token_type: 'bearer' }, { expires: 600 }],
    ['of type BEARER', { token_type: 'BEARER' }, { expires: 600 }],
    ['of type mac', { token_type: 'mac' }, refused('unsupported_operation')],
    ['of type DPoP, which was not asked for', { token_type: 'DPoP' }, refused('token_type')],
    ['without a type', { token_type: undefined }, refused('invalid_response')],
    ['without an access token', { access_token: undefined }, refused('invalid_response')],
    ['with an access token that is no text', { access_token: { a: 1 } }, refused('invalid_response')],
    ['with an empty access token', { access_token: '' }, refused('invalid_response')],
    ['that says no life', { expires_in: undefined }, { expires: undefined }],
    ['that says its life as text', { expires_in: '300' }, { expires: 300 }],
    ['that lives for nothing', { expires_in: 0 }, { expires: undefined }],
    ['that expired before it was given', { expires_in: -5 }, refused('invalid_response')],
    ['that lives for ever', { expires_in: 1e300 }, { expires: undefined }],
    ['that lives for a word', { expires_in: 'soon' }, refused('invalid_response')],
    ['that lives for null', { expires_in: null }, refused('invalid_response')],
    ['with a refresh token that is no text', { refresh_token: 7 }, refused('invalid_response')],
    ['with scopes that are no text', { scope: ['a'] }, refused('invalid_response')],
  ];
  for (const [title, fields, expected] of rows) {
    test(`${title}: ${typeof expected === 'string' ? expected : 'accepted'}`, async (t) => {
      const opened = await open(t, { tokens: (own) => ({ ...own, ...fields }) });
      let answer: TokenSet | undefined;
      const outcome = await outcomeOf(
        refresh(opened).then((tokens) => {
          answer = tokens;
        }),
      );
      assert.deepEqual(answer ? { expires: later(answer) } : outcome, expected);
    });
  }
});

describe('a refresh', () => {
  const rows: readonly (readonly [string, Script, string])[] = [
    ['with the ID token of the same person', {}, 'accepted'],
    ['without an ID token', { idToken: () => undefined }, 'accepted'],
    ['without a refresh token', { tokens: (own) => ({ ...own, refresh_token: undefined }) }, 'accepted'],
    ['with the ID token of another person', { idToken: claims({ sub: 'mallory' }) }, 'DP-SIGN-IN-OTHER-USER'],
    ['with the ID token of another issuer', { idToken: claims({ iss: 'https://evil.example' }) }, refused('iss')],
    ['with an ID token for another client', { idToken: claims({ aud: 'somebody-else' }) }, refused('aud')],
    [
      'with an ID token signed by another',
      { idToken: async (token) => signed({ ...token, key: (await other).privateKey }) },
      refused('invalid_response'),
    ],
    [
      'with an ID token issued ten minutes ahead',
      { idToken: claims(() => ({ iat: seconds() + 600 })) },
      refused('iat'),
    ],
    ['with the at_hash of another access token', { idToken: withHash(() => leftHalf('another')) }, refused('at_hash')],
  ];
  for (const [title, script, expected] of rows) {
    test(`${title}: ${expected}`, async (t) => {
      assert.equal(await outcomeOf(refresh(await open(t, script))), expected);
    });
  }

  const refusals: readonly (readonly [string, (response: ServerResponse) => void, string])[] = [
    ['400 invalid_grant', (response) => sendJson(response, { error: 'invalid_grant' }, 400), 'DP-SIGN-IN-ENDED'],
    ['401 invalid_grant', (response) => sendJson(response, { error: 'invalid_grant' }, 401), 'DP-SIGN-IN-ENDED'],
    ['400 invalid_request', (response) => sendJson(response, { error: 'invalid_request' }, 400), 'DP-SIGN-IN-ENDED'],
    ['400 and nothing', (response) => void response.writeHead(400).end(), 'DP-SIGN-IN-ENDED'],
    [
      '400 invalid_target',
      (response) => sendJson(response, { error: 'invalid_target' }, 400),
      'DP-PROVIDER-REFUSED: invalid_target',
    ],
    [
      '401 invalid_client',
      (response) => sendJson(response, { error: 'invalid_client' }, 401),
      'DP-PROVIDER-REFUSED: invalid_client',
    ],
    ['403', (response) => void response.writeHead(403).end(), unreachable('HTTP status 403')],
    ['429', (response) => void response.writeHead(429, { 'retry-after': '7' }).end(), unreachable('HTTP status 429')],
    ['500', (response) => void response.writeHead(500).end(), unreachable('HTTP status 500')],
    [
      '503 with a page',
      (response) => void response.writeHead(503, { 'content-type': 'text/html' }).end('<p>'),
      unreachable('HTTP status 503'),
    ],
    ['a connection that dies', (response) => void response.destroy(), unreachable('UND_ERR_SOCKET')],
  ];
  for (const [title, answer, expected] of refusals) {
    test(`answered ${title}: ${expected}`, async (t) => {
      assert.equal(await outcomeOf(refresh(await open(t, { answer: { token: answer } }))), expected);
    });
  }
});

describe('keys of the provider', () => {
  const advance = (t: TestContext): ((by: number) => void) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    return (by) => mock.timers.setTime(Date.now() + by * 1000);
  };
  const fetches = ({ idp }: Case): number => idp.asked.filter((path) => path === 'jwks').length;

  test('may change: a sign-in with the new one works once the known ones are a minute old', async (t) => {
    const pass = advance(t);
    let keys = [await mainKey];
    const opened = await open(t, { keys: () => keys });
    const outcomes = [await outcomeOf(signIn(opened))];
    pass(61);
    keys = [await other];
    outcomes.push(await outcomeOf(signIn(opened)), await outcomeOf(signIn(opened)));
    assert.deepEqual(
      { outcomes, fetches: fetches(opened) },
      { outcomes: ['accepted', 'accepted', 'accepted'], fetches: 2 },
    );
  });

  test('that were withdrawn sign nothing any more once they are five minutes old', async (t) => {
    const pass = advance(t);
    let keys = [await mainKey];
    const withdrawn = await mainKey;
    const opened = await open(t, {
      keys: () => keys,
      idToken: (token) => ({
        ...token,
        header: { alg: 'RS256', kid: withdrawn.kid },
        key: withdrawn.privateKey,
      }),
    });
    const outcomes = [await outcomeOf(signIn(opened))];
    keys = [await other];
    pass(301);
    outcomes.push(await outcomeOf(signIn(opened)));
    assert.deepEqual(
      { outcomes, fetches: fetches(opened) },
      { outcomes: ['accepted', refused('key_selection_failed')], fetches: 2 },
    );
  });

  test('are fetched at most once a minute, whatever kid a hundred tokens name', async (t) => {
    const pass = advance(t);
    let kid = 0;
    const opened = await open(t, {
      idToken: (token) => {
        kid += 1;
        return { ...token, header: { ...token.header, kid: `unheard-of-${kid}` } };
      },
    });
    const outcomes = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      if (round === 50) pass(61);
      outcomes.add(await outcomeOf(refresh(opened)));
    }
    assert.deepEqual(
      { outcomes: [...outcomes], fetches: fetches(opened) },
      { outcomes: [refused('key_selection_failed')], fetches: 2 },
    );
  });
});

describe('the user-info endpoint', () => {
  const nameless = claims({ email: undefined });
  const answers: readonly (readonly [string, Script, string])[] = [
    ['that knows the e-mail', { userInfo: { sub: USER, email: 'a@corp.example' } }, 'a@corp.example'],
    [
      'that names another person',
      { userInfo: { sub: 'mallory', email: 'm@corp.example' } },
      refused('sub of the user-info endpoint'),
    ],
    ['that names nobody', { userInfo: { email: 'm@corp.example' } }, 'alice'],
    ['that fails', { answer: { userInfo: (response) => void response.writeHead(500).end() } }, USER],
  ];
  for (const [title, script, expected] of answers) {
    test(`${title}: ${expected}`, async (t) => {
      let label = '';
      const outcome = await outcomeOf(
        signIn(await open(t, { ...script, idToken: nameless })).then(({ account }) => {
          label = account?.label ?? 'nobody';
        }),
      );
      assert.equal(outcome === 'accepted' ? label : outcome, expected);
    });
  }
});

describe('a clock that is wrong', () => {
  const rows: readonly (readonly [string, number, NonNullable<Script['idToken']> | undefined, string])[] = [
    ['by some seconds', 25, undefined, 'accepted'],
    ['ten minutes behind the provider', 600, undefined, 'DP-CLOCK'],
    ['ten minutes ahead of the provider, with a short-lived token', -600, undefined, 'DP-CLOCK'],
    [
      'ten minutes ahead of the provider, with a long-lived token',
      -600,
      (token) => ({ ...token, claims: { ...token.claims, exp: seconds() + 3600 } }),
      'accepted',
    ],
  ];
  for (const [title, ahead, idToken, expected] of rows) {
    test(`${title}: ${expected}`, async (t) => {
      const opened = await open(t, { ahead, ...(idToken && { idToken }) });
      assert.equal(await outcomeOf(signIn(opened)), expected);
    });
  }

  test('is told with the minutes and the direction', async (t) => {
    const told = [];
    for (const ahead of [600, -600]) {
      const thrown: unknown = await signIn(await open(t, { ahead })).catch((error: unknown) => error);
      told.push(asPassportError(thrown).message);
    }
    assert.deepEqual(told, [
      'The clock of this machine is 10 minutes behind that of Lab, so its answer was not used.',
      'The clock of this machine is 10 minutes ahead that of Lab, so its answer was not used.',
    ]);
  });
});

describe('a sign-in by device code', () => {
  const pending = { error: 'authorization_pending' };
  const done = { access_token: 'access', token_type: 'Bearer', expires_in: 600 };
  const rows: readonly (readonly [string, readonly Fields[], string, readonly number[]])[] = [
    ['that is confirmed at last', [pending, pending, done], 'accepted', [5, 5, 5]],
    ['that is told to slow down', [pending, { error: 'slow_down' }, pending, done], 'accepted', [5, 5, 10, 10]],
    ['that is told no', [{ error: 'access_denied' }], 'DP-SIGN-IN-REFUSED: access_denied', [5]],
    ['whose code ran out', [{ error: 'expired_token' }], 'DP-SIGN-IN-EXPIRED', [5]],
    ['by a client that is not known', [{ error: 'invalid_client' }], 'DP-PROVIDER-REFUSED: invalid_client', [5]],
  ];
  for (const [title, words, expected, pauses] of rows) {
    test(`${title} asks no sooner than it is told: ${expected}`, async (t) => {
      mock.timers.enable({ apis: ['setTimeout'] });
      t.after(() => mock.timers.reset());
      const left = [...words];
      const asked: number[] = [];
      let second = 0;
      const answers: Record<string, () => Fields> = {
        '/.well-known/openid-configuration': () => metadata(),
        '/device': () => ({ device_code: 'd', user_code: 'AB', verification_uri: `${ISSUER}/go`, expires_in: 600 }),
        '/token': () => {
          asked.push(second);
          return left.shift() ?? done;
        },
      };
      // Without a network: the seconds of the test's clock pass faster than any socket answers.
      const provider = openProvider(describeProvider(), {
        fetch: async (url) => {
          const body = answers[new URL(url).pathname]?.() ?? {};
          return Response.json(body, { status: 'error' in body ? 400 : 200 });
        },
        clock: { now: () => Date.now() },
        clientSecret: async () => undefined,
      });
      const { tokens } = await provider.device(request, new AbortController().signal);
      const outcome = outcomeOf(tokens);
      for (; second < 60; second += 1) {
        for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        mock.timers.tick(1000);
      }
      assert.deepEqual(
        { outcome: await outcome, pauses: asked.map((each, index) => each - (asked[index - 1] ?? 0)) },
        { outcome: expected, pauses },
      );
    });
  }
});
