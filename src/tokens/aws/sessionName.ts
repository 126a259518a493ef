import { createHash } from 'node:crypto';

import type { Claims } from '../../core/jwt.ts';

/** What AWS allows: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
const LONGEST = 64;
const SHORTEST = 2;

/**
 * What the logs of AWS call the person: their e-mail address or user name where the token has one, else their subject.
 * Two people never get one name: where a name had to be changed, a hash of the subject stands behind it.
 */
export function sessionName(claims: Claims | undefined, subject: string): string {
  const label = labelIn(claims) ?? subject;
  const clean = label.replace(/[^\w+=,.@-]/g, '-').slice(0, LONGEST);
  // Somebody may be called what a changed name looks like.
  if (clean === label && label.length >= SHORTEST && !/=[\da-f]{8}$/.test(label)) return clean;
  const mark = `=${createHash('sha256').update(subject).digest('hex').slice(0, 8)}`;
  return clean.slice(0, LONGEST - mark.length) + mark;
}

function labelIn(claims: Claims = {}): string | undefined {
  // An address that the provider says nobody has shown to be theirs may be somebody else's.
  const email = claims['email_verified'] === false ? undefined : claims['email'];
  return [email, claims['preferred_username']].find(
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  );
}
