import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import type { Need, SignIn } from '../core/signIn.ts';
import { checkToken, type Expected } from './claims.ts';
import { tokenSource } from './source.ts';

const settings = () =>
  z.strictObject({
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

type Settings = z.output<ReturnType<typeof settings>>;

const wanted = (own: Settings, need: Need): Need => ({
  audience: own.audience ?? need.audience,
  scopes: own.scopes ?? need.scopes,
});

function expects({
  settings: own,
  need,
  signIn,
}: {
  settings: Settings;
  need: Need;
  signIn?: SignIn | undefined;
}): Expected {
  const subject = signIn?.subjectInAccessToken ? signIn.subject : undefined;
  return { ...wanted(own, need), issuer: signIn?.expectedIssuer, subject };
}

/**
 * The provider's own access token for the audience of the database (RFC 6749, RFC 8707, RFC 9068).
 * A JWT must carry the issuer, audience, subject and scopes that were asked for; opaque tokens are used as they are.
 */
export const accessToken = tokenSource<Settings>({
  label: 'Access token',
  about: 'The access token that your identity provider issues to you for the audience of the system.',
  specification: { title: 'RFC 6749, RFC 8707, RFC 9068', url: 'https://www.rfc-editor.org/rfc/rfc9068' },
  settings,
  from: 'signIn',
  runsAs: () => 'user',
  kinds: ['bearer'],
  gives: () => 'bearer',
  wants: wanted,
  expects,
  async mint({ settings: own, signIn, need, connection, path, replaced, signal }) {
    const { audience, scopes } = wanted(own, need);
    const { id, token, expiresAt } = await signIn.grant({ audience, scopes, signal, ...replaced });
    checkToken(token, { ...expects({ settings: own, need, signIn }), connection, path });
    return credential({ kind: 'bearer', token }, { id, expiresAt, subject: signIn.subject, audience });
  },
});
