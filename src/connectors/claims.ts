import { decodeJwt } from '../core/jwt.ts';
import { serverText } from './serverText.ts';

/** Who issued a token for what and whom, for the detail of a refusal. Says nothing that a log may not hold. */
export function describeToken(token: string, now = Date.now()): string {
  const claims = decodeJwt(token)?.claims;
  if (!claims) return 'The token is opaque, so its issuer, audience and end are not known here.';
  const { iss, aud, sub, exp } = claims;
  const named = Object.entries({ iss, aud, sub }).map(([name, value]) => `${name} ${shown(value)}`);
  return `The token has ${[...named, `exp ${endOf(exp, now)}`].join(', ')}.`;
}

/** Name of the person in a token, for messages. */
export function personIn(token: string): string | undefined {
  const claims = decodeJwt(token)?.claims;
  const name = claims?.['preferred_username'] ?? claims?.['email'] ?? claims?.['sub'];
  return typeof name === 'string' ? serverText(name, 200) : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value).slice(0, 200);
}

function endOf(exp: unknown, now: number): string {
  if (typeof exp !== 'number' || !Number.isFinite(exp) || Math.abs(exp) > 8e12) return '(none)';
  return `${new Date(exp * 1000).toISOString()} (${exp * 1000 <= now ? 'over' : 'still good'})`;
}
