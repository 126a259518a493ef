import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import { decodeJwt } from '../core/jwt.ts';
import type { Need } from '../core/signIn.ts';
import { checkClaims } from './claims.ts';
import { tokenSource } from './source.ts';

const settings = z.strictObject({
  audience: z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.describe(
          'Audience (aud) that the database expects in the token. Default: what the connection type asks for, or none.',
        ),
      ),
  ),
  scopes: z.optional(
    z
      .array(z.string().check(z.minLength(1)))
      .check(
        z.describe(
          'Scopes of the token. Default: what the connection type asks for, such as session:role:<role> for Snowflake.',
        ),
      ),
  ),
});

type Settings = z.output<typeof settings>;

const wanted = (own: Settings, need: Need): Need => ({
  audience: own.audience ?? need.audience,
  scopes: own.scopes ?? need.scopes,
});

/**
 * The provider's own access token for the audience of the database (RFC 6749, RFC 8707, RFC 9068).
 * A JWT must carry the issuer, audience, subject and scopes that were asked for; opaque tokens are used as they are.
 */
export const accessToken = tokenSource<Settings>({
  label: 'Access token',
  settings,
  wants: wanted,
  async mint({ settings: own, signIn, need, connection, replaced }) {
    const { audience, scopes } = wanted(own, need);
    const { id, token, expiresAt } = await signIn.grant({ audience, scopes, ...replaced });
    const path = `dataPassport.connections.${connection}.token`;
    // RFC 6750 section 2.1: the only characters that a bearer token may have.
    if (!/^[\w.~+/-]+=*$/.test(token)) {
      const problem = token === '' ? 'it is empty' : 'it has characters that no token has';
      throw new PassportError('DP-TOKEN-INVALID', { source: 'accessToken', connection, problem, path });
    }
    const jwt = decodeJwt(token);
    if (jwt) {
      const subject = signIn.subjectInAccessToken ? signIn.subject : undefined;
      checkClaims(jwt.claims, { connection, path, issuer: signIn.expectedIssuer, audience, subject, scopes });
    }
    return credential({ kind: 'bearer', token }, { id, expiresAt, subject: signIn.subject, audience });
  },
});
