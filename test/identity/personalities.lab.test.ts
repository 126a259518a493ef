import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { decodeJwt } from '../../src/core/jwt.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../lab/identityProvider.ts';
import { allPersonalities } from '../lab/identityProvider/personalities.ts';
import { codeOf, openWindow, postgres, signInAs, tokenOf, type Window } from './window.ts';

/** Databases ask for a scope too: where the scopes say the audience, it is all that says it. */
const request = { ...postgres, scopes: ['connect'] };

for (const [name, { title, options, settings, expects }] of allPersonalities) {
  describe(`a provider that ${title} (${name})`, () => {
    let idp: LabIdentityProvider;
    let window: Window;
    before(async () => {
      idp = await startIdentityProvider(options);
      window = await openWindow({ idp, settings, wanted: [request] });
    });
    after(async () => {
      await window.close();
      await idp.close();
    });
    afterEach(() => idp.recover());

    const refreshToken = (): string => {
      const [text = '{}'] = [...window.secrets.values.values()];
      return (JSON.parse(text) as { signIns: { refreshToken: string }[] }).signIns[0]?.refreshToken ?? '';
    };
    const renewed = async (): Promise<string> => (await tokenOf(window.session, request, { renews: '*' }))?.token ?? '';

    test('signs in, and the access token is one for the database', async () => {
      assert.equal(await signInAs(window, idp, 'alice'), 'alice@lab.example');
      const token = (await tokenOf(window.session, request))?.token ?? '';
      const claims = decodeJwt(token)?.claims;
      const { user, audience } = claims
        ? { user: claims['sub'], audience: claims['aud'] }
        : (idp.describeAccessToken(token) ?? {});
      assert.deepEqual([user, audience, claims ? 'jwt' : 'opaque'], ['alice', postgresAudience, expects.accessToken]);
    });

    test(`renews, and the refresh token ${expects.rotates ? 'is another each time' : 'stays'}`, async () => {
      const refreshTokens = [refreshToken()];
      const tokens = [];
      for (let round = 0; round < 3; round += 1) {
        tokens.push(await renewed());
        refreshTokens.push(refreshToken());
      }
      assert.deepEqual([new Set(tokens).size, new Set(refreshTokens).size], [3, expects.rotates ? 4 : 1]);
      assert.deepEqual([window.session.state.accounts.length, window.session.state.ended], [1, undefined]);
    });

    test('survives a restart of the editor', async () => {
      const { secrets } = window;
      const machine = [...secrets.values.keys()][0]?.split('/')[1] ?? '';
      await window.close();
      window = await openWindow({ idp, settings, wanted: [request], secrets, machine });
      assert.equal(window.session.state.accounts[0]?.label, 'alice@lab.example');
      assert.notEqual(await renewed(), '');
    });

    test('a refresh token that is dead ends the sign-in, once, and leaves nothing in the store', async () => {
      const states: unknown[] = [];
      window.session.onDidChange(({ accounts, ended }) => states.push([accounts.length, ended?.label]));
      idp.revokeRefreshTokens('alice');
      assert.equal(await codeOf(renewed()), 'DP-SIGN-IN-ENDED');
      assert.deepEqual([states, window.secrets.values.size], [[[0, 'alice@lab.example']], 0]);
      assert.equal(await codeOf(renewed()), 'none');
    });

    test('signs in again, and out', async () => {
      await signInAs(window, idp, 'alice');
      const last = refreshToken();
      const { revoked, removed } = await window.session.signOut('alice');
      assert.deepEqual([revoked, removed, window.secrets.values.size], [expects.revokes === 'yes', true, 0]);
      assert.deepEqual(window.session.state, { accounts: [], ended: undefined, saved: true });
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: last, client_id: idp.clientId });
      const answer = await fetch(new URL('/token', idp.issuer), { method: 'POST', body: form });
      assert.equal(answer.ok, expects.revokes !== 'yes');
    });
  });
}

test('there are twelve of them', () => assert.equal(allPersonalities.length, 12));
