import assert from 'node:assert/strict';

import { type Credential, tokenOf } from '../../src/core/credential.ts';
import type { PassportError } from '../../src/core/errors.ts';
import { type Claims, decodeJwt } from '../../src/core/jwt.ts';

/** What a failure says, after a look for secrets in all of it. */
export function saidBy(error: PassportError, secrets: readonly string[]): object {
  const said = JSON.stringify([error.facts(), error.message, error.fix, error.stack, String(error.cause)]);
  for (const secret of secrets) assert.ok(!said.includes(secret), said);
  return error.facts();
}

export function tokenIn(credential: Credential): string {
  return tokenOf(credential.reveal()) ?? assert.fail('it is no token');
}

export function claimsIn(token: string): Claims {
  return decodeJwt(token)?.claims ?? {};
}

/** A JWT with these claims and no signature worth the name. */
export const unsigned = (claims: object): string =>
  [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
  '.c2lnbmF0dXJl';
