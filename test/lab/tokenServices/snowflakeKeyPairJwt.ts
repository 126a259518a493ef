import { createHash, type KeyObject, verify } from 'node:crypto';

/** Why a key-pair JWT is not taken: the codes of SYSTEM$GET_LOGIN_FAILURE_DETAILS. */
export type KeyPairProblem =
  | '390144' // general
  | '394300' // unknown user in the issuer
  | '394301' // no issue time or no expiration time
  | '394302' // issue time
  | '394303' // expired
  | '394304' // fingerprint
  | '394305' // algorithm
  | '394306' // signature
  | '394307'; // account

export interface KeyPairTrust {
  /** As the URL of the request names it: upper case. */
  readonly account: string;
  /** Public keys by the user's name in upper case. */
  readonly keys: ReadonlyMap<string, readonly KeyObject[]>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type VerifiedKeyPair = { readonly user: string } | { readonly problem: KeyPairProblem };

const seconds = (value: unknown): number | undefined =>
  // Milliseconds, which the real one takes as well, are not taken here: nobody is to lean on them.
  typeof value === 'number' && Number.isInteger(value) && value < 1e11 ? value : undefined;

/**
 * A key-pair JWT as Snowflake checks it at a login (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating,
 * https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting): within 60 seconds of its issue, and at most an hour.
 */
export function verifyKeyPairJwt(token: string, { account, keys, now }: KeyPairTrust): VerifiedKeyPair {
  const refused = (problem: KeyPairProblem): VerifiedKeyPair => ({ problem });
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const header = parsed(head);
  const claims = parsed(body);
  if (more.length > 0 || !header || !claims) return refused('390144');
  if (header['alg'] !== 'RS256') return refused('394305');
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || typeof sub !== 'string') return refused('390144');
  const [named = '', ...rest] = iss.split('.');
  const fingerprint = rest.pop() ?? '';
  const user = rest.join('.');
  if (named !== account) return refused('394307');
  const own = keys.get(user);
  if (!own) return refused('394300');
  const key = own.find((each) => fingerprintOf(each) === fingerprint);
  if (!key) return refused('394304');
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return refused('394306');
  if (sub !== `${account}.${user}`) return refused('390144');
  const [issuedAt, expiresAt] = [seconds(claims['iat']), seconds(claims['exp'])];
  if (issuedAt === undefined || expiresAt === undefined) return refused('394301');
  const time = now / 1000;
  if (issuedAt > time || issuedAt < time - 60) return refused('394302');
  if (Math.min(expiresAt, issuedAt + 3600) <= time) return refused('394303');
  return { user };
}

export function fingerprintOf(key: KeyObject): string {
  return `SHA256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`;
}

function parsed(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
