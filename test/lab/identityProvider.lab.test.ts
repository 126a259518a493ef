import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test, type TestContext } from 'node:test';

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oauth from 'openid-client';

import {
  confirmDeviceByHttp,
  defaultAudience,
  postgresAudience,
  signInByHttp,
  startIdentityProvider,
  warehouseAudience,
  type IdentityProviderOptions,
  type LabIdentityProvider,
} from './identityProvider.ts';
import { allPersonalities, personalities, type Personality } from './identityProvider/personalities.ts';
import type { LabUserName } from './sampleData.ts';

const redirectUri = 'http://127.0.0.1:49152/callback';
const scope = 'openid profile email offline_access session:role:ANALYST';

async function lab(
  t: TestContext,
  options?: IdentityProviderOptions,
): Promise<{ idp: LabIdentityProvider; client: oauth.Configuration }> {
  const idp = await startIdentityProvider(options);
  t.after(() => idp.close());
  const client = await oauth.discovery(new URL(idp.issuer), idp.clientId, undefined, oauth.None(), {
    execute: [oauth.allowInsecureRequests],
  });
  return { idp, client };
}

interface SignInWish {
  readonly user?: LabUserName;
  readonly redirectUri?: string;
  readonly cookies?: Map<string, string>;
}

async function authorize(
  { idp, client }: { idp: LabIdentityProvider; client: oauth.Configuration },
  wish: SignInWish = {},
): Promise<{ callback: URL; verifier: string; nonce: string }> {
  const verifier = oauth.randomPKCECodeVerifier();
  const nonce = oauth.randomNonce();
  const url = oauth.buildAuthorizationUrl(client, {
    redirect_uri: wish.redirectUri ?? redirectUri,
    scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    prompt: 'consent',
  });
  for (const resource of [warehouseAudience, postgresAudience]) url.searchParams.append('resource', resource);
  return { callback: await signInByHttp(idp, url, wish.user ?? 'alice', wish.cookies), verifier, nonce };
}

async function signIn(
  parts: { idp: LabIdentityProvider; client: oauth.Configuration },
  wish: SignInWish = {},
): Promise<oauth.TokenEndpointResponse & oauth.TokenEndpointResponseHelpers> {
  const { callback, verifier, nonce } = await authorize(parts, wish);
  return oauth.authorizationCodeGrant(
    parts.client,
    callback,
    { pkceCodeVerifier: verifier, expectedNonce: nonce },
    { resource: warehouseAudience },
  );
}

function refreshTokenOf(tokens: oauth.TokenEndpointResponse): string {
  assert.ok(tokens.refresh_token !== undefined);
  return tokens.refresh_token;
}

/** What a refresh with this token is told, as OAuth error code or HTTP status. */
async function refusal(client: oauth.Configuration, refreshToken: string): Promise<string | number> {
  try {
    await oauth.refreshTokenGrant(client, refreshToken, { resource: warehouseAudience });
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return error.error;
    if (error instanceof oauth.ClientError && error.cause instanceof Response) return error.cause.status;
    return error instanceof Error ? error.name : 'unknown';
  }
  return 'accepted';
}

test('A user signs in once and gets a JWT access token for each audience', async (t) => {
  const parts = await lab(t);
  const tokens = await signIn(parts);
  const second = await oauth.refreshTokenGrant(parts.client, refreshTokenOf(tokens), { resource: postgresAudience });
  const keys = createRemoteJWKSet(new URL(parts.idp.jwksUri));
  const verified = await Promise.all(
    [tokens, second].map(async ({ access_token }, index) => {
      const audience = index === 0 ? warehouseAudience : postgresAudience;
      const { payload, protectedHeader } = await jwtVerify(access_token, keys, { issuer: parts.idp.issuer, audience });
      const { sub, aud, scp, preferred_username, email } = payload;
      return { alg: protectedHeader.alg, sub, aud, scp, preferred_username, email };
    }),
  );
  const person = { alg: 'RS256', sub: 'alice', preferred_username: 'alice', email: 'alice@lab.example' };
  assert.deepEqual(verified, [
    { ...person, aud: warehouseAudience, scp: ['session:role:ANALYST'] },
    { ...person, aud: postgresAudience, scp: [] },
  ]);
  const claims = tokens.claims();
  assert.deepEqual(
    { name: claims?.['name'], email: claims?.['email'], preferred_username: claims?.['preferred_username'] },
    { name: 'Alice Archer', email: 'alice@lab.example', preferred_username: 'alice' },
  );
});

test('The log of requests names the resource of every token request and holds none of the issued secrets', async (t) => {
  const parts = await lab(t);
  const tokens = await signIn(parts);
  await oauth.refreshTokenGrant(parts.client, refreshTokenOf(tokens), { resource: postgresAudience });
  assert.deepEqual(
    parts.idp.requests.filter(({ path }) => path === '/token'),
    [
      {
        method: 'POST',
        path: '/token',
        clientId: 'data-passport',
        grantType: 'authorization_code',
        resource: warehouseAudience,
        status: 200,
      },
      {
        method: 'POST',
        path: '/token',
        clientId: 'data-passport',
        grantType: 'refresh_token',
        resource: postgresAudience,
        status: 200,
      },
    ],
  );
  const log = JSON.stringify(parts.idp.requests);
  assert.deepEqual(
    parts.idp.issued.filter(({ value }) => log.includes(value)),
    [],
  );
  // Two ID tokens of the same second are the same string, so these are not counted.
  assert.deepEqual(
    parts.idp.issued.map(({ kind }) => kind).filter((kind) => kind !== 'idToken'),
    ['code', 'accessToken', 'refreshToken', 'accessToken', 'refreshToken'],
  );
  assert.ok(parts.idp.issued.some(({ kind }) => kind === 'idToken'));
});

test('A refresh token that is used twice ends the whole sign-in', async (t) => {
  const parts = await lab(t);
  const first = refreshTokenOf(await signIn(parts));
  const second = refreshTokenOf(await oauth.refreshTokenGrant(parts.client, first, { resource: warehouseAudience }));
  assert.notEqual(second, first);
  assert.deepEqual(
    [await refusal(parts.client, first), await refusal(parts.client, second)],
    ['invalid_grant', 'invalid_grant'],
  );
});

test('A provider without rotation leaves refresh token and ID token out of a refresh', async (t) => {
  const parts = await lab(t, { rotate: false, omitIdTokenOnRefresh: true });
  const first = refreshTokenOf(await signIn(parts));
  const answer = await oauth.refreshTokenGrant(parts.client, first, { resource: warehouseAudience });
  assert.deepEqual(
    { id: answer.id_token, refresh: answer.refresh_token, again: await refusal(parts.client, first) },
    { id: undefined, refresh: undefined, again: 'accepted' },
  );
});

test('Revoking the refresh tokens of one user leaves the other signed in', async (t) => {
  const parts = await lab(t);
  const ofAlice = refreshTokenOf(await signIn(parts, { user: 'alice' }));
  const ofBob = refreshTokenOf(await signIn(parts, { user: 'bob' }));
  parts.idp.revokeRefreshTokens('alice');
  assert.deepEqual(
    { alice: await refusal(parts.client, ofAlice), bob: await refusal(parts.client, ofBob) },
    { alice: 'invalid_grant', bob: 'accepted' },
  );
});

test('Another user can sign in where the browser still knows the first', async (t) => {
  const parts = await lab(t);
  const cookies = new Map<string, string>();
  const users = [];
  for (const user of ['alice', 'bob', 'bob'] as const) {
    users.push(decodeJwt((await signIn(parts, { user, cookies })).access_token)['preferred_username']);
  }
  assert.deepEqual(users, ['alice', 'bob', 'bob']);
});

test('A revoked refresh token and one from before a restart are refused', async (t) => {
  const parts = await lab(t);
  const revoked = refreshTokenOf(await signIn(parts));
  await oauth.tokenRevocation(parts.client, revoked);
  const forgotten = refreshTokenOf(await signIn(parts));
  parts.idp.restart();
  assert.deepEqual(
    { revoked: await refusal(parts.client, revoked), forgotten: await refusal(parts.client, forgotten) },
    { revoked: 'invalid_grant', forgotten: 'invalid_grant' },
  );
});

test('The token endpoint fails in every way that it is told to, and recovers', async (t) => {
  const parts = await lab(t, { rotate: false });
  const token = refreshTokenOf(await signIn(parts));
  const outcomes: Record<string, string | number> = {};
  for (const kind of ['emptyBody', 'invalidGrant', 'unavailable', 'html', 'hangUp'] as const) {
    parts.idp.refuse(kind);
    outcomes[kind] = await refusal(parts.client, token);
  }
  parts.idp.recover();
  outcomes['recovered'] = await refusal(parts.client, token);
  assert.deepEqual(outcomes, {
    emptyBody: 400,
    invalidGrant: 'invalid_grant',
    unavailable: 503,
    html: 200,
    hangUp: 'TypeError',
    recovered: 'accepted',
  });
  const refreshes = parts.idp.requests.filter(({ grantType }) => grantType === 'refresh_token');
  assert.deepEqual(
    refreshes.map(({ status }) => status),
    [400, 400, 503, 200, undefined, 200],
  );
});

test('After a change of keys old tokens verify until the old key is withdrawn', async (t) => {
  const { idp } = await lab(t);
  const old = await idp.mintAccessToken();
  const verifies = async (token: string): Promise<boolean> =>
    jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri))).then(
      () => true,
      () => false,
    );
  await idp.rotateKeys();
  const fresh = await idp.mintAccessToken();
  const rotated = { old: await verifies(old), fresh: await verifies(fresh) };
  await idp.rotateKeys({ withdrawOld: true });
  assert.deepEqual(
    { rotated, withdrawn: { old: await verifies(old), fresh: await verifies(fresh) } },
    { rotated: { old: true, fresh: true }, withdrawn: { old: false, fresh: false } },
  );
});

test('A sign-in after a change of keys is signed with the new key', async (t) => {
  const parts = await lab(t);
  await parts.idp.rotateKeys({ withdrawOld: true });
  const { access_token } = await signIn(parts, { user: 'bob' });
  const { payload } = await jwtVerify(access_token, createRemoteJWKSet(new URL(parts.idp.jwksUri)));
  assert.equal(payload['preferred_username'], 'bob');
});

test('A minted token is right in everything but what was wished', async (t) => {
  const { idp } = await lab(t);
  const keys = createRemoteJWKSet(new URL(idp.jwksUri));
  const verdict = async (token: string): Promise<string> =>
    jwtVerify(token, keys, { issuer: idp.issuer, audience: warehouseAudience }).then(
      () => 'good',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'),
    );
  assert.deepEqual(
    {
      plain: await verdict(await idp.mintAccessToken()),
      expired: await verdict(await idp.mintAccessToken({ expiresInSeconds: -60 })),
      elsewhere: await verdict(await idp.mintAccessToken({ audience: postgresAudience })),
      stranger: await verdict(await idp.mintAccessToken({ signedBy: 'stranger' })),
    },
    {
      plain: 'good',
      expired: 'ERR_JWT_EXPIRED',
      elsewhere: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      stranger: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    },
  );
});

test('The callback names the issuer (RFC 9207) and any loopback port and host is a good redirect', async (t) => {
  const parts = await lab(t);
  const callbacks = [];
  for (const host of ['127.0.0.1:50001', '[::1]:50002', 'localhost:50003']) {
    const { callback } = await authorize(parts, { redirectUri: `http://${host}/callback` });
    callbacks.push({ host: callback.host, path: callback.pathname, issuer: callback.searchParams.get('iss') });
  }
  const { issuer } = parts.idp;
  assert.deepEqual(callbacks, [
    { host: '127.0.0.1:50001', path: '/callback', issuer },
    { host: '[::1]:50002', path: '/callback', issuer },
    { host: 'localhost:50003', path: '/callback', issuer },
  ]);
});

test('With fixed redirect URIs another port ends on an error page and nothing comes back', async (t) => {
  const parts = await lab(t, { fixedRedirectUris: [redirectUri] });
  const { callback } = await authorize(parts);
  assert.equal(callback.origin + callback.pathname, redirectUri);
  await assert.rejects(authorize(parts, { redirectUri: 'http://127.0.0.1:50001/callback' }), /Sign-in failed/u);
});

test('Without PKCE no code is issued', async (t) => {
  const parts = await lab(t);
  const url = oauth.buildAuthorizationUrl(parts.client, { redirect_uri: redirectUri, scope: 'openid' });
  const callback = await signInByHttp(parts.idp, url, 'alice');
  assert.deepEqual(
    { error: callback.searchParams.get('error'), code: callback.searchParams.get('code') },
    { error: 'invalid_request', code: null },
  );
});

test('A device is connected by its code', async (t) => {
  const parts = await lab(t);
  const pending = await oauth.initiateDeviceAuthorization(parts.client, { scope, resource: warehouseAudience });
  assert.ok(pending.verification_uri_complete !== undefined);
  await confirmDeviceByHttp(parts.idp, pending.verification_uri_complete, 'bob');
  const tokens = await oauth.pollDeviceAuthorizationGrant(
    parts.client,
    { ...pending, interval: 0 },
    { resource: warehouseAudience },
  );
  const { preferred_username, aud, scp } = decodeJwt(tokens.access_token);
  assert.deepEqual(
    { preferred_username, aud, scp, refreshable: tokens.refresh_token !== undefined },
    { preferred_username: 'bob', aud: warehouseAudience, scp: ['session:role:ANALYST'], refreshable: true },
  );
});

test('No page names its own address, so that it works behind a proxy under any path', async (t) => {
  const { idp, client } = await lab(t);
  const verifier = oauth.randomPKCECodeVerifier();
  const authorizeUrl = oauth.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const first = await fetch(authorizeUrl, { redirect: 'manual' });
  const location = first.headers.get('location') ?? '';
  const cookie = first.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const pages = [await (await fetch(new URL(location, authorizeUrl), { headers: { cookie } })).text()];
  for (const path of ['/device', '/session/end']) pages.push(await (await fetch(`${idp.issuer}${path}`)).text());
  assert.deepEqual(
    {
      location: location.replace(/[^/]+$/u, 'uid'),
      absolute: pages.filter((page) => /(?:action|href|src)="(?:\/|http)/u.test(page)),
    },
    { location: './interaction/uid', absolute: [] },
  );
});

/** What one kind of provider is asked for a token of this audience. */
function wish(personality: Personality, audience: string, scopes: string): Record<string, string> {
  const { audienceParameter: by = 'resource' } = personality.settings;
  return by === 'scope' ? { scope: `openid ${scopes}` } : { [by]: audience };
}

interface Visit {
  readonly parts: Awaited<ReturnType<typeof lab>>;
  readonly personality: Personality;
  readonly callback: URL;
  readonly tokens: oauth.TokenEndpointResponse & oauth.TokenEndpointResponseHelpers;
}

/** Signs alice in at a provider of this kind, with what its `settings` say. */
async function visit(t: TestContext, personality: Personality): Promise<Visit> {
  const parts = await lab(t, personality.options);
  const { audienceParameter: by = 'resource', redirectPorts: [port = 50_001] = [] } = personality.settings;
  const [verifier, nonce] = [oauth.randomPKCECodeVerifier(), oauth.randomNonce()];
  const url = oauth.buildAuthorizationUrl(parts.client, {
    redirect_uri: `http://127.0.0.1:${port}/callback`,
    scope: `${scope} connect`,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    prompt: 'consent',
  });
  const audiences = by === 'resource' ? [warehouseAudience, postgresAudience] : [warehouseAudience];
  if (by !== 'scope') for (const audience of audiences) url.searchParams.append(by, audience);
  const callback = await signInByHttp(parts.idp, url, 'alice');
  const exchange = by === 'scope' ? {} : { [by]: warehouseAudience };
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce };
  const tokens = await oauth.authorizationCodeGrant(parts.client, callback, checks, exchange);
  return { parts, personality, callback, tokens };
}

/** `aud` of an access token, whether it says it itself or not. */
function audienceOf(idp: LabIdentityProvider, token: string): unknown {
  return (token.split('.').length === 3 ? decodeJwt(token).aud : idp.describeAccessToken(token)?.audience) ?? 'none';
}

async function revocation({ parts, tokens }: Visit): Promise<string> {
  if (parts.client.serverMetadata().revocation_endpoint === undefined) {
    const { status } = await fetch(parts.idp.jwksUri.replace('/jwks', '/token/revocation'), { method: 'POST' });
    return status === 404 ? 'no' : String(status);
  }
  return oauth.tokenRevocation(parts.client, refreshTokenOf(tokens)).then(
    () => 'yes',
    (error: unknown) => (error instanceof oauth.ResponseBodyError && error.status === 401 ? 'refused' : 'failed'),
  );
}

describe('personalities', () => {
  for (const [name, personality] of allPersonalities) {
    test(`${name}: a provider that ${personality.title}`, async (t) => {
      const visited = await visit(t, personality);
      const { parts, callback, tokens } = visited;
      const second = await oauth.refreshTokenGrant(
        parts.client,
        refreshTokenOf(tokens),
        wish(personality, postgresAudience, 'connect'),
      );
      const latest = second.refresh_token ?? refreshTokenOf(tokens);
      const third = await oauth.refreshTokenGrant(
        parts.client,
        latest,
        wish(personality, warehouseAudience, 'session:role:ANALYST'),
      );
      const newest = { ...tokens, refresh_token: third.refresh_token ?? latest };
      assert.deepEqual(
        {
          audiences: [tokens, second, third].map(({ access_token }) => audienceOf(parts.idp, access_token)),
          rotates: second.refresh_token !== undefined,
          idTokenOnRefresh: second.id_token !== undefined,
          namesIssuer: callback.searchParams.get('iss') === parts.idp.issuer,
          accessToken: tokens.access_token.split('.').length === 3 ? 'jwt' : 'opaque',
          revokes: await revocation({ ...visited, tokens: newest as Visit['tokens'] }),
        },
        { audiences: [warehouseAudience, postgresAudience, warehouseAudience], ...personality.expects },
      );
    });
  }

  test('The two that are unclear about a dead refresh token say nothing, or invalid_request', async (t) => {
    const said = async (personality: Personality): Promise<unknown> => {
      const { client } = await lab(t, personality.options);
      return refusal(client, 'a refresh token that never was');
    };
    assert.deepEqual(
      [
        await said(personalities.byTheBook),
        await said(personalities.emptyBodyErrors),
        await said(personalities.invalidRequestErrors),
      ],
      ['invalid_grant', 400, 'invalid_request'],
    );
  });

  test('An empty refusal has neither a body nor a type', async (t) => {
    const { idp } = await lab(t, personalities.emptyBodyErrors.options);
    const answer = await fetch(`${idp.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: idp.clientId, grant_type: 'refresh_token', refresh_token: 'dead' }),
    });
    assert.deepEqual(
      { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() },
      { status: 400, type: null, body: '' },
    );
  });

  test('The metadata that keeps quiet lists plain and neither none nor refresh_token', async (t) => {
    const { client } = await lab(t, personalities.noNoneAuthMethod.options);
    const {
      token_endpoint_auth_methods_supported: methods,
      grant_types_supported: grants,
      code_challenge_methods_supported: challenges,
    } = client.serverMetadata();
    assert.deepEqual(
      { methods, grants, challenges },
      {
        methods: ['client_secret_basic', 'client_secret_post'],
        grants: ['authorization_code'],
        challenges: ['plain', 'S256'],
      },
    );
  });

  test('Every address of the metadata has the double slash', async (t) => {
    const { idp, client } = await lab(t, personalities.doubleSlashUrls.options);
    const { issuer, authorization_response_iss_parameter_supported: says, ...metadata } = client.serverMetadata();
    const addresses = Object.entries(metadata).flatMap(([name, value]) =>
      /_(?:endpoint|uri)$/u.test(name) && typeof value === 'string' ? [value] : [],
    );
    assert.ok(addresses.length >= 6);
    assert.deepEqual(
      { issuer, says, single: addresses.filter((value) => !value.startsWith(`${idp.issuer}//`)) },
      { issuer: idp.issuer, says: undefined, single: [] },
    );
  });

  test('Where scopes choose the audience, a resource is refused at sign-in and on refresh', async (t) => {
    const { parts, tokens } = await visit(t, personalities.opaqueAccessTokens);
    const { callback } = await authorize(parts);
    assert.deepEqual(
      [
        callback.searchParams.get('error'),
        await refusal(parts.client, refreshTokenOf(tokens)),
        parts.idp.describeAccessToken(tokens.access_token),
      ],
      [
        'invalid_target',
        'invalid_target',
        { user: 'alice', audience: warehouseAudience, scopes: ['session:role:ANALYST'] },
      ],
    );
  });

  test('Where audience is a parameter, an unknown one silently becomes the default, and rotation can be switched on', async (t) => {
    const { parts, tokens } = await visit(t, personalities.audienceParameter);
    const { client, idp } = parts;
    const token = refreshTokenOf(tokens);
    const unknown = await oauth.refreshTokenGrant(client, token, { audience: 'https://unknown.example' });
    idp.setRotation(true);
    const rotated = await oauth.refreshTokenGrant(client, token, { resource: postgresAudience });
    const asked = idp.requests.findLast(({ audience }) => audience !== undefined);
    assert.deepEqual(
      {
        issuer: idp.issuer.endsWith('/'),
        unknown: audienceOf(idp, unknown.access_token),
        byResource: audienceOf(idp, rotated.access_token),
        rotates: [unknown.refresh_token !== undefined, rotated.refresh_token !== undefined],
        asked: asked?.audience,
        reuse: await refusal(client, token),
      },
      {
        issuer: true,
        unknown: defaultAudience,
        byResource: defaultAudience,
        rotates: [false, true],
        asked: 'https://unknown.example',
        reuse: 'invalid_grant',
      },
    );
  });

  test('The consent page comes after the login page and wants one more click', async (t) => {
    const { idp, client } = await lab(t, personalities.slowConsent.options);
    const { callback } = await authorize({ idp, client });
    const pages = idp.requests.filter(({ path }) => path.startsWith('/interaction/'));
    assert.deepEqual(
      { code: callback.searchParams.has('code'), methods: pages.map(({ method }) => method) },
      { code: true, methods: ['GET', 'POST', 'POST'] },
    );
  });
});

describe('more ways in which providers differ', () => {
  test('Redirect prefixes let every address pass that starts so, and no other', async (t) => {
    const parts = await lab(t, { redirectPrefixes: ['http://127.0.0.1:', 'vscode://data-passport.'] });
    const uri = 'vscode://data-passport.data-passport/callback?windowId=1';
    const { callback } = await authorize(parts, { redirectUri: uri });
    assert.ok(callback.href.startsWith(uri) && callback.searchParams.has('code'), callback.href);
    await assert.rejects(authorize(parts, { redirectUri: 'http://localhost:50001/callback' }), /Sign-in failed/u);
  });

  test('A confidential client is heard with its secret in the body only', async (t) => {
    const idp = await startIdentityProvider({ clientSecret: 'a secret of the client', revocation: 'confidential' });
    t.after(() => idp.close());
    const as = async (authentication: oauth.ClientAuth): Promise<string> => {
      const client = await oauth.discovery(new URL(idp.issuer), idp.clientId, undefined, authentication, {
        execute: [oauth.allowInsecureRequests],
      });
      try {
        const tokens = await signIn({ idp, client });
        await oauth.tokenRevocation(client, refreshTokenOf(tokens));
        return 'signed in and revoked';
      } catch (error) {
        return error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError
          ? String(error.status)
          : 'failed';
      }
    };
    assert.deepEqual(
      [
        await as(oauth.ClientSecretPost('a secret of the client')),
        await as(oauth.ClientSecretPost('another')),
        await as(oauth.None()),
        await as(oauth.ClientSecretBasic('a secret of the client')),
      ],
      ['signed in and revoked', '401', '401', '401'],
    );
  });

  test('Within the grace a spent refresh token is good once more, and the sign-in lives', async (t) => {
    const parts = await lab(t, { reuseGraceMilliseconds: 60_000 });
    const first = refreshTokenOf(await signIn(parts));
    const second = refreshTokenOf(await oauth.refreshTokenGrant(parts.client, first, { resource: warehouseAudience }));
    assert.deepEqual(
      [await refusal(parts.client, first), await refusal(parts.client, second)],
      ['accepted', 'accepted'],
    );
  });

  test('The clock can be ahead: in the Date header and in every token', async (t) => {
    const parts = await lab(t);
    parts.idp.shiftClock(10);
    const { callback, verifier } = await authorize(parts);
    const answer = await fetch(`${parts.idp.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: parts.idp.clientId,
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
        resource: warehouseAudience,
      }),
    });
    const { id_token, access_token } = (await answer.json()) as { id_token: string; access_token: string };
    const keys = createRemoteJWKSet(new URL(parts.idp.jwksUri));
    const currentDate = new Date(Date.now() + 600_000);
    const ahead = (seconds: number | undefined): number => Math.round(((seconds ?? 0) - Date.now() / 1000) / 60) || 0;
    const minutes = [ahead(Date.parse(answer.headers.get('date') ?? '') / 1000)];
    for (const token of [id_token, access_token, await parts.idp.mintAccessToken()]) {
      const { payload } = await jwtVerify(token, keys, { currentDate });
      minutes.push(ahead(payload.iat));
    }
    parts.idp.recover();
    const { headers } = await fetch(parts.idp.jwksUri);
    minutes.push(ahead(Date.parse(headers.get('date') ?? '') / 1000));
    assert.deepEqual(minutes, [10, 10, 10, 10, 0]);
  });

  test('Metadata can lie until it recovers', async (t) => {
    const { idp } = await lab(t);
    const metadata = async (): Promise<unknown> => {
      const body = await (await fetch(`${idp.issuer}/.well-known/openid-configuration`)).json();
      const { issuer, jwks_uri } = body as Record<string, unknown>;
      return { issuer, jwks_uri };
    };
    idp.amendMetadata({ issuer: `${idp.issuer}/`, jwks_uri: undefined });
    const amended = await metadata();
    idp.recover();
    assert.deepEqual(
      [amended, await metadata()],
      [
        { issuer: `${idp.issuer}/`, jwks_uri: undefined },
        { issuer: idp.issuer, jwks_uri: idp.jwksUri },
      ],
    );
  });

  test('Each endpoint can fail alone, with a status, a page, a redirect or a time to come back', async (t) => {
    const { idp } = await lab(t);
    const until = new Date('2030-01-02T03:04:05Z');
    idp.refuse('html', { at: 'discovery' });
    idp.refuse('redirect', { at: 'jwks', to: 'http://127.0.0.1:1/elsewhere', status: 307 });
    idp.refuse('serverError', { at: 'userInfo' });
    idp.refuse('tooManyRequests', { retryAfter: 7 });
    idp.refuse('tooManyRequests', { at: 'revocation', retryAfter: until });
    idp.refuse('invalidRequest', { at: 'deviceAuthorization' });
    const answers: Record<string, unknown> = {};
    for (const path of ['.well-known/openid-configuration', 'jwks', 'me', 'token', 'token/revocation', 'device/auth']) {
      const method = /token|device/u.test(path) ? 'POST' : 'GET';
      const { status, headers, ...answer } = await fetch(`${idp.issuer}/${path}`, { method, redirect: 'manual' }).then(
        async (each) => ({ status: each.status, headers: each.headers, text: await each.text() }),
      );
      const more = headers.get('location') ?? headers.get('retry-after') ?? headers.get('content-type');
      answers[path] = [status, more, answer.text.slice(0, 26)];
    }
    assert.deepEqual(answers, {
      '.well-known/openid-configuration': [200, 'text/html', '<!doctype html><title>Welc'],
      jwks: [307, 'http://127.0.0.1:1/elsewhere', ''],
      me: [500, 'text/plain', 'Internal Server Error'],
      token: [429, '7', 'Too Many Requests'],
      'token/revocation': [429, 'Wed, 02 Jan 2030 03:04:05 GMT', 'Too Many Requests'],
      'device/auth': [400, 'application/json', '{"error":"invalid_request"'],
    });
    idp.recover();
    assert.equal((await fetch(idp.jwksUri)).status, 200);
  });

  test('An answer can be lost after the refresh was carried out, so that the old token counts as used', async (t) => {
    const parts = await lab(t);
    const first = refreshTokenOf(await signIn(parts));
    parts.idp.refuse('loseAnswer');
    const lost = await refusal(parts.client, first);
    parts.idp.recover();
    assert.deepEqual([lost, await refusal(parts.client, first)], ['TypeError', 'invalid_grant']);
  });

  test('An answer can begin and never end', async (t) => {
    const { idp } = await lab(t);
    idp.refuse('hang');
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = request(`${idp.issuer}/token`, { method: 'POST' }, (answer) =>
      answer.once('data', (data) => resolve(String(data))),
    );
    asked.on('error', () => undefined).end();
    assert.equal(await promise, '{"');
    asked.destroy();
  });

  for (const dropAbandoned of [false, true]) {
    test(`A stalled request whose client has gone is ${dropAbandoned ? 'dropped when told so' : 'carried out'}`, async (t) => {
      const parts = await lab(t);
      const { idp, client } = parts;
      const first = refreshTokenOf(await signIn(parts));
      const issued = idp.issued.length;
      idp.stall(200, { dropAbandoned });
      const abandoned = fetch(`${idp.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          client_id: idp.clientId,
          grant_type: 'refresh_token',
          refresh_token: first,
          resource: warehouseAudience,
        }),
        signal: AbortSignal.timeout(80),
      });
      await assert.rejects(abandoned);
      await new Promise((resolve) => setTimeout(resolve, 350));
      idp.recover();
      assert.deepEqual(
        { carriedOut: idp.issued.length > issued, again: await refusal(client, first) },
        dropAbandoned ? { carriedOut: false, again: 'accepted' } : { carriedOut: true, again: 'invalid_grant' },
      );
    });
  }
});
