import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { ANY } from '../../src/core/credentialCache.ts';
import type { SignIn } from '../../src/core/signIn.ts';
import { tokenExchange } from '../../src/tokens/tokenExchange.ts';
import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import { type LabDatabricks, startDatabricks } from '../lab/tokenServices/databricks.ts';
import type { ServiceFault } from '../lab/tokenServices/securityTokenService.ts';
import { mintedSignIn, path, type RunningSource, startSource } from './harness.ts';
import { saidBy, tokenIn } from './outcome.ts';

const hub = 'https://hub.lab.example';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

let idp: LabIdentityProvider;
before(async () => {
  idp = await startIdentityProvider();
});
after(() => idp.close());

const start = (settings: object, signIn: SignIn, scopes: readonly string[] = ['sql']): RunningSource =>
  startSource(tokenExchange, { name: 'tokenExchange', settings, signIn, need: { scopes } });

describe('a token exchanged at Databricks', () => {
  let workspace: LabDatabricks;
  before(async () => {
    workspace = await startDatabricks({
      policies: [{ issuer: idp.issuer, audiences: [hub] }],
      principals: [{ issuer: idp.issuer, audiences: [hub], clientId: 'reporting-principal', subject: 'alice' }],
    });
  });
  after(() => workspace.close());
  afterEach(() => {
    workspace.fail(undefined);
    workspace.amend({});
  });

  const settings = () => ({ endpoint: workspace.url, subjectAudience: hub, subjectTokenType: jwtType });
  const host = () => new URL(workspace.url).host;
  const latest = () => workspace.requests.at(-1);

  test('is one of the user, who is known there by the sign-in', async () => {
    const signIn = mintedSignIn(idp);
    const source = start(settings(), signIn);
    const credential = await source.get();
    const token = tokenIn(credential);
    const { kind, subject, audience, expiresAt } = credential;
    assert.deepEqual(
      [
        { kind, subject, audience, ends: expiresAt !== undefined },
        await workspace.whois(token),
        latest(),
        source.asked,
      ],
      [
        { kind: 'bearer', subject: 'alice', audience: undefined, ends: true },
        { user: 'alice', scopes: ['sql'] },
        {
          method: 'POST',
          path: '/oidc/v1/token',
          form: {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token_type: jwtType,
            scope: 'sql',
          },
          subject: '1',
        },
        [workspace.url],
      ],
    );
    // The subject token, then the answer.
    assert.deepEqual([source.known.length, source.known[1]], [2, token]);
    assert.match(credential.id, /^[\da-f]{8}-/);
  });

  test('is one of a service principal where a client id names it', async () => {
    const source = start({ ...settings(), clientId: 'reporting-principal', scopes: ['all-apis'] }, mintedSignIn(idp));
    assert.deepEqual(await workspace.whois(tokenIn(await source.get())), {
      user: 'reporting-principal',
      scopes: ['all-apis'],
    });
  });

  test('is kept while it is good, and exchanged anew when it has ended', async () => {
    const signIn = mintedSignIn(idp);
    const source = start(settings(), signIn);
    const first = await source.get();
    const same = await source.get();
    source.later(590);
    const second = await source.get();
    assert.deepEqual(
      [same.id === first.id, second.id === first.id, signIn.given(), await workspace.whois(tokenIn(second))],
      [true, false, 2, { user: 'alice', scopes: ['sql'] }],
    );
  });

  test('is exchanged from a fresh token of the sign-in when it was rejected', async () => {
    const signIn = mintedSignIn(idp);
    const renewed: unknown[] = [];
    const source = start(settings(), {
      ...signIn,
      grant: (request) => {
        renewed.push(request.renews);
        return signIn.grant(request);
      },
    });
    const first = await source.get();
    workspace.revokeAll();
    const second = await source.get({ rejected: first.id });
    assert.deepEqual(
      [await workspace.whois(tokenIn(first)), await workspace.whois(tokenIn(second)), renewed, latest()?.subject],
      [undefined, { user: 'alice', scopes: ['sql'] }, [undefined, undefined, 'granted-2'], '3'],
    );
  });

  test('is exchanged anew, from a new token, where the user asks for that', async () => {
    const wishes: unknown[] = [];
    const signIn = mintedSignIn(idp);
    const source = start(settings(), {
      ...signIn,
      grant: (request) => {
        wishes.push(request.renews);
        return signIn.grant(request);
      },
    });
    const first = await source.get();
    const second = await source.get({ renews: ANY });
    assert.deepEqual([first.id === second.id, wishes], [false, [undefined, ANY]]);
  });

  const strangers: readonly (readonly [title: string, claims: object, error: string])[] = [
    ['of another issuer', { iss: 'https://elsewhere.example', aud: hub }, 'invalid_grant'],
    ['for another audience', { aud: warehouseAudience }, 'invalid_grant'],
    ['of a user who is not in the account', { sub: 'stranger', aud: hub }, 'HTTP status 401'],
  ];
  for (const [title, claims, error] of strangers) {
    test(`is refused for a token ${title}, after one request`, async () => {
      const before = workspace.requests.length;
      // The check before the exchange would find these as well: it is told to expect nothing.
      const signIn = { ...mintedSignIn(idp, { claims: { ...claims } }), expectedIssuer: undefined };
      const source = start({ ...settings(), subjectAudience: undefined }, signIn);
      assert.deepEqual(
        [saidBy(await source.fails(), source.known), workspace.requests.length - before],
        [
          {
            code: 'DP-EXCHANGE-REFUSED',
            params: { service: host(), connection: 'sales', error, audience: '(none)', scopes: 'sql', path },
          },
          1,
        ],
      );
    });
  }

  test('is not even asked for with a token that is for something else', async () => {
    const before = workspace.requests.length;
    const source = start(settings(), mintedSignIn(idp, { claims: { aud: warehouseAudience } }));
    const { code, params } = await source.fails();
    assert.deepEqual(
      [code, params['claim'], params['expected'], workspace.requests.length - before],
      ['DP-TOKEN-CLAIM', 'aud', hub, 0],
    );
  });

  const unusable = (problem: string) => ({
    code: 'DP-TOKEN-SERVICE-ANSWER',
    params: { service: host(), connection: 'sales', problem, path },
  });
  const away = (reason: string) => ({
    code: 'DP-TOKEN-SERVICE-UNREACHABLE',
    params: { service: host(), connection: 'sales', reason },
  });
  const faults: readonly (readonly [fault: ServiceFault, expected: () => object])[] = [
    ['unavailable', () => away('HTTP status 503')],
    ['tooManyRequests', () => away('HTTP status 429')],
    ['hangUp', () => away('UND_ERR_SOCKET')],
    ['html', () => unusable('it has no access_token')],
    ['empty', () => unusable('it has no access_token')],
    ['huge', () => unusable('it is larger than any token')],
    ['notFound', () => unusable('HTTP status 404')],
    ['redirect', () => unusable('HTTP status 307, a redirect')],
  ];
  for (const [fault, expected] of faults) {
    test(`fails once and says so when the service fails (${fault}), and works again after that`, async () => {
      const source = start(settings(), mintedSignIn(idp));
      const before = workspace.requests.length;
      workspace.fail(fault);
      const failed = saidBy(await source.fails(), source.known);
      const asked = workspace.requests.length - before;
      workspace.fail(undefined);
      const user = await workspace.whois(tokenIn(await source.get()));
      assert.deepEqual([failed, asked, user?.user], [expected(), 1, 'alice']);
    });
  }

  test('fails when nobody listens', async () => {
    const gone = await startDatabricks({});
    await gone.close();
    const source = start({ ...settings(), endpoint: gone.url }, mintedSignIn(idp));
    const { host: nobody } = new URL(gone.url);
    assert.deepEqual(saidBy(await source.fails(), source.known), {
      code: 'DP-TOKEN-SERVICE-UNREACHABLE',
      params: { service: nobody, connection: 'sales', reason: 'ECONNREFUSED' },
    });
  });

  test('is not asked for elsewhere because of a redirect', async () => {
    const elsewhere = await startDatabricks({ policies: [{ issuer: idp.issuer, audiences: [hub] }] });
    workspace.fail('redirect', elsewhere.url);
    const source = start(settings(), mintedSignIn(idp));
    const { code } = await source.fails();
    await elsewhere.close();
    assert.deepEqual([code, elsewhere.requests, source.asked], ['DP-TOKEN-SERVICE-ANSWER', [], [workspace.url]]);
  });

  const answers: readonly (readonly [title: string, fields: object, code: string])[] = [
    ['a token that is no text', { access_token: { value: 'x' } }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['a token with a line break', { access_token: 'one\r\ntwo' }, 'DP-TOKEN-INVALID'],
    ['a token that needs a proof', { token_type: 'DPoP' }, 'DP-TOKEN-SERVICE-ANSWER'],
    ['more than was asked for', { scope: 'sql all-apis' }, 'DP-EXCHANGE-SCOPE'],
    ['less than was asked for', { scope: 'genie-only' }, 'DP-EXCHANGE-SCOPE'],
    ['nothing of what was asked for', { scope: '' }, 'DP-TOKEN-CLAIM'],
    ['another type', { issued_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'DP-TOKEN-SERVICE-ANSWER'],
  ];
  for (const [title, fields, code] of answers) {
    test(`is refused when the answer has ${title}`, async () => {
      workspace.amend({ ...fields });
      const source = start(settings(), mintedSignIn(idp));
      const error = await source.fails();
      saidBy(error, source.known);
      assert.equal(error.code, code);
    });
  }

  test('may have more than was asked for where the settings say so, and may come without its type', async () => {
    workspace.amend({ scope: 'sql offline_access', issued_token_type: undefined });
    const source = start({ ...settings(), allowWiderScopes: ['offline_access'] }, mintedSignIn(idp));
    assert.deepEqual(await workspace.whois(tokenIn(await source.get())), { user: 'alice', scopes: ['sql'] });
  });

  test('must be of the type that the settings ask for', async () => {
    const asking = { ...settings(), requestedTokenType: accessTokenType };
    const right = await workspace.whois(tokenIn(await start(asking, mintedSignIn(idp)).get()));
    const asked = latest()?.form['requested_token_type'];
    workspace.amend({ issued_token_type: undefined });
    const source = start(asking, mintedSignIn(idp));
    assert.deepEqual(
      [right?.user, asked, saidBy(await source.fails(), source.known)],
      ['alice', accessTokenType, unusable('it has no issued_token_type')],
    );
  });
});
