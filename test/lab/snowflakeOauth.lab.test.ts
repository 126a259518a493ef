import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';

import type { LabUserName } from './sampleData.ts';
import {
  integrationClientId,
  type LabSnowflakeOAuth,
  type SnowflakeOAuthOptions,
  startSnowflakeOAuth,
} from './snowflake/oauth.ts';

/** What an account's own OAuth refuses: a client that only works with somebody more lenient must not pass here. */

const redirectUri = 'http://127.0.0.1:8123/callback';
const verifier = 'a-verifier-of-more-than-forty-three-characters-as-it-has-to-be';
const localClient = { client_id: 'LOCAL_APPLICATION', client_secret: 'LOCAL_APPLICATION' };

interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly username?: string;
}

async function started(context: TestContext, options: SnowflakeOAuthOptions = {}): Promise<LabSnowflakeOAuth> {
  const oauth = await startSnowflakeOAuth(options);
  context.after(() => oauth.close());
  return oauth;
}

function authorizeUrl({ url }: LabSnowflakeOAuth, more: Readonly<Record<string, string>> = {}): URL {
  const address = new URL('/oauth/authorize', url);
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: localClient.client_id,
    redirect_uri: redirectUri,
    scope: 'session:role:ANALYST refresh_token',
    state: 'the-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  }).toString();
  return address;
}

async function ask(
  { url }: LabSnowflakeOAuth,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(new URL('/oauth/token-request', url), {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}

async function codeFor(oauth: LabSnowflakeOAuth, user: LabUserName, more = {}): Promise<Record<string, string>> {
  const redirect = await oauth.logIn(authorizeUrl(oauth, more), user);
  return {
    grant_type: 'authorization_code',
    code: redirect.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  };
}

const refresh = (oauth: LabSnowflakeOAuth, { refresh_token: token = '' }: Answer): Promise<Answer> =>
  ask(oauth, { grant_type: 'refresh_token', refresh_token: token, ...localClient });

const told = ({ status, error }: Answer): unknown => [status, error];

test('client id and secret count in the form, and HTTP Basic with them is an invalid client', async (context) => {
  const oauth = await started(context);
  const code = await codeFor(oauth, 'alice');
  const basic = `Basic ${Buffer.from('LOCAL_APPLICATION:LOCAL_APPLICATION').toString('base64')}`;
  assert.deepEqual(told(await ask(oauth, code, { authorization: basic })), [400, 'invalid_client']);
  assert.deepEqual(told(await ask(oauth, { ...code, ...localClient }, { authorization: basic })), [
    400,
    'invalid_client',
  ]);
  assert.deepEqual(told(await ask(oauth, { ...code, client_id: 'LOCAL_APPLICATION' })), [400, 'invalid_client']);
  const { status, username } = await ask(oauth, { ...code, ...localClient });
  assert.deepEqual([status, username], [200, 'ALICE']);
});

test('a public integration wants no secret, a confidential one its own', async (context) => {
  const client = { client_id: integrationClientId };
  const open = await started(context, { integration: 'public' });
  assert.equal((await ask(open, { ...(await codeFor(open, 'alice', client)), ...client })).status, 200);
  const closed = await started(context, { integration: 'confidential', clientSecret: 'a/secret+of=it' });
  const code = await codeFor(closed, 'alice', client);
  assert.deepEqual(told(await ask(closed, { ...code, ...client })), [400, 'invalid_client']);
  assert.equal((await ask(closed, { ...code, ...client, client_secret: 'a/secret+of=it' })).status, 200);
});

test('a code is good once, with the verifier and the redirect that it was asked for with', async (context) => {
  const oauth = await started(context);
  for (const wrong of [{ code_verifier: `${verifier}x` }, { code_verifier: '' }, { redirect_uri: `${redirectUri}/` }]) {
    const code = { ...(await codeFor(oauth, 'alice')), ...localClient };
    assert.deepEqual(told(await ask(oauth, { ...code, ...wrong })), [400, 'invalid_grant']);
    assert.deepEqual(told(await ask(oauth, code)), [400, 'invalid_grant']);
  }
});

for (const [who, options, wish] of [
  ['the account demands it', { singleUse: true }, {}],
  ['the client asked for it at first', {}, { enable_single_use_refresh_tokens: 'true' }],
] as const) {
  test(`a refresh token is good once where ${who}, and the second use ends the whole grant and no other`, async (context) => {
    const oauth = await started(context, options);
    const signIn = async (user: LabUserName): Promise<Answer> =>
      ask(oauth, { ...(await codeFor(oauth, user)), ...localClient, ...wish });
    const alives = ({ access_token: token = '' }: Answer): string | undefined => oauth.check(token)?.user.name;
    const [first, other] = [await signIn('alice'), await signIn('bob')];
    const second = await refresh(oauth, first);
    // The access token of before is dead as well.
    assert.deepEqual([alives(first), alives(second)], [undefined, 'alice']);
    const third = await refresh(oauth, second);
    assert.equal(alives(third), 'alice');

    assert.deepEqual(told(await refresh(oauth, first)), [400, 'invalid_grant']);
    assert.equal(alives(third), undefined);
    assert.deepEqual(told(await refresh(oauth, third)), [400, 'invalid_grant']);
    assert.equal(alives(other), 'bob');
    assert.equal((await refresh(oauth, other)).status, 200);
  });
}

test('a refresh token lasts where nobody asks for single use, and no other takes its place', async (context) => {
  const oauth = await started(context);
  const first = await ask(oauth, { ...(await codeFor(oauth, 'alice')), ...localClient });
  for (let round = 0; round < 2; round += 1) {
    const { status, refresh_token: next, access_token: token = '' } = await refresh(oauth, first);
    assert.deepEqual([status, next, oauth.check(token)?.role], [200, undefined, 'ANALYST']);
  }
});

test('there is no refresh token without the scope for it', async (context) => {
  const oauth = await started(context);
  const code = await codeFor(oauth, 'alice', { scope: 'session:role:ANALYST' });
  const { status, refresh_token: token } = await ask(oauth, { ...code, ...localClient });
  assert.deepEqual([status, token], [200, undefined]);
});

test('a role that the user was not granted comes back as an error, with the state and without a code', async (context) => {
  const oauth = await started(context);
  const wish = authorizeUrl(oauth, { scope: 'session:role:MANAGER refresh_token' });
  const { origin, searchParams } = await oauth.logIn(wish, 'bob');
  assert.equal(origin, new URL(redirectUri).origin);
  assert.deepEqual(Object.fromEntries(searchParams), { state: 'the-state', error: 'invalid_scope' });
  assert.ok((await oauth.logIn(wish, 'alice')).searchParams.has('code'));
});

for (const [what, more] of [
  ['localhost in place of 127.0.0.1', { redirect_uri: 'http://localhost:8123/callback' }],
  ['a redirect over https', { redirect_uri: 'https://127.0.0.1:8123/callback' }],
  ['a client that nobody registered', { client_id: 'another' }],
  ['a challenge in plain text', { code_challenge_method: 'plain' }],
  ['a scope of OpenID Connect', { scope: 'openid refresh_token' }],
] as const) {
  test(`${what} leads to an error page, not back to the client`, async (context) => {
    const oauth = await started(context);
    await assert.rejects(oauth.logIn(authorizeUrl(oauth, more), 'alice'), /Snowflake shows its error page/);
  });
}

test('an access token ends, and says until then whose it is and in what role', async (context) => {
  const oauth = await started(context);
  oauth.setAccessTokenSeconds(0);
  const over = await ask(oauth, { ...(await codeFor(oauth, 'bob')), ...localClient });
  oauth.setAccessTokenSeconds(600);
  const good = await ask(oauth, { ...(await codeFor(oauth, 'bob')), ...localClient });
  assert.deepEqual(
    [over, good].map(({ access_token: token = '' }) => {
      const { user, role, expired } = oauth.check(token) ?? {};
      return [user?.name, role, expired];
    }),
    [
      ['bob', 'ANALYST', true],
      ['bob', 'ANALYST', false],
    ],
  );
  assert.equal(oauth.check('another'), undefined);
});
