import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import type { SignIn } from '../../src/core/signIn.ts';
import { tokenExchange } from '../../src/tokens/tokenExchange.ts';
import {
  type LabIdentityProvider,
  postgresAudience,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { ExchangeLevers } from '../lab/identityProvider/tokenExchange.ts';
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
