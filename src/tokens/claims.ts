import { PassportError } from '../core/errors.ts';
import type { Claims } from '../core/jwt.ts';

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
  const missing = scopes && expected.scopes.find((scope) => !isGranted(scope, scopes));
  if (missing !== undefined) throw differs(name, missing, claims[name]);
}

/** Microsoft Entra ID asks by `<resource>/<scope>` and grants `<scope>`; `.default` stands for whatever was consented to. */
function isGranted(scope: string, granted: readonly string[]): boolean {
  const short = /^[a-z][a-z0-9+.-]*:\/\/.*\/([^/]+)$/i.exec(scope)?.[1];
  return granted.includes(scope) || short === '.default' || (short !== undefined && granted.includes(short));
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
