import * as z from 'zod/mini';

import type { SignIn } from '../core/signIn.ts';
import { askedFor, audienceField, scopesField } from './audience.ts';
import type { Expected } from './claims.ts';
import { hostOf, serviceUrl } from './serviceUrl.ts';
import { type MintRequest, tokenSource } from './source.ts';
import { subjectFields, subjectNeed, subjectRule } from './subject.ts';
import { tokenTypes } from './tokenTypes.ts';

const text = (about: string) => z.optional(z.string().check(z.minLength(1), z.describe(about)));
/** RFC 8693 section 3: an absolute URI. */
const tokenType = (about: string) =>
  z.optional(
    z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+$/, 'must be a URI such as urn:…'), z.describe(about)),
  );

const settings = () =>
  z
    .strictObject({
      endpoint: z.optional(
        serviceUrl(
          'Token endpoint of the service that exchanges the token, such as https://<workspace>/oidc/v1/token for Databricks. Default: that of your identity provider.',
        ),
      ),
      subject: z
        ._default(z.enum(['accessToken', 'idToken']), 'accessToken')
        .check(z.describe('Which token of your sign-in is exchanged.')),
      ...subjectFields(),
      subjectTokenType: tokenType(
        'Type of the token that is exchanged, as the service wants it called. Databricks: urn:ietf:params:oauth:token-type:jwt. Default: urn:ietf:params:oauth:token-type:access_token or …:id_token.',
      ),
      requestedTokenType: tokenType(
        'Type of the token that is wanted; an answer with another one is refused. Default: none is asked for, and the service chooses.',
      ),
      audience: audienceField(
        'Audience (audience) that the service is asked for, and that a JWT must have. Default: what the connection type asks for, or none.',
      ),
      resource: text('Address of the system (resource, RFC 8707) where the service wants that instead of an audience.'),
      scopes: scopesField('Scopes of the exchanged token. Default: what the connection type asks for.'),
      allowWiderScopes: scopesField(
        'Scopes that the exchanged token may have although they were not asked for, such as profile and email that Keycloak adds. Default: none.',
      ),
      clientId: text(
        'Client id (client_id) for the endpoint. With Databricks it names a service principal: everybody who uses this connection is then that service principal, not themselves.',
      ),
    })
    .check(
      subjectRule(),
      z.refine(({ clientId, endpoint }) => clientId === undefined || endpoint !== undefined, {
        path: ['clientId'],
        error: 'is for an endpoint of its own; your identity provider knows the client already',
      }),
      z.refine(({ requestedTokenType }) => requestedTokenType !== tokenTypes.refreshToken, {
        path: ['requestedTokenType'],
        error: 'must not be a refresh token: it is no credential of a connection',
      }),
    );

export type TokenExchangeSettings = z.output<ReturnType<typeof settings>>;

/** Only what the identity provider itself issues can be held against the sign-in; RFC 8707 lets `aud` differ from a resource. */
export function expects({
  settings: own,
  need,
  signIn,
}: Pick<MintRequest<TokenExchangeSettings>, 'settings' | 'need'> & { readonly signIn?: SignIn | undefined }): Expected {
  const same = own.endpoint === undefined && (signIn?.subjectInAccessToken ?? false);
  return {
    ...askedFor(own, need),
    issuer: own.endpoint === undefined ? signIn?.expectedIssuer : undefined,
    subject: same ? signIn?.subject : undefined,
  };
}

/**
 * A token of the sign-in exchanged for another one (RFC 8693), at the identity provider or at the system's own token service.
 * What the services that people have want, as of November 2026:
 *
 * - Databricks (https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-exchange): `endpoint`
 *   `https://<workspace>/oidc/v1/token`, `subjectTokenType` `…:jwt`, scope `sql` or `all-apis`, no audience and no resource. The
 *   subject must be a JWT signed with RS256 or ES256 whose issuer and audience a federation policy names. With `clientId` the
 *   token is a service principal's. The token ends when the subject token ends.
 * - Okta (https://developer.okta.com/docs/guides/set-up-token-exchange/main/): the client must be a service app with a secret;
 *   `audience` is that of the custom authorization server, scopes are required, neither `openid` nor `offline_access`.
 * - Keycloak, standard token exchange V2 (https://www.keycloak.org/securing-apps/token-exchange): access tokens of the same realm
 *   only, no public client, and the client must be in the audience of the subject token; `audience` is the client id of the
 *   target. Default client scopes (`profile`, `email`) are granted on top: `allowWiderScopes`.
 * - PingOne (https://developer.pingidentity.com/pingone-api/auth/openid-connect-oauth-2/token-token_exchange.html): no public
 *   client; scopes of one custom resource choose the audience; `requestedTokenType` may only be `…:access_token`.
 * - Google Cloud has a source of its own: {@link file://./gcpWorkforce.ts}.
 */
export const tokenExchange = tokenSource<TokenExchangeSettings>({
  label: 'Token exchange',
  about:
    'Your identity provider, or the system itself, exchanges a token of your sign-in for one that the system takes.',
  specification: { title: 'RFC 8693', url: 'https://www.rfc-editor.org/rfc/rfc8693' },
  settings,
  from: 'signIn',
  // A client id at another endpoint names a service principal (Databricks).
  runsAs: ({ clientId }) => (clientId === undefined ? 'user' : 'shared'),
  kinds: ['bearer'],
  gives: () => 'bearer',
  wants: subjectNeed,
  expects,
  hosts: ({ endpoint }) => (endpoint === undefined ? [] : [hostOf(endpoint)]),
  load: () => import('./tokenExchange.mint.ts'),
});
