import { PassportError } from '../core/errors.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Header and claims of a JWT, without verifying it: that is for the system that the token is meant for. `undefined` for an opaque token. */
export function decodeJwt(token: string): { readonly header: Claims; readonly claims: Claims } | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts.slice(0, 2).map(decodePart);
  return header && claims && { header, claims };
}

function decodePart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

export interface Expectation {
  readonly connection: string;
  /** Settings path to look at when a claim differs. */
  readonly path: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly subject?: string | undefined;
  readonly scopes: readonly string[];
}

/**
 * Compares a JWT with what was asked for: present and different is an error, absent is unknown (Cognito has no `aud`).
 * Scopes may be called `scp` (Entra ID, Snowflake) or `scope` (RFC 9068), as text or as a list.
 * @throws PassportError DP-TOKEN-CLAIM that names the claim
 */
export function checkClaims(claims: Claims, expected: Expectation): void {
  const { connection, path } = expected;
  const differs = (claim: string, wanted: string, actual: unknown): PassportError =>
    new PassportError('DP-TOKEN-CLAIM', { connection, path, claim, expected: wanted, actual: shown(actual) });

  for (const [claim, wanted] of [
    ['iss', expected.issuer],
    ['sub', expected.subject],
  ] as const) {
    if (wanted !== undefined && claims[claim] !== undefined && claims[claim] !== wanted)
      throw differs(claim, wanted, claims[claim]);
  }
  const audiences = list(claims['aud']);
  if (expected.audience !== undefined && audiences && !audiences.includes(expected.audience)) {
    throw differs('aud', expected.audience, claims['aud']);
  }
  const name = claims['scp'] === undefined ? 'scope' : 'scp';
  const scopes = list(claims[name])?.flatMap((entry) => entry.split(' '));
  const missing = scopes && expected.scopes.find((scope) => !scopes.includes(scope));
  if (missing !== undefined) throw differs(name, missing, claims[name]);
}

function list(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : undefined;
}

/** Claims are not secret, but a provider may put anything into them. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return JSON.stringify(text.slice(0, 200));
}
