import type { JWK } from 'jose';
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';

import { labUsers, type LabUser } from '../sampleData.ts';
import { audienceRules, type AudienceBy } from './audiences.ts';
import { deviceCodePage, deviceConfirmPage, messagePage, signOutPage } from './pages.ts';
import type { ProviderStore } from './store.ts';
import { exchangeGrant, type ExchangeLevers } from './tokenExchange.ts';

/** Public native client: no secret, PKCE, loopback redirects on any port (RFC 8252 section 7.3). */
export const labClientId = 'data-passport';
export const labClientName = 'Data Passport';

/** How the access token says its scopes: Snowflake External OAuth takes an array or a string with spaces. */
export type ScopeClaim = 'array' | 'string';

export interface ProviderQuirks {
  /** Exact redirect URIs, port included, as Okta, Auth0 and others demand; loopback ports are no longer free. */
  readonly fixedRedirectUris?: readonly string[];
  /** Besides the loopback ones, such as an editor's own URI scheme. */
  readonly extraRedirectUris?: readonly string[];
  /** Clients that are registered as the lab's own is, besides it. */
  readonly furtherClientIds?: readonly string[];
  /** The same refresh token lives on and the refresh answer has none. */
  readonly rotate?: boolean;
  readonly omitIdTokenOnRefresh?: boolean;
  readonly scopeClaim?: ScopeClaim;
  /** Every redirect URI that starts so is good, as Keycloak's `http://127.0.0.1/*`. */
  readonly redirectPrefixes?: readonly string[];
  /** The client is confidential: the secret is wanted in the body of every request with credentials. */
  readonly clientSecret?: string;
  /** A refresh token that was spent less than this ago may be spent once more; default 0. */
  readonly reuseGraceMilliseconds?: number;
  /** Refusals of the token endpoint: by the book, with nothing in them, or with a dead refresh token called `invalid_request`. */
  readonly tokenErrors?: 'byTheBook' | 'empty' | 'invalidRequest';
  /** `none`: no such endpoint. `confidential`: advertised, and refused to a client without a secret. */
  readonly revocation?: 'public' | 'confidential' | 'none';
  readonly accessTokenFormat?: 'jwt' | 'opaque';
  /** Default: `resource`. */
  readonly audienceBy?: AudienceBy;
  /** One more page with one more click. */
  readonly consentPage?: boolean;
  /** Each page takes this long. */
  readonly pageMilliseconds?: number;
  /** Every address in the metadata has `//` for the first `/` of its path, and works. */
  readonly doubleSlashUrls?: boolean;
  /** False: no `iss` in redirects, and nothing about it in the metadata. */
  readonly issuerParameter?: boolean;
  /** The issuer ends with `/`. */
  readonly issuerSlash?: boolean;
  /** The client may exchange its tokens (RFC 8693); what the levers say may change while the provider runs. Default: it may not. */
  readonly tokenExchange?: ExchangeLevers;
  /** Metadata that is published instead of what is so; `undefined` leaves a field out. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ConfigurationInput {
  readonly store: ProviderStore;
  readonly keys: readonly JWK[];
  readonly cookieKey: string;
  readonly accessTokenSeconds: () => number;
  readonly rotates: () => boolean;
  readonly clockAheadSeconds: () => number;
  readonly quirks: ProviderQuirks;
}

const loopbackRedirects = ['127.0.0.1', '[::1]', 'localhost'].flatMap((host) =>
  ['/', '/callback'].map((path) => `http://${host}${path}`),
);

export function findLabUser(name: unknown): LabUser | undefined {
  return labUsers.find((user) => user.name === name);
}

export function providerConfiguration(input: ConfigurationInput): Configuration {
  const { store, keys, cookieKey, accessTokenSeconds, rotates, clockAheadSeconds, quirks } = input;
  const redirects = quirks.fixedRedirectUris ?? [...loopbackRedirects, ...(quirks.extraRedirectUris ?? [])];
  const { accessTokenFormat: format = 'jwt', audienceBy: by = 'resource' } = quirks;
  const client = (id: string): ClientMetadata => ({
    client_id: id,
    client_name: labClientName,
    // A web client is the one whose redirect URIs are compared exactly.
    application_type: quirks.fixedRedirectUris === undefined ? 'native' : 'web',
    ...(quirks.clientSecret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_post', client_secret: quirks.clientSecret }),
    grant_types: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      ...(quirks.tokenExchange ? [exchangeGrant] : []),
    ],
    response_types: ['code'],
    redirect_uris: [...redirects],
    post_logout_redirect_uris: [...redirects],
  });

  return {
    adapter: (model) => store.adapterFor(model),
    jwks: { keys: [...keys] },
    cookies: { keys: [cookieKey] },
    clients: [labClientId, ...(quirks.furtherClientIds ?? [])].map(client),
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    rotateRefreshToken: () => rotates(),
    ...(by === 'parameter' && { extraParams: ['audience'] }),
    formats: {
      customizers: {
        jwt: (_context, _token, { payload }) => {
          for (const name of ['iat', 'exp']) {
            const value: unknown = payload[name];
            if (typeof value === 'number') payload[name] = value + clockAheadSeconds();
          }
        },
      },
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 14 * 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * 86_400,
      Session: 14 * 86_400,
    },
    findAccount: (_context, accountId) => {
      const user = findLabUser(accountId);
      return user === undefined
        ? undefined
        : {
            accountId,
            claims: () => ({
              sub: accountId,
              name: user.displayName,
              preferred_username: user.name,
              email: user.email,
              email_verified: true,
            }),
          };
    },
    extraTokenClaims: (_context, token) => {
      if (!('accountId' in token)) return undefined;
      const user = findLabUser(token.accountId);
      if (user === undefined) return undefined;
      const scopes = token.scope ?? '';
      return {
        preferred_username: user.name,
        email: user.email,
        name: user.displayName,
        scp: quirks.scopeClaim === 'string' ? scopes : scopes.split(' ').filter((scope) => scope !== ''),
      };
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    renderError: (context, out) => {
      html(context, messagePage('Sign-in failed', `${out.error}: ${out.error_description ?? 'no details'}`));
    },
    features: {
      devInteractions: { enabled: false },
      revocation:
        quirks.revocation === 'none'
          ? { enabled: false }
          : { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      resourceIndicators: { enabled: true, ...audienceRules({ by, format, accessTokenSeconds }) },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => html(context, signOutPage(inputsOf(form))),
        postLogoutSuccessSource: (context) => html(context, messagePage('Signed out', 'You can close this page.')),
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        userCodeInputSource: (context, form, _out, error) =>
          html(
            context,
            deviceCodePage({
              fields: inputsOf(form),
              ...(error === undefined ? {} : { problem: 'That code is not valid here. Try again.' }),
            }),
          ),
        userCodeConfirmSource: (...[context, form, client, , userCode]) =>
          html(context, deviceConfirmPage(client.clientName ?? client.clientId, userCode, inputsOf(form))),
        successSource: (context) =>
          html(context, messagePage('Device connected', 'You can close this page and go back to your device.')),
      },
    },
  };
}

function html(context: KoaContextWithOIDC, body: string): void {
  context.type = 'html';
  context.body = body;
}

/** The fields of a form that the provider built, for a form of our own that names no address. */
function inputsOf(form: string): string {
  return [...form.matchAll(/<input[^>]*>/gu)].map(([input]) => input).join('');
}
