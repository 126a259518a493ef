import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { checkClaims } from '../../src/tokens/claims.ts';
import { unsigned } from './outcome.ts';

const expected = {
  connection: 'sales',
  path: 'dataPassport.connections.sales.token',
  issuer: 'https://idp.example',
  audience: 'https://db.example',
  subject: 'alice',
  scopes: ['session:role:ANALYST'],
};
const good = {
  iss: 'https://idp.example',
  aud: 'https://db.example',
  sub: 'alice',
  scp: ['session:role:ANALYST', 'other'],
};

test('claims that are as asked for, or absent, pass', () => {
  const passing = [
    good,
    {},
    { aud: ['https://other.example', 'https://db.example'] },
    { scope: 'openid session:role:ANALYST' },
    { scp: 'session:role:ANALYST' },
    { ...good, scope: 'something else', scp: ['session:role:ANALYST'] },
  ];
  for (const claims of passing) checkClaims(claims, expected);
});

test('a scope that names its resource, as Microsoft Entra ID wants it, is granted by its short name', () => {
  const scopes = ['api://warehouse/session:role:ANALYST', 'https://database.windows.net/.default'];
  checkClaims({ scp: 'session:role:ANALYST' }, { ...expected, scopes });
  assert.throws(() => checkClaims({ scp: 'session:role:OTHER' }, { ...expected, scopes }), PassportError);
});

for (const [name, claims, claim] of [
  ['another issuer', { ...good, iss: 'https://evil.example' }, 'iss'],
  ['an issuer with a final slash', { ...good, iss: 'https://idp.example/' }, 'iss'],
  ['another audience', { ...good, aud: 'https://other.example' }, 'aud'],
  ['no audience of several', { ...good, aud: ['a', 'b'] }, 'aud'],
  ['another subject', { ...good, sub: 'bob' }, 'sub'],
  ['a missing scope', { ...good, scp: ['other'] }, 'scp'],
  ['a scope that only begins alike', { ...good, scp: undefined, scope: 'session:role:ANALYST2' }, 'scope'],
] as const) {
  test(`${name} is refused, and the error names ${claim}`, () => {
    assert.throws(
      () => checkClaims(claims, expected),
      (error) => error instanceof PassportError && error.code === 'DP-TOKEN-CLAIM' && error.params['claim'] === claim,
    );
  });
}

test('only a JWT is taken for one', () => {
  assert.deepEqual(decodeJwt(unsigned({ sub: 'alice' })), { header: { alg: 'RS256' }, claims: { sub: 'alice' } });
  for (const text of ['opaque', 'a.b', 'a.b.c', unsigned(2, 1), unsigned([], {})])
    assert.equal(decodeJwt(text), undefined);
});
