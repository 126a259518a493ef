import { PassportError } from '../core/errors.ts';
import { type Claims, decodeJwt } from '../core/jwt.ts';

/** What a token should say, where that is known. */
export interface Expected {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly subject?: string | undefined;
  readonly scopes: readonly string[];
}

export interface Expectation extends Expected {
  readonly connection: string;
  /** Settings path to look at when a claim differs. */
  readonly path: string;
  /**
   * Milliseconds since the epoch: then a token that has ended, or has not begun, is refused. For tokens that somebody may have kept;
   * of one that was issued this moment only a wrong clock of this machine could say so.
   */
  readonly now?: number | undefined;
}

/** Seconds that clocks may differ by. */
const LEEWAY = 60;

/**
 * Compares a JWT with what was asked for. An opaque token passes as it is.
 * @throws PassportError DP-TOKEN-CLAIM that names the claim
 */
export function checkToken(token: string, expected: Expectation): void {
  const jwt = decodeJwt(token);
  if (jwt) checkClaims(jwt.claims, expected);
}

/**
 * Compares claims with what was asked for: present and different is an error, absent is unknown (Cognito has no `aud`).
 * Scopes may be called `scp` (Entra ID, Snowflake) or `scope` (RFC 9068), as text or as a list. Times: RFC 7519 section 4.1.
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
  const { name, scopes } = scopesIn(claims);
  const missing = scopes && expected.scopes.find((scope) => !isGranted(scope, scopes));
  if (missing !== undefined) throw differs(name, missing, claims[name]);
  if (expected.now === undefined) return;
  const now = expected.now / 1000;
  for (const [claim, wrong, wanted] of [
    ['exp', (time: number) => time <= now - LEEWAY, 'a time to come'],
    ['nbf', (time: number) => time > now + LEEWAY, 'a time that has come'],
  ] as const) {
    const time = claims[claim];
    if (typeof time === 'number' && wrong(time)) throw differs(claim, wanted, timeShown(time));
  }
}

/** The scopes of a token and the claim that has them; undefined where it says nothing of scopes. */
export function scopesIn(claims: Claims): { readonly name: 'scp' | 'scope'; readonly scopes?: readonly string[] } {
  const name = claims['scp'] === undefined ? 'scope' : 'scp';
  const scopes = list(claims[name])?.flatMap((entry) => entry.split(' '));
  return { name, ...(scopes && { scopes }) };
}

/** Microsoft Entra ID asks by `<resource>/<scope>` and grants `<scope>`; `.default` stands for whatever was consented to. */
export function isGranted(scope: string, granted: readonly string[]): boolean {
  const short = /^[a-z][a-z0-9+.-]*:\/\/.*\/([^/]+)$/i.exec(scope)?.[1];
  return granted.includes(scope) || short === '.default' || (short !== undefined && granted.includes(short));
}

/** The end of a token: counted from its receipt where the answer said how long, so that a wrong clock does no harm, else its own `exp`. */
export function endOf(token: string, answered: Date | undefined): Date | undefined {
  if (answered) return answered;
  const exp = decodeJwt(token)?.claims['exp'];
  return typeof exp === 'number' && Math.abs(exp) < 8e12 ? new Date(exp * 1000) : undefined;
}

function list(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : undefined;
}

function timeShown(seconds: number): string {
  return Math.abs(seconds) < 8e12 ? new Date(seconds * 1000).toISOString() : String(seconds);
}

/** Claims are not secret, but a provider may put anything into them. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return JSON.stringify(text.slice(0, 200));
}
