import { PassportError } from '../core/errors.ts';

/** Claims of an ID token whose signature, issuer, audience, nonce and expiry openid-client has checked. */
export interface IdClaims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly at_hash?: unknown;
  readonly name?: unknown;
  readonly email?: unknown;
  readonly preferred_username?: unknown;
}

export interface IdTokenExpectation {
  readonly provider: string;
  readonly path: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Seconds by which the provider's clock is ahead. */
  readonly ahead: number;
  /** `sub` of the sign-in that is being renewed. */
  readonly subject?: string | undefined;
  readonly accessToken: string;
  /** JOSE algorithm of the ID token, which decides the hash of `at_hash`. */
  readonly algorithm: string;
}

const LEEWAY = 60;

/** The clock of this machine as the reason why a time did not fit, if it is off by more than any leeway. @param ahead seconds by which the provider's is ahead */
export function clockError(provider: string, ahead: number): PassportError | undefined {
  if (Math.abs(ahead) <= LEEWAY) return undefined;
  const [minutes, direction] = [String(Math.round(Math.abs(ahead) / 60)), ahead > 0 ? 'behind' : 'ahead'];
  return new PassportError('DP-CLOCK', { provider, minutes, direction });
}

/**
 * What openid-client leaves open: `iat` in the future, `at_hash` (OpenID Connect Core section 3.1.3.6), another `sub` on refresh (section 12.2).
 * @throws PassportError DP-SIGN-IN-RESPONSE, DP-SIGN-IN-OTHER-USER, DP-CLOCK
 */
export async function checkIdClaims(claims: IdClaims, expected: IdTokenExpectation): Promise<void> {
  const { provider, path } = expected;
  // Text it is, openid-client has seen to that; but nobody is called nothing.
  if (claims.sub === '') throw new PassportError('DP-SIGN-IN-RESPONSE', { provider, path, check: 'sub' });
  if (expected.subject !== undefined && claims.sub !== expected.subject) {
    throw new PassportError('DP-SIGN-IN-OTHER-USER', { provider });
  }
  // The refresh token is spent by now: a clock that was set wrong since must not cost its successor.
  const clock = expected.subject === undefined ? expected.now : expected.now + Math.max(0, expected.ahead);
  if (claims.iat > clock + LEEWAY) {
    throw (
      clockError(provider, expected.ahead) ?? new PassportError('DP-SIGN-IN-RESPONSE', { provider, path, check: 'iat' })
    );
  }
  if (
    claims.at_hash !== undefined &&
    claims.at_hash !== (await leftHalfHash(expected.accessToken, expected.algorithm))
  ) {
    throw new PassportError('DP-SIGN-IN-RESPONSE', { provider, path, check: 'at_hash' });
  }
}

/** Base64url of the left half of the token's hash; `undefined` for an algorithm without a defined hash. */
async function leftHalfHash(token: string, algorithm: string): Promise<string | undefined> {
  const bits =
    /^(?:RS|PS|ES)(256|384|512)$/.exec(algorithm)?.[1] ??
    (algorithm === 'EdDSA' || algorithm === 'Ed25519' ? '512' : undefined);
  if (bits === undefined) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(token)));
  return Buffer.from(hash.subarray(0, hash.length / 2)).toString('base64url');
}

/** How the user is called in the editor: e-mail or user name as the provider gives it, else the subject. */
export function accountLabel(claims: Pick<IdClaims, 'sub' | 'email' | 'preferred_username' | 'name'>): string {
  for (const value of [claims.email, claims.preferred_username, claims.name]) {
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return claims.sub;
}
