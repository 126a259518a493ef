import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { asPassportError, type ErrorFacts } from '../../src/core/errors.ts';
import { type Exchange, exchangeForm, type ExchangeTerms, readExchange } from '../../src/tokens/exchange.ts';
import { tokenTypes } from '../../src/tokens/tokenTypes.ts';
import { saidBy, unsigned } from './outcome.ts';

const now = Date.parse('2026-11-27T10:00:00Z');
const path = 'dataPassport.connections.sales.token';
const subject = 'subject-token-canary';
const token = 'exchanged-token-canary';

interface Reading {
  readonly body?: unknown;
  readonly text?: string;
  readonly status?: number;
  readonly exchange?: Partial<Exchange>;
  readonly widerScopes?: readonly string[];
}

function read({ body, text = JSON.stringify(body), status = 200, exchange, widerScopes = [] }: Reading) {
  const known: string[] = [];
  const terms: ExchangeTerms = {
    exchange: { subjectToken: subject, subjectTokenType: tokenTypes.jwt, scopes: ['sql'], ...exchange },
    widerScopes,
    service: 'sts.example',
    connection: 'sales',
    path,
    scopesPath: `${path}.allowWiderScopes`,
    ports: { clock: { now: () => now }, fetch: () => assert.fail('no network here'), know: (each) => known.push(each) },
  };
  return { known, outcome: () => readExchange({ status, headers: new Headers(), text }, terms) };
}

function failure(reading: Reading): ErrorFacts {
  try {
    read(reading).outcome();
  } catch (thrown) {
    return saidBy(asPassportError(thrown), [subject, token]);
  }
  return assert.fail('it was taken');
}

const good = {
  access_token: token,
  issued_token_type: tokenTypes.accessToken,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'sql',
};
const params = { service: 'sts.example', connection: 'sales', path };
const answer = (problem: string): ErrorFacts => ({ code: 'DP-TOKEN-SERVICE-ANSWER', params: { ...params, problem } });
const refused = (error: string): ErrorFacts => ({
  code: 'DP-EXCHANGE-REFUSED',
  params: { ...params, error, audience: '(none)', scopes: 'sql' },
});
const wider = (granted: string): ErrorFacts => ({
  code: 'DP-EXCHANGE-SCOPE',
  params: { ...params, granted, path: `${path}.allowWiderScopes` },
});
const taken = { token, type: tokenTypes.accessToken, expiresAt: new Date(now + 3_600_000) };

describe('the request for an exchange', () => {
  test('has the fields of RFC 8693 that are known, and no empty ones', () => {
    const least = exchangeForm({ subjectToken: subject, subjectTokenType: tokenTypes.jwt, scopes: [] });
    const most = exchangeForm({
      subjectToken: subject,
      subjectTokenType: tokenTypes.idToken,
      requestedTokenType: tokenTypes.jwt,
      audience: 'warehouse',
      resource: 'https://warehouse.example',
      scopes: ['a', 'b'],
      // What a service adds of its own never replaces what the protocol has.
      more: { client_id: 'me', grant_type: 'password', absent: undefined },
    });
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: subject };
    assert.deepEqual(
      [Object.fromEntries(least), Object.fromEntries(most)],
      [
        { ...grant, subject_token_type: tokenTypes.jwt },
        {
          ...grant,
          client_id: 'me',
          subject_token_type: tokenTypes.idToken,
          requested_token_type: tokenTypes.jwt,
          audience: 'warehouse',
          resource: 'https://warehouse.example',
          scope: 'a b',
        },
      ],
    );
  });
});

describe('the answer to an exchange is taken', () => {
  const cases: readonly (readonly [title: string, reading: Reading, expected: object])[] = [
    ['as RFC 8693 has it', { body: good }, taken],
    ['whatever the case of token_type', { body: { ...good, token_type: 'bEARER' } }, taken],
    ['with N_A, as for a token that is no access token', { body: { ...good, token_type: 'N_A' } }, taken],
    [
      'without issued_token_type where no type was requested',
      { body: { ...good, issued_token_type: undefined } },
      taken,
    ],
    [
      'with the type that was requested, whichever it is',
      { body: { ...good, issued_token_type: 'urn:x:own' }, exchange: { requestedTokenType: 'urn:x:own' } },
      { ...taken, type: 'urn:x:own' },
    ],
    ['without a scope, which then is as requested', { body: { ...good, scope: undefined } }, taken],
    ['with a wider scope that is allowed', { body: { ...good, scope: 'sql email' }, widerScopes: ['email'] }, taken],
    ['with any scope where none was requested', { body: { ...good, scope: 'all' }, exchange: { scopes: [] } }, taken],
    [
      'with the short name of a scope of Microsoft Entra ID',
      { body: { ...good, scope: 'read' }, exchange: { scopes: ['api://x/read'] } },
      taken,
    ],
    ['without an end', { body: { ...good, expires_in: undefined } }, { ...taken, expiresAt: undefined }],
    ['with an end as text', { body: { ...good, expires_in: '60' } }, { ...taken, expiresAt: new Date(now + 60_000) }],
    ['with an end that says nothing', { body: { ...good, expires_in: -1 } }, { ...taken, expiresAt: undefined }],
  ];
  for (const [title, reading, expected] of cases) {
    test(title, () => assert.deepEqual(read(reading).outcome(), expected));
  }

  test('with the end of the token itself where the answer has none', () => {
    const own = unsigned({ exp: now / 1000 + 60 });
    const body = { ...good, access_token: own, expires_in: undefined };
    assert.deepEqual(read({ body }).outcome(), { ...taken, token: own, expiresAt: new Date(now + 60_000) });
  });

  test('and every further token in it is known to the redactor, also in an answer that is refused', () => {
    const body = { ...good, refresh_token: 'refresh-canary', id_token: 'id-canary', token_type: 'mac' };
    const { known, outcome } = read({ body });
    assert.throws(outcome);
    // The wanted one is made known by mint.ts.
    assert.deepEqual(known, ['refresh-canary', 'id-canary']);
  });
});

describe('the answer to an exchange is refused', () => {
  const cases: readonly (readonly [title: string, reading: Reading, expected: ErrorFacts])[] = [
    ['that is no JSON', { text: '<title>Welcome</title>' }, answer('it has no access_token')],
    ['that is empty', { text: '' }, answer('it has no access_token')],
    ['that is a list', { body: [good] }, answer('it has no access_token')],
    ['with an empty token', { body: { ...good, access_token: '' } }, answer('it has no access_token')],
    ['with a token that is no text', { body: { ...good, access_token: 7 } }, answer('it has no access_token')],
    [
      'that hands the subject token back',
      { body: { ...good, access_token: subject } },
      answer('it is the token that was to be exchanged'),
    ],
    [
      'with a token that needs a proof',
      { body: { ...good, token_type: 'DPoP' } },
      answer('its token_type is neither Bearer nor N_A'),
    ],
    [
      'without token_type',
      { body: { ...good, token_type: undefined } },
      answer('its token_type is neither Bearer nor N_A'),
    ],
    [
      'with another type than the requested one',
      {
        body: { ...good, issued_token_type: tokenTypes.jwt },
        exchange: { requestedTokenType: tokenTypes.accessToken },
      },
      answer('its issued_token_type is not the requested one'),
    ],
    [
      'without a type where one was requested',
      { body: { ...good, issued_token_type: undefined }, exchange: { requestedTokenType: tokenTypes.accessToken } },
      answer('it has no issued_token_type'),
    ],
    [
      'without a type where it is no access token',
      { body: { ...good, issued_token_type: undefined, token_type: 'N_A' } },
      answer('it has no issued_token_type'),
    ],
    [
      'with a refresh token that nobody requested',
      { body: { ...good, issued_token_type: tokenTypes.refreshToken } },
      answer('its issued_token_type is none that can be sent to a system'),
    ],
    ['with a wider scope', { body: { ...good, scope: 'sql all-apis admin' } }, wider('all-apis, admin')],
    ['with a wider scope as a list', { body: { ...good, scope: ['sql', 'all-apis'] } }, wider('all-apis')],
    [
      'with a wider scope in the token alone',
      { body: { ...good, scope: undefined, access_token: unsigned({ scp: ['sql'], scope: 'sql all-apis' }) } },
      wider('all-apis'),
    ],
    [
      'with a scope that has a token in it, which is not repeated',
      { body: { ...good, scope: `sql ${subject} x\u0007` } },
      wider('an unreadable scope, an unreadable scope'),
    ],
    [
      'with less than was requested',
      { body: { ...good, scope: 'sql' }, exchange: { scopes: ['sql', 'genie'] } },
      {
        code: 'DP-TOKEN-CLAIM',
        params: { connection: 'sales', path, claim: 'scope', expected: 'genie', actual: '"sql"' },
      },
    ],
    [
      'with an error, in a word',
      { status: 400, body: { error: 'invalid_grant', error_description: `no ${subject}` } },
      refused('invalid_grant'),
    ],
    ['with an error and status 200', { body: { error: 'invalid_target' } }, refused('invalid_target')],
    ['with an error that is no word', { status: 400, body: { error: `no ${subject}` } }, refused('an unknown error')],
    ['with status 400 and nothing else', { status: 400, text: '' }, refused('HTTP status 400')],
    [
      'with status 401 and an error of its own',
      { status: 401, body: { error: { code: 7 } } },
      refused('HTTP status 401'),
    ],
    ['with status 404', { status: 404, text: 'Not Found' }, answer('HTTP status 404')],
    ['with a redirect', { status: 302, text: '' }, answer('HTTP status 302, a redirect')],
  ];
  for (const [title, reading, expected] of cases) test(title, () => assert.deepEqual(failure(reading), expected));

  test('and says for what audience and scopes it was', () => {
    const exchange = { audience: 'warehouse', resource: 'https://x.example', scopes: [] };
    const { params: said } = failure({ status: 400, body: { error: 'invalid_target' }, exchange });
    assert.deepEqual(said, { ...params, error: 'invalid_target', audience: 'warehouse', scopes: '(none)' });
  });
});
