import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { type Credential, tokenOf } from '../../src/core/credential.ts';
import type { ErrorFacts, PassportError } from '../../src/core/errors.ts';
import { type Claims, decodeJwt } from '../../src/core/jwt.ts';

/** What a failure says, after a look for secrets in everything that it can show, its stack and its causes among it. */
export function saidBy(error: PassportError, secrets: readonly string[]): ErrorFacts {
  const { message, fix, detail, params } = error;
  const said = [message, fix, detail, ...Object.values(params), JSON.stringify(error.facts())];
  const everything = [...said, inspect(error, { depth: Infinity, maxStringLength: Infinity })].join('\n');
  assert.deepEqual(
    secrets.filter((secret) => everything.includes(secret)),
    [],
  );
  return error.facts();
}

export function tokenIn(credential: Credential): string {
  return tokenOf(credential.reveal()) ?? assert.fail('it is no token');
}

export function claimsIn(token: string): Claims {
  return decodeJwt(token)?.claims ?? {};
}

/** A JWT with a signature that nobody made. */
export function unsigned(claims: unknown, header: unknown = { alg: 'RS256' }): string {
  const parts = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...parts, 'c2lnbmF0dXJl'].join('.');
}
