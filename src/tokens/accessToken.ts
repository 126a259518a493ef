import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import type { Need, SignIn } from '../core/signIn.ts';
import { askedFor, audienceField, scopesField } from './audience.ts';
import { checkToken, type Expected } from './claims.ts';
import { tokenSource } from './source.ts';

const settings = () =>
  z.strictObject({
    audience: audienceField(
      'Audience (aud) that the database expects in the token. Default: what the connection type asks for, or none.',
    ),
    scopes: scopesField(
      'Scopes of the token. Default: what the connection type asks for, such as session:role:<role> for Snowflake.',
    ),
  });

type Settings = z.output<ReturnType<typeof settings>>;

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
  return { ...askedFor(own, need), issuer: signIn?.expectedIssuer, subject };
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
  wants: askedFor,
  expects,
  async mint({ settings: own, signIn, need, connection, path, replaced, signal }) {
    const { audience, scopes } = askedFor(own, need);
    const { id, token, expiresAt } = await signIn.grant({ audience, scopes, signal, ...replaced });
    checkToken(token, { ...expects({ settings: own, need, signIn }), connection, path });
    return credential({ kind: 'bearer', token }, { id, expiresAt, subject: signIn.subject, audience });
  },
});
