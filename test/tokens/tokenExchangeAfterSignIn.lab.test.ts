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
import { memorySecrets } from '../support/memorySecrets.ts';
import { path, type RunningSource, startSource } from './harness.ts';
import { claimsIn, saidBy, tokenIn } from './outcome.ts';

let idp: LabIdentityProvider;
before(async () => {
  idp = await startIdentityProvider({ tokenExchange: {} });
});
after(() => idp.close());

const start = (settings: object, signIn: SignIn): RunningSource =>
  startSource(tokenExchange, { name: 'tokenExchange', settings, signIn });

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
    assert.deepEqual(
      [aud, saidBy(await failing.fails(), [...failing.known, 'canary'])],
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
