import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oauth from 'openid-client';

import {
  confirmDeviceByHttp,
  postgresAudience,
  signInByHttp,
  startIdentityProvider,
  warehouseAudience,
  type IdentityProviderOptions,
  type LabIdentityProvider,
} from './identityProvider.ts';
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
