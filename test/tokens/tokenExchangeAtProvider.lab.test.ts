import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { ANY } from '../../src/core/credentialCache.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import type { SignIn } from '../../src/core/signIn.ts';
import { tokenExchange } from '../../src/tokens/tokenExchange.ts';
import { openWindow, signInAs, type Window, type WindowOptions } from '../identity/window.ts';
import {
  type LabIdentityProvider,
  postgresAudience,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { ExchangeLevers } from '../lab/identityProvider/tokenExchange.ts';
import { memorySecrets } from '../support/memorySecrets.ts';
import { mintedSignIn, path, type RunningSource, startSource } from './harness.ts';
import { claimsIn, saidBy, tokenIn } from './outcome.ts';

let idp: LabIdentityProvider;
const levers: ExchangeLevers = {};
before(async () => {
  idp = await startIdentityProvider({ tokenExchange: levers });
});
after(() => idp.close());

const start = (settings: object, signIn: SignIn): RunningSource =>
  startSource(tokenExchange, { name: 'tokenExchange', settings, signIn });

describe('a token exchanged at the identity provider', () => {
  afterEach(() => {
    idp.recover();
    for (const name of Object.keys(levers)) Reflect.deleteProperty(levers, name);
  });

  /** A sign-in without a browser whose token endpoint is the provider's real one. */
  const byForm = (given = mintedSignIn(idp)): SignIn => ({
    ...given,
    tokenEndpoint(form, signal) {
      const body = new URLSearchParams([...form, ['client_id', idp.clientId]]);
      return fetch(`${idp.issuer}/token`, { method: 'POST', body, redirect: 'manual', ...(signal && { signal }) });
    },
  });
  const settings = { audience: postgresAudience, scopes: ['connect'] };
  const refused = (params: object) => ({
    code: 'DP-EXCHANGE-REFUSED',
    params: { service: 'lab', connection: 'sales', audience: postgresAudience, scopes: 'connect', path, ...params },
  });

  test('is for the audience that was asked for', async () => {
    const source = start(settings, byForm());
    const credential = await source.get();
    const { iss, sub, aud, scope } = claimsIn(tokenIn(credential));
    const { kind, subject, audience, expiresAt } = credential;
    assert.deepEqual(
      [
        { iss, sub, aud, scope },
        { kind, subject, audience, ends: expiresAt !== undefined },
        idp.requests.at(-1),
        // Nothing went past the sign-in.
        source.asked,
      ],
      [
        { iss: idp.issuer, sub: 'alice', aud: postgresAudience, scope: 'connect' },
        { kind: 'bearer', subject: 'alice', audience: postgresAudience, ends: true },
        {
          method: 'POST',
          path: '/token',
          status: 200,
          clientId: idp.clientId,
          grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
          scope: 'connect',
          audience: postgresAudience,
        },
        [],
      ],
    );
  });

  test('is refused in the words of OAuth, after one request', async () => {
    const outcomes = [];
    for (const own of [{ audience: 'https://unknown.example' }, { scopes: ['admin'] }]) {
      const source = start({ ...settings, ...own }, byForm());
      const before = idp.requests.length;
      outcomes.push(saidBy(await source.fails(), source.known), idp.requests.length - before);
    }
    levers.refusal = 'invalid_grant';
    const source = start(settings, byForm());
    outcomes.push(saidBy(await source.fails(), source.known));
    assert.deepEqual(outcomes, [
      refused({ error: 'invalid_target', audience: 'https://unknown.example' }),
      1,
      refused({ error: 'invalid_scope', scopes: 'admin' }),
      1,
      refused({ error: 'invalid_grant' }),
    ]);
  });

  test('is refused for a token that the provider did not sign', async () => {
    const given = mintedSignIn(idp);
    const forged = async () => ({ id: 'forged', token: await idp.mintAccessToken({ signedBy: 'stranger' }) });
    const source = start(settings, byForm({ ...given, grant: forged, idToken: forged }));
    assert.deepEqual(saidBy(await source.fails(), source.known), refused({ error: 'invalid_request' }));
  });

  test('is not used where it has more than was asked for, unless the settings allow it', async () => {
    levers.extraScopes = ['email', 'profile'];
    const source = start(settings, byForm());
    const said = saidBy(await source.fails(), source.known);
    const allowed = await start({ ...settings, allowWiderScopes: ['email', 'profile'] }, byForm()).get();
    assert.deepEqual(
      [said, claimsIn(tokenIn(allowed))['scope']],
      [
        {
          code: 'DP-EXCHANGE-SCOPE',
          params: {
            service: 'lab',
            connection: 'sales',
            granted: 'email, profile',
            path: `${path}.allowWiderScopes`,
          },
        },
        'connect email profile',
      ],
    );
  });

  test('is not used where the token alone has more than was asked for', async () => {
    levers.extraScopes = ['email'];
    levers.answer = { scope: undefined };
    assert.equal((await start(settings, byForm()).fails()).code, 'DP-EXCHANGE-SCOPE');
  });

  test('is not used where it is for another audience, of another issuer or of somebody else', async () => {
    const claimOf = async (signIn: SignIn) => {
      const source = start(settings, signIn);
      const error = await source.fails();
      saidBy(error, source.known);
      return [error.code, error.params['claim'], error.params['actual']];
    };
    levers.audience = warehouseAudience;
    const outcomes = [await claimOf(byForm())];
    for (const claims of [{ iss: 'https://elsewhere.example' }, { sub: 'bob' }]) {
      levers.answer = {
        access_token: await idp.mintAccessToken({ audience: postgresAudience, scopes: ['connect'], claims }),
      };
      outcomes.push(await claimOf({ ...byForm(), subjectInAccessToken: true }));
    }
    assert.deepEqual(outcomes, [
      ['DP-TOKEN-CLAIM', 'aud', JSON.stringify(warehouseAudience)],
      ['DP-TOKEN-CLAIM', 'iss', '"https://elsewhere.example"'],
      ['DP-TOKEN-CLAIM', 'sub', '"bob"'],
    ]);
  });

  test('may be called N_A', async () => {
    levers.answer = { token_type: 'n_a' };
    assert.equal(claimsIn(tokenIn(await start(settings, byForm()).get()))['aud'], postgresAudience);
  });

  test('is not looked for where a redirect points', async () => {
    idp.refuse('redirect', { to: `${idp.issuer}/elsewhere` });
    const source = start(settings, byForm());
    const said = saidBy(await source.fails(), source.known);
    assert.deepEqual(
      [said, idp.requests.filter((request) => request.path === '/elsewhere')],
      [
        {
          code: 'DP-TOKEN-SERVICE-ANSWER',
          params: { service: 'lab', connection: 'sales', problem: 'HTTP status 302, a redirect', path },
        },
        [],
      ],
    );
  });
});

describe('a token exchanged by somebody who signed in', () => {
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
    idp.recover();
  });

  async function signedIn(options: Omit<WindowOptions, 'idp'> & { readonly idp?: LabIdentityProvider } = {}) {
    const { idp: at = idp, ...rest } = options;
    const wanted = [{ audiences: [warehouseAudience], scopes: ['session:role:ANALYST'] }];
    const window: Window = await openWindow({ idp: at, wanted, ...rest });
    opened.push(() => window.close());
    await signInAs(window, at, 'alice');
    const signIn = window.session.signIn();
    assert.ok(signIn);
    return { window, signIn, at };
  }

  const settings = {
    subjectAudience: warehouseAudience,
    subjectScopes: ['session:role:ANALYST'],
    audience: postgresAudience,
    scopes: ['connect'],
  };
  const fromIdToken = { subject: 'idToken', audience: postgresAudience, scopes: ['connect'] };
  const exchanges = (at: LabIdentityProvider) => at.requests.filter(({ grantType }) => grantType?.endsWith('exchange'));

  test('starts from the access token or from the ID token, at hand since the sign-in', async () => {
    const { signIn } = await signedIn();
    const before = idp.requests.length;
    const outcomes = [];
    for (const own of [settings, fromIdToken]) {
      const { sub, aud, scope } = claimsIn(tokenIn(await start(own, signIn).get()));
      outcomes.push({ sub, aud, scope });
    }
    const expected = { sub: 'alice', aud: postgresAudience, scope: 'connect' };
    assert.deepEqual(
      [outcomes, idp.requests.slice(before).map(({ grantType }) => grantType?.split(':').at(-1))],
      [
        [expected, expected],
        ['token-exchange', 'token-exchange'],
      ],
    );
  });

  test('is exchanged by a client with a secret, which is sent to the provider alone', async () => {
    const secret = 'client-secret-canary';
    const at = await startIdentityProvider({ tokenExchange: {}, clientSecret: secret });
    opened.push(() => at.close());
    const secrets = memorySecrets();
    await secrets.store('client-secret/lab', secret);
    const { signIn } = await signedIn({ idp: at, secrets, settings: { clientAuthentication: 'secret' } });
    const source = start(settings, signIn);
    const { aud } = claimsIn(tokenIn(await source.get()));
    await secrets.store('client-secret/lab', 'not-the-secret-canary');
    const failing = start(settings, signIn);
    const error = await failing.fails();
    const said = JSON.stringify([error.facts(), error.message, error.stack]);
    assert.deepEqual(
      [aud, saidBy(error, failing.known), said.includes('canary')],
      [
        postgresAudience,
        {
          code: 'DP-EXCHANGE-REFUSED',
          params: {
            service: 'lab',
            connection: 'sales',
            error: 'invalid_client',
            audience: postgresAudience,
            scopes: 'connect',
            path,
          },
        },
        false,
      ],
    );
  });

  test('starts from a renewed sign-in when it was rejected, and from the token at hand when that can not be renewed', async () => {
    const { signIn } = await signedIn();
    const source = start(settings, signIn);
    const first = await source.get();
    const before = idp.requests.length;
    const second = await source.get({ rejected: first.id });
    const renewed = idp.requests.slice(before).map(({ grantType }) => grantType?.split(':').at(-1));
    idp.revokeRefreshTokens();
    const third = await source.get({ rejected: second.id });
    assert.deepEqual(
      [renewed, new Set([first.id, second.id, third.id]).size, claimsIn(tokenIn(third))['aud']],
      [['refresh_token', 'token-exchange'], 3, postgresAudience],
    );
  });

  test('is refused, not tried again, when the token at hand is what is stale; asked for anew it starts from a fresh one', async () => {
    const at = await startIdentityProvider({ tokenExchange: {} });
    opened.push(() => at.close());
    const { signIn } = await signedIn({ idp: at });
    const source = start(settings, signIn);
    await at.rotateKeys({ withdrawOld: true });
    const error = await source.fails();
    saidBy(error, source.known);
    const asked = exchanges(at).length;
    const { aud } = claimsIn(tokenIn(await source.get({ renews: ANY })));
    assert.deepEqual(
      [error.code, error.params['error'], asked, aud],
      ['DP-EXCHANGE-REFUSED', 'invalid_request', 1, postgresAudience],
    );
  });

  test('fails as the sign-in does when the provider is away, and works again after that', async () => {
    const { signIn, at } = await signedIn();
    const source = start(settings, signIn);
    const before = exchanges(at).length;
    at.refuse('unavailable');
    const said = saidBy(await source.fails(), source.known);
    at.recover();
    const { aud } = claimsIn(tokenIn(await source.get()));
    assert.deepEqual(
      [said, exchanges(at).length - before, aud],
      [
        { code: 'DP-PROVIDER-UNREACHABLE', params: { provider: 'Lab', reason: 'HTTP status 503' } },
        2,
        postgresAudience,
      ],
    );
  });

  test('starts from an opaque token as well', async () => {
    const at = await startIdentityProvider({
      tokenExchange: {},
      accessTokenFormat: 'opaque',
      audienceBy: 'scope',
    });
    opened.push(() => at.close());
    const { signIn } = await signedIn({ idp: at, settings: { audienceParameter: 'scope' } });
    const source = start({ ...settings, subjectAudience: undefined }, signIn);
    const { sub, aud } = claimsIn(tokenIn(await source.get()));
    assert.deepEqual([sub, aud, decodeJwt(source.known[0] ?? '')], ['alice', postgresAudience, undefined]);
  });
});
