import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import type { Credential } from '../../src/core/credential.ts';
import { ANY } from '../../src/core/credentialCache.ts';
import type { SignIn } from '../../src/core/signIn.ts';
import { gcpWorkforce } from '../../src/tokens/gcpWorkforce.ts';
import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import {
  type LabGoogleTokenService,
  startGoogleTokenService,
} from '../lab/tokenServices/googleSecurityTokenService.ts';
import type { ServiceFault } from '../lab/tokenServices/securityTokenService.ts';
import { mintedSignIn, path, type RunningSource, startSource } from './harness.ts';
import { saidBy, tokenIn } from './outcome.ts';

const global = 'https://sts.googleapis.com/v1/token';
const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform';
const bigQuery = 'https://www.googleapis.com/auth/bigquery';
const settings = { pool: 'staff', provider: 'lab', userProject: 'sales-analytics' };
const resource = '//iam.googleapis.com/locations/global/workforcePools/staff/providers/lab';

let idp: LabIdentityProvider;
let sts: LabGoogleTokenService;
before(async () => {
  idp = await startIdentityProvider();
  const { issuer, clientId } = idp;
  sts = await startGoogleTokenService([
    { pool: 'staff', provider: 'lab', issuer, clientId },
    { pool: 'staff', provider: 'api', issuer, clientId: warehouseAudience },
  ]);
});
after(async () => {
  await sts.close();
  await idp.close();
});
afterEach(() => {
  sts.fail(undefined);
  sts.amend({});
});

/** Whatever goes to Google ends at the lab, and nothing else goes anywhere. */
const start = (own: object, signIn: SignIn = mintedSignIn(idp), scopes: readonly string[] = []): RunningSource =>
  startSource(gcpWorkforce, {
    name: 'gcpWorkforce',
    settings: { ...settings, ...own },
    signIn,
    need: { scopes },
    fetch: (url, init) => fetch(url.startsWith('https://sts.') ? sts.url : assert.fail(url), init),
  });

const callerOf = (credential: Credential) => sts.whois(tokenIn(credential));

const alice = {
  principal: 'principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/alice',
  project: 'sales-analytics',
  scopes: [cloudPlatform],
};
const refused = (error: string, audience = resource) => ({
  code: 'DP-EXCHANGE-REFUSED',
  params: { service: 'Google STS', connection: 'sales', error, audience, scopes: cloudPlatform, path },
});
const unusable = (problem: string) => ({
  code: 'DP-TOKEN-SERVICE-ANSWER',
  params: { service: 'Google STS', connection: 'sales', problem, path },
});
const away = (reason: string) => ({
  code: 'DP-TOKEN-SERVICE-UNREACHABLE',
  params: { service: 'Google STS', connection: 'sales', reason },
});

describe('a Google Cloud token of a member of a workforce pool', () => {
  test('is exchanged for the ID token at the one address of Google', async () => {
    const source = start({});
    const credential = await source.get();
    const { kind, subject, audience, expiresAt } = credential;
    assert.deepEqual(
      [
        { kind, subject, audience, ends: expiresAt !== undefined },
        callerOf(credential),
        source.asked,
        sts.requests.at(-1),
        source.known.length,
      ],
      [
        { kind: 'bearer', subject: 'alice', audience: undefined, ends: true },
        alice,
        [global],
        {
          method: 'POST',
          path: '/v1/token',
          form: {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
            requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
            audience: resource,
            scope: cloudPlatform,
            options: '{"userProject":"sales-analytics"}',
          },
          subject: '1',
        },
        2,
      ],
    );
  });

  test('is exchanged for an access token where the provider of the pool is for those', async () => {
    const own = { provider: 'api', subject: 'accessToken', subjectAudience: warehouseAudience };
    const credential = await start(own).get();
    const { subject_token_type: type } = sts.requests.at(-1)?.form ?? {};
    assert.deepEqual([callerOf(credential), type], [alice, 'urn:ietf:params:oauth:token-type:jwt']);
  });

  test('has the scopes of the settings, else those of the connection', async () => {
    const outcomes = [];
    for (const [own, need] of [
      [{ scopes: ['openid', bigQuery] }, [cloudPlatform]],
      [{}, [bigQuery]],
    ] as const) {
      outcomes.push(callerOf(await start(own, mintedSignIn(idp), need).get())?.scopes);
    }
    assert.deepEqual(outcomes, [['openid', bigQuery], [bigQuery]]);
  });

  test('comes from another address of Google where the settings name one', async () => {
    const endpoint = 'https://sts.europe-west4.rep.googleapis.com/v1/token';
    const source = start({ endpoint });
    assert.deepEqual([callerOf(await source.get()), source.asked], [alice, [endpoint]]);
  });

  test('is kept while it is good, and exchanged anew when it has ended', async () => {
    const signIn = mintedSignIn(idp, { seconds: 7200 });
    const source = start({}, signIn);
    const first = await source.get();
    const same = await source.get();
    source.later(3590);
    const second = await source.get();
    assert.deepEqual(
      [same.id === first.id, second.id === first.id, signIn.given(), callerOf(second)],
      [true, false, 2, alice],
    );
  });

  test('is exchanged anew when it was rejected, from a fresh ID token', async () => {
    const wishes: unknown[] = [];
    const signIn = mintedSignIn(idp);
    const source = start(
      {},
      {
        ...signIn,
        idToken: (wish) => {
          wishes.push(wish.renews);
          return signIn.idToken(wish);
        },
      },
    );
    const first = await source.get();
    sts.revokeAll();
    const second = await source.get({ rejected: first.id });
    const third = await source.get({ renews: ANY });
    assert.deepEqual(
      [callerOf(first), callerOf(second), callerOf(third), wishes],
      [undefined, alice, alice, [undefined, undefined, 'granted-2', ANY]],
    );
  });

  test('is exchanged anew from the ID token at hand where the provider gives no other', async () => {
    const signIn = mintedSignIn(idp);
    const source = start(
      {},
      {
        ...signIn,
        idToken: (wish) =>
          wish.renews === undefined ? signIn.idToken(wish) : Promise.reject(new Error('none on refresh')),
      },
    );
    const first = await source.get();
    sts.revokeAll();
    assert.deepEqual(callerOf(await source.get({ rejected: first.id })), alice);
  });

  const strangers: readonly (readonly [title: string, own: object, claims: object, expected: object])[] = [
    ['an unknown pool', { pool: 'others' }, {}, refused('invalid_target', resource.replace('staff', 'others'))],
    ['a token for another client', {}, { aud: 'another-client' }, refused('invalid_grant')],
    ['a token of another issuer', {}, { iss: 'https://elsewhere.example' }, refused('invalid_grant')],
    ['a token of two days ago', {}, { iat: 1_700_000_000 }, refused('invalid_grant')],
  ];
  for (const [title, own, claims, expected] of strangers) {
    test(`is refused for ${title}, after one request`, async () => {
      const before = sts.requests.length;
      // The check before the exchange would find some of these as well: it is told to expect nothing.
      const source = start(own, { ...mintedSignIn(idp, { claims: { ...claims } }), expectedIssuer: undefined });
      assert.deepEqual([saidBy(await source.fails(), source.known), sts.requests.length - before], [expected, 1]);
    });
  }

  test('is refused for a token with a signature of somebody else', async () => {
    const forged = async () => ({
      id: 'forged',
      token: await idp.mintAccessToken({ audience: idp.clientId, signedBy: 'stranger' }),
    });
    const source = start({}, { ...mintedSignIn(idp), idToken: forged });
    assert.deepEqual(saidBy(await source.fails(), source.known), refused('invalid_grant'));
  });

  test('is not asked for with an ID token of somebody else', async () => {
    const before = sts.requests.length;
    const { code, params } = await start({}, mintedSignIn(idp, { claims: { sub: 'bob' } })).fails();
    assert.deepEqual([code, params['claim'], sts.requests.length - before], ['DP-TOKEN-CLAIM', 'sub', 0]);
  });

  const faults: readonly (readonly [fault: ServiceFault, expected: object])[] = [
    ['unavailable', away('HTTP status 503')],
    ['tooManyRequests', away('HTTP status 429')],
    ['html', unusable('it has no access_token')],
    ['empty', unusable('it has no access_token')],
    ['bare', refused('HTTP status 400')],
    ['redirect', unusable('HTTP status 307, a redirect')],
  ];
  for (const [fault, expected] of faults) {
    test(`fails once and says so when Google fails (${fault}), and works again after that`, async () => {
      const source = start({});
      const before = sts.requests.length;
      sts.fail(fault);
      const failed = saidBy(await source.fails(), source.known);
      const asked = sts.requests.length - before;
      sts.fail(undefined);
      assert.deepEqual([failed, asked, callerOf(await source.get())], [expected, 1, alice]);
    });
  }

  test('fails when Google can not be reached', async () => {
    const gone = await startGoogleTokenService([]);
    await gone.close();
    const source = startSource(gcpWorkforce, {
      name: 'gcpWorkforce',
      settings,
      signIn: mintedSignIn(idp),
      fetch: (_url, init) => fetch(gone.url, init),
    });
    assert.deepEqual(saidBy(await source.fails(), source.known), away('ECONNREFUSED'));
  });

  const answers: readonly (readonly [title: string, fields: object, code: string])[] = [
    ['another type', { issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['no type', { issued_token_type: undefined }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['no token', { access_token: undefined }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['a token that is no text', { access_token: ['ya29'] }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['a token with a line break', { access_token: 'ya29.one\r\ntwo' }, 'DP-TOKEN-INVALID'],
    ['a wider scope', { scope: `${cloudPlatform} https://mail.google.com/` }, 'DP-EXCHANGE-SCOPE'],
  ];
  for (const [title, fields, code] of answers) {
    test(`is refused when the answer has ${title}`, async () => {
      sts.amend({ ...fields });
      const source = start({});
      const error = await source.fails();
      saidBy(error, source.known);
      assert.equal(error.code, code);
    });
  }

  test('may come without an end: then it is used until it is rejected', async () => {
    sts.amend({ expires_in: undefined });
    const source = start({});
    const first = await source.get();
    source.later(100_000);
    assert.deepEqual([first.expiresAt, (await source.get()).id], [undefined, first.id]);
  });
});
