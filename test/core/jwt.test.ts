import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeJwt } from '../../src/core/jwt.ts';

const header = { alg: 'none' };
const token = (...parts: readonly unknown[]): string =>
  [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'signature'].join('.');

test('Header and claims come out of a JSON Web Token and out of nothing else', () => {
  const claims = { sub: 'alice', name: 'Zoë', odd: '>>>???' };
  assert.deepEqual(decodeJwt(token(header, claims)), { header, claims });
  for (const opaque of [
    '',
    'opaque',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    token(header, [1]),
    token(header, null),
    token('text', {}),
  ]) {
    assert.equal(decodeJwt(opaque), undefined, opaque);
  }
});
