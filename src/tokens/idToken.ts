import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import type { SignIn } from '../core/signIn.ts';
import { audienceField } from './audience.ts';
import { checkToken, endOf, type Expected } from './claims.ts';
import { tokenSource } from './source.ts';

const settings = () =>
  z.strictObject({
    audience: audienceField(
      'Audience (aud) that the ID token must have: the client id of the sign-in. Default: it is not compared.',
    ),
  });

type Settings = z.output<ReturnType<typeof settings>>;

function expects({
  settings: { audience },
  signIn,
}: {
  readonly settings: Settings;
  readonly signIn?: SignIn | undefined;
}): Expected {
  return { audience, issuer: signIn?.expectedIssuer, subject: signIn?.subject, scopes: [] };
}

/**
 * The ID token of the sign-in (OpenID Connect Core section 2), for systems that take it as a credential: MySQL with
 * `authentication_openid_connect`, Elasticsearch with a JWT realm for ID tokens. Its audience is always the client.
 */
export const idToken = tokenSource<Settings>({
  label: 'ID token',
  about: 'The ID token of your sign-in, for systems that take it instead of an access token.',
  specification: { title: 'OpenID Connect Core 1.0', url: 'https://openid.net/specs/openid-connect-core-1_0.html' },
  settings,
  from: 'signIn',
  runsAs: () => 'user',
  kinds: ['bearer'],
  gives: () => 'bearer',
  wants: () => ({ scopes: [] }),
  expects,
  async mint({ settings: own, signIn, connection, path, replaced, signal }) {
    const { id, token, expiresAt } = await signIn.idToken({ ...replaced, signal });
    checkToken(token, { ...expects({ settings: own, signIn }), connection, path });
    const facts = { id, expiresAt: endOf(token, expiresAt), subject: signIn.subject, audience: own.audience };
    return credential({ kind: 'bearer', token }, facts);
  },
});
