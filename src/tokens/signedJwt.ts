import { type KeyObject, sign } from 'node:crypto';

/**
 * A JWT signed with RS256 (RFC 7515, RFC 7519). Signed by node:crypto, which takes the key as it is: jose would export it first.
 * @param claims times in seconds since the epoch
 */
export function signedJwt(key: KeyObject, claims: object): string {
  const signed = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}
