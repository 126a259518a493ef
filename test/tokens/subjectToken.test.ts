import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANY, type Discontent } from '../../src/core/credentialCache.ts';
import { asPassportError } from '../../src/core/errors.ts';
import type { GrantedToken, SignIn } from '../../src/core/signIn.ts';
import { gcpWorkforce } from '../../src/tokens/gcpWorkforce.ts';
import type { Subject } from '../../src/tokens/subject.ts';
import { subjectToken } from '../../src/tokens/subjectToken.ts';
import { tokenExchange } from '../../src/tokens/tokenExchange.ts';
import { tokenTypes } from '../../src/tokens/tokenTypes.ts';
import { unsigned } from './outcome.ts';

const now = Date.parse('2026-11-27T10:00:00Z');
const path = 'dataPassport.connections.sales.token';

describe('the subject of an exchange', () => {
  interface Asking {
    readonly subject?: Subject;
    readonly replaced?: Discontent;
    /** Whether a renewal works. */
    readonly renewable?: boolean;
    readonly signal?: AbortSignal;
    readonly signIn?: Partial<SignIn>;
    readonly claims?: object;
  }

  function ask({ subject: wish, replaced, renewable = true, signal, signIn: own, claims }: Asking) {
    const wishes: object[] = [];
    const known: string[] = [];
    const give = async (kind: string, request: object): Promise<GrantedToken> => {
      const { signal: _signal, ...rest } = request as { signal?: unknown; renews?: string };
      wishes.push({ kind, ...rest });
      const { renews } = rest;
      if (renews !== undefined && !renewable) throw new Error('it can not be renewed');
      return { id: 'at-hand', token: unsigned({ n: wishes.length, ...claims }) };
    };
    const signIn: SignIn = {
      provider: 'lab',
      expectedIssuer: 'https://id.example',
      subject: 'alice',
      subjectInAccessToken: false,
      grant: (request) => give('grant', request),
      idToken: (request) => give('idToken', request),
      tokenEndpoint: () => assert.fail('nothing is exchanged here'),
      ...own,
    };
    const ports = {
      clock: { now: () => now },
      fetch: () => assert.fail('no network here'),
      know: known.push.bind(known),
    };
    const outcome = subjectToken({
      wish: wish ?? { subject: 'accessToken', subjectAudience: 'sts', subjectScopes: ['exchange'] },
      signIn,
      connection: 'sales',
      path,
      replaced,
      signal,
      ports: { ...ports, know: (secret) => void ports.know(secret) },
    });
    return { wishes, known, outcome };
  }

  const grant = { kind: 'grant', audience: 'sts', scopes: ['exchange'] };
  const cases: readonly (readonly [title: string, asking: Asking, wishes: readonly object[], token: string])[] = [
    ['must still live a minute', {}, [{ ...grant, leastLife: 60 }], unsigned({ n: 1 })],
    [
      'is the ID token where that is wanted',
      { subject: { subject: 'idToken' } },
      [{ kind: 'idToken', leastLife: 60 }],
      unsigned({ n: 1 }),
    ],
    [
      'must live as long as the credential must',
      { replaced: { leastLife: 900 } },
      [{ ...grant, leastLife: 900 }],
      unsigned({ n: 1 }),
    ],
    [
      'must live longer for a renewal ahead of time: its end may be copied',
      { replaced: { renews: 'credential-1' } },
      [{ ...grant, leastLife: 300 }],
      unsigned({ n: 1 }),
    ],
    [
      'is fresh where the user asks for everything anew',
      { replaced: { renews: ANY } },
      [{ ...grant, leastLife: 300, renews: ANY }],
      unsigned({ n: 1 }),
    ],
    [
      'is fresh after a rejection',
      { replaced: { rejected: 'credential-1' } },
      [
        { ...grant, leastLife: 60 },
        { ...grant, renews: 'at-hand' },
      ],
      unsigned({ n: 2 }),
    ],
    [
      'is the one at hand after a rejection where none can be had',
      { replaced: { rejected: 'credential-1' }, renewable: false },
      [
        { ...grant, leastLife: 60 },
        { ...grant, renews: 'at-hand' },
      ],
      unsigned({ n: 1 }),
    ],
  ];
  for (const [title, asking, wishes, expected] of cases) {
    test(title, async () => {
      const asked = ask(asking);
      assert.equal(await asked.outcome, expected);
      assert.deepEqual([asked.wishes, asked.known], [wishes, [expected]]);
    });
  }

  test('is not asked for again once the caller has given up', async () => {
    const gaveUp = new AbortController();
    gaveUp.abort(new Error('enough'));
    const asked = ask({ replaced: { rejected: 'credential-1' }, renewable: false, signal: gaveUp.signal });
    await assert.rejects(asked.outcome, { message: 'enough' });
  });

  test('is not sent where it was issued for something else', async () => {
    const claimOf = (asking: Asking) =>
      ask(asking).outcome.then(
        () => 'none',
        (thrown: unknown) => asPassportError(thrown).params['claim'],
      );
    assert.deepEqual(
      await Promise.all([
        claimOf({ claims: { iss: 'https://id.example', aud: ['sts'], scope: 'exchange more', sub: 'pairwise' } }),
        claimOf({ claims: { iss: 'https://elsewhere.example' } }),
        claimOf({ claims: { aud: 'default' } }),
        claimOf({ claims: { scope: 'other' } }),
        // Only a wrong clock of this machine could say so of one that was just issued.
        claimOf({ claims: { exp: now / 1000 - 100 } }),
        claimOf({ claims: { sub: 'bob' }, signIn: { subjectInAccessToken: true } }),
        claimOf({ claims: { sub: 'bob' }, subject: { subject: 'idToken' } }),
      ]),
      ['none', 'iss', 'aud', 'scope', 'none', 'sub', 'sub'],
    );
  });
});

describe('settings of an exchange', () => {
  const problems = (source: typeof tokenExchange, settings: object): readonly string[] => {
    const parsed = source.settings.safeParse(settings);
    return parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.'));
  };
  const pool = { pool: 'staff', provider: 'lab', userProject: 'sales-1' };

  test('take an https address, or http on this machine, and nothing else', () => {
    const endpoints = [
      'https://dbc-1.cloud.databricks.com/oidc/v1/token',
      'http://127.0.0.1:8080/token',
      'http://sts.example/token',
      'https://user@sts.example/token',
      'ftp://sts.example/token',
      'sts.example',
    ];
    assert.deepEqual(
      endpoints.map((endpoint) =>
        [tokenExchange, gcpWorkforce].map((source) => problems(source, endpointOf(source, endpoint))),
      ),
      [[[], []], [[], []], ...Array.from({ length: 4 }, () => [['endpoint'], ['endpoint']])],
    );
  });

  const endpointOf = (source: typeof tokenExchange, endpoint: string): object =>
    source === gcpWorkforce ? { ...pool, endpoint } : { endpoint };

  test('say no where two of them do not go together', () => {
    assert.deepEqual(
      [
        problems(tokenExchange, { clientId: 'sp' }),
        problems(tokenExchange, { clientId: 'sp', endpoint: 'https://sts.example/token' }),
        problems(tokenExchange, { requestedTokenType: tokenTypes.refreshToken }),
        problems(tokenExchange, { subjectTokenType: 'jwt' }),
        problems(tokenExchange, { subject: 'idToken', subjectAudience: 'x' }),
        problems(gcpWorkforce, { ...pool, subjectScopes: ['x'] }),
        problems(gcpWorkforce, { ...pool, pool: 'staff/providers/other' }),
        problems(gcpWorkforce, { ...pool, scopes: [] }),
      ],
      [['clientId'], [], ['requestedTokenType'], ['subjectTokenType'], ['subject'], ['subject'], ['pool'], ['scopes']],
    );
  });

  test('say whether the other side sees the person: not behind a client id, which names a service principal', () => {
    const seen = (source: typeof tokenExchange, settings: object) => source.runsAs(source.settings.parse(settings));
    const endpoint = 'https://sts.example/token';
    assert.deepEqual(
      [
        seen(tokenExchange, {}),
        seen(tokenExchange, { endpoint }),
        seen(tokenExchange, { endpoint, clientId: 'reporting-principal' }),
        seen(gcpWorkforce, pool),
      ],
      ['user', 'user', 'shared', 'user'],
    );
  });

  test('say what the sign-in is asked for and to whom tokens go', () => {
    const facts = (source: typeof tokenExchange, settings: object) => {
      const parsed = source.settings.parse(settings);
      return { wants: source.wants(parsed, { scopes: ['sql'] }), hosts: source.hosts?.(parsed) };
    };
    assert.deepEqual(
      [
        facts(tokenExchange, {}),
        facts(tokenExchange, {
          endpoint: 'https://DBC-1.cloud.databricks.com:8443/oidc/v1/token',
          subjectAudience: 'databricks',
          subjectScopes: ['exchange'],
        }),
        facts(gcpWorkforce, pool),
      ],
      [
        { wants: { audience: undefined, scopes: [] }, hosts: [] },
        { wants: { audience: 'databricks', scopes: ['exchange'] }, hosts: ['dbc-1.cloud.databricks.com:8443'] },
        { wants: { audience: undefined, scopes: [] }, hosts: ['sts.googleapis.com'] },
      ],
    );
  });
});
