import type { KeyObject } from 'node:crypto';

import { signedJwt } from '../signedJwt.ts';

/**
 * Seconds that `iat` lies in the past. Snowflake refuses one in the future and, since it wants to see a JWT within 60 s of its
 * issue (error 394302), one that is old: so this machine's clock may be ahead by as much as this.
 */
const BACKDATED = 10;
/**
 * Seconds in which a JWT may be used first. Those that are left of the 60 are for the way to Snowflake and for a clock that is
 * behind.
 */
export const USE_WITHIN = 20;

export interface KeyPairClaims {
  /** `ACCOUNT.USER`, as {@link file://./account.ts} gives it. */
  readonly principal: string;
  /** `SHA256:` and Base64, of the public key. */
  readonly fingerprint: string;
  /** From `iat` to `exp`; Snowflake takes an hour at most for good, whatever a JWT says. */
  readonly lifetimeSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The JWT by which a user's key logs in to Snowflake (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating). */
export function keyPairJwt(key: KeyObject, { principal, fingerprint, lifetimeSeconds, now }: KeyPairClaims): string {
  // In seconds: milliseconds are documented too, but only Snowflake's own drivers use them.
  const iat = Math.floor(now / 1000) - BACKDATED;
  return signedJwt(key, { iss: `${principal}.${fingerprint}`, sub: principal, iat, exp: iat + lifetimeSeconds });
}
