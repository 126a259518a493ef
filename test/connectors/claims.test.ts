import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeToken, personIn } from '../../src/connectors/claims.ts';
import { fillFromClaims } from '../../src/core/claimTemplate.ts';

const token = (claims: unknown): string =>
  ['{"alg":"none"}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

test('A template is filled with claims, or names the first that is missing', () => {
  const claims = { email: 'alice@lab.example', uid: 7, empty: '', roles: ['a'], 'https://x.example/name': 'al' };
  assert.deepEqual(
    [
      'plain',
      '{email}',
      '{uid}@corp',
      '{https://x.example/name}',
      '{empty}',
      '{roles}',
      '{upn}{email}',
      '{toString}',
      '{}',
    ].map((template) => fillFromClaims(template, claims)),
    [
      { text: 'plain' },
      { text: 'alice@lab.example' },
      { text: '7@corp' },
      { text: 'al' },
      { missing: 'empty' },
      { missing: 'roles' },
      { missing: 'upn' },
      { missing: 'toString' },
      { text: '{}' },
    ],
  );
  assert.deepEqual(fillFromClaims('{email}', undefined), { missing: 'email' });
});

test('A token is described by what it says of itself, never by itself', () => {
  const exp = Date.UTC(2026, 0, 2) / 1000;
  const good = token({ iss: 'https://issuer.example', aud: ['a', 'b'], sub: 'alice', exp });
  assert.equal(
    describeToken(good, Date.UTC(2026, 0, 1)),
    'The token has iss "https://issuer.example", aud ["a","b"], sub "alice", exp 2026-01-02T00:00:00.000Z (still good).',
  );
  assert.match(describeToken(good, Date.UTC(2026, 0, 3)), /\(over\)\.$/);
  assert.equal(describeToken(token({ exp: 1e300 })), 'The token has iss (none), aud (none), sub (none), exp (none).');
  assert.equal(describeToken('opaque').includes('opaque,'), true);
  assert.equal(describeToken('s3cr3t-value').includes('s3cr3t'), false);
});

test('The person in a token goes by the most readable name', () => {
  assert.deepEqual(
    [{ preferred_username: 'p', email: 'e', sub: 's' }, { email: 'e', sub: 's' }, { sub: 's' }, {}].map((claims) =>
      personIn(token(claims)),
    ),
    ['p', 'e', 's', undefined],
  );
});
