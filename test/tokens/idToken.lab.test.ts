import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { ANY } from '../../src/core/credentialCache.ts';
import type { GrantedToken, SignIn } from '../../src/core/signIn.ts';
import { idToken } from '../../src/tokens/idToken.ts';
import { openWindow, signInAs } from '../identity/window.ts';
import {
  type IdentityProviderOptions,
  type LabIdentityProvider,
  startIdentityProvider,
} from '../lab/identityProvider.ts';
import { mintedSignIn, path, type RunningSource, startSource } from './harness.ts';
import { claimsIn, saidBy, tokenIn } from './outcome.ts';

let idp: LabIdentityProvider;
before(async () => {
  idp = await startIdentityProvider();
});
after(() => idp.close());

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  idp.recover();
  for (const close of opened.splice(0)) await close();
});

const start = (settings: object, signIn: SignIn): RunningSource =>
  startSource(idToken, { name: 'idToken', settings, signIn });

async function signedIn(at: LabIdentityProvider = idp): Promise<SignIn> {
  const window = await openWindow({ idp: at });
  opened.push(() => window.close());
  await signInAs(window, at, 'alice');
  const signIn = window.session.signIn();
  assert.ok(signIn);
  return signIn;
}

async function providerWith(options: IdentityProviderOptions): Promise<LabIdentityProvider> {
  const at = await startIdentityProvider(options);
  opened.push(() => at.close());
  return at;
}

const claim = (name: string, expected: string, actual: string) => ({
  code: 'DP-TOKEN-CLAIM',
  params: { connection: 'sales', path, claim: name, expected, actual: JSON.stringify(actual) },
});
const grants = (at: LabIdentityProvider, since: number) =>
  at.requests.slice(since).flatMap(({ grantType }) => grantType ?? []);

describe('an ID token as a credential', () => {
  test('is the one of the sign-in, and ends with it', async () => {
    const signIn = await signedIn();
    const before = idp.requests.length;
    const credential = await start({ audience: idp.clientId }, signIn).get();
    const { iss, sub, aud } = claimsIn(tokenIn(credential));
    const { kind, subject, audience, expiresAt } = credential;
    const { expiresAt: end } = await signIn.idToken({});
    assert.ok(end);
    assert.deepEqual(
      [
        { iss, sub, aud },
        { kind, subject, audience, expiresAt },
        idp.issued.some(({ kind: issued, value }) => issued === 'idToken' && value === tokenIn(credential)),
        grants(idp, before),
      ],
      [
        { iss: idp.issuer, sub: 'alice', aud: idp.clientId },
        { kind: 'bearer', subject: 'alice', audience: idp.clientId, expiresAt: end },
        true,
        [],
      ],
    );
  });

  test('has the id of the token that the sign-in gave, so that the same one is not taken for a new one', async () => {
    const signIn = await signedIn();
    const { id } = await signIn.idToken({});
    const first = await start({}, signIn).get();
    const second = await start({}, signIn).get();
    assert.deepEqual([first.id, second.id], [id, id]);
  });

  test('is that of a renewed sign-in when it was rejected or the user asks for it', async () => {
    const signIn = await signedIn();
    const source = start({}, signIn);
    const first = await source.get();
    const before = idp.requests.length;
    const second = await source.get({ rejected: first.id });
    const third = await source.get({ renews: ANY });
    assert.deepEqual(
      [new Set([first.id, second.id, third.id]).size, grants(idp, before)],
      [3, ['refresh_token', 'refresh_token']],
    );
  });

  test('is renewed when it has ended', async () => {
    const signIn = mintedSignIn(idp);
    const source = start({}, signIn);
    const first = await source.get();
    const same = await source.get();
    source.later(590);
    const second = await source.get();
    assert.deepEqual([same.id, second.id, signIn.given()], [first.id, 'granted-2', 2]);
  });

  test('ends when the token says so where the sign-in does not say', async () => {
    const signIn = mintedSignIn(idp);
    const source = start(
      {},
      {
        ...signIn,
        idToken: async (wish) => ({ ...(await signIn.idToken(wish)), expiresAt: undefined }),
      },
    );
    const credential = await source.get();
    const { exp } = claimsIn(tokenIn(credential));
    assert.deepEqual(credential.expiresAt, new Date(Number(exp) * 1000));
  });

  test('can not be had anew from a provider that gives none when a sign-in is renewed', async () => {
    const at = await providerWith({ omitIdTokenOnRefresh: true });
    const source = start({}, await signedIn(at));
    const first = await source.get();
    const error = await source.fails({ rejected: first.id });
    assert.deepEqual(saidBy(error, [tokenIn(first)]), { code: 'DP-ID-TOKEN', params: { provider: 'Lab' } });
  });

  test('fails as the sign-in does when the provider is away, and works again after that', async () => {
    const source = start({}, await signedIn());
    const first = await source.get();
    idp.refuse('unavailable');
    const error = await source.fails({ rejected: first.id });
    idp.recover();
    // The sign-in waits a while after a failure, unless the user asks.
    const again = await source.get({ renews: ANY });
    assert.deepEqual(
      [saidBy(error, [tokenIn(first)]), again.id === first.id, claimsIn(tokenIn(again))['sub']],
      [{ code: 'DP-PROVIDER-UNREACHABLE', params: { provider: 'Lab', reason: 'HTTP status 503' } }, false, 'alice'],
    );
  });

  const strangers: readonly (readonly [title: string, settings: object, claims: object, expected: () => object])[] = [
    [
      'is for another client than the settings name',
      { audience: 'mysql' },
      {},
      () => claim('aud', 'mysql', idp.clientId),
    ],
    [
      'is of another issuer',
      {},
      { iss: 'https://elsewhere.example' },
      () => claim('iss', idp.issuer, 'https://elsewhere.example'),
    ],
    ['is of somebody else', {}, { sub: 'bob' }, () => claim('sub', 'alice', 'bob')],
  ];
  for (const [title, settings, claims, expected] of strangers) {
    test(`is not used where it ${title}`, async () => {
      const source = start(settings, mintedSignIn(idp, { claims: { ...claims } }));
      assert.deepEqual(
        saidBy(
          await source.fails(),
          idp.issued.map(({ value }) => value),
        ),
        expected(),
      );
    });
  }

  test('that was issued this moment is used, whatever a wrong clock of this machine says of its end', async () => {
    const { given, ...signIn } = mintedSignIn(idp, { seconds: -300 });
    assert.equal((await start({}, signIn).get()).kind, 'bearer');
    assert.equal(given(), 1);
  });

  const nonsense: readonly (readonly [problem: string, token: unknown])[] = [
    ['it is empty', ''],
    ['it has characters that no token has', 'canary\r\nX-Other: 1'],
  ];
  for (const [problem, token] of nonsense) {
    test(`is not used where ${problem}`, async () => {
      const odd = async (): Promise<GrantedToken> => ({ id: 'odd', token: token as string });
      const error = await start({}, { ...mintedSignIn(idp), idToken: odd }).fails();
      assert.deepEqual(saidBy(error, ['canary']), {
        code: 'DP-TOKEN-INVALID',
        params: { source: 'idToken', connection: 'sales', problem, path },
      });
    });
  }
});
