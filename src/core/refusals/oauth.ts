import type { KnownRefusal } from './refusal.ts';

const REFUSED = ['DP-PROVIDER-REFUSED', 'DP-SIGN-IN-REFUSED'] as const;

/**
 * Words of Okta, and the errors that every provider has (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707 section 2,
 * OpenID Connect Core section 3.1.2.6). Those of one provider come first.
 */
export const oauthRefusals = [
  {
    system: 'Okta',
    sign: 'User is not assigned to the client application',
    codes: REFUSED,
    says: /not assigned to the client application/i,
    who: 'identityProvider',
    cause: 'The application {clientId} is not assigned to this user.',
    fix: 'In the Admin Console open the application, Assignments, and assign the user or a group of theirs.',
  },
  {
    system: 'Okta',
    sign: 'Policy evaluation failed',
    codes: [...REFUSED, 'DP-SIGN-IN-ENDED'],
    says: /policy evaluation failed|no_matching_policy/i,
    who: 'identityProvider',
    cause:
      'No access policy of the authorization server has a rule for this client, this user and these scopes ({scopes}).',
    fix: 'Under Security, API, Authorization Servers, Access Policies: add a policy for the client {clientId} with a rule that allows authorization code, refresh token and the scopes.',
  },
  {
    system: 'Okta',
    sign: 'One or more scopes are not configured',
    codes: REFUSED,
    says: /scopes are not configured/i,
    who: 'identityProvider',
    cause: 'The authorization server does not know a scope that was asked for: {scopes}.',
    fix: 'Add the scopes under Security, API, Authorization Servers, Scopes. The server of the organization itself can not have scopes of your own: use a custom one as the issuer.',
  },
  {
    system: 'Okta',
    sign: "'redirect_uri' parameter must be a Login redirect URI",
    codes: [...REFUSED, 'DP-SIGN-IN-RESPONSE'],
    says: /redirect_uri|redirect URI/i,
    who: 'identityProvider',
    cause:
      'The redirect URI of the sign-in is not registered for the client {clientId}. Okta compares it as a whole, port included.',
    fix: 'Add {redirectUri} to the sign-in redirect URIs of the application, and set redirectPorts of the identity provider to the same ports.',
  },
  {
    system: 'every identity provider',
    sign: 'invalid_client',
    codes: REFUSED,
    says: /^invalid_client$/,
    where: { clientKind: /^secret$/ },
    who: 'user',
    cause:
      'The identity provider does not take the client secret, or does not know the client {clientId}. Snowflake says the same where a network policy keeps this address out. The secret is sent in the request body, never in HTTP Basic, so its encoding is not the reason.',
    fix: 'Run the command "Data Passport: Set Client Secret" and enter the secret anew, without spaces around it. If it stays, ask the administrator for a new one, and at Snowflake whether a network policy keeps your address out.',
    remedy: 'setClientSecret',
  },
  {
    system: 'every identity provider',
    sign: 'invalid_client (public client)',
    codes: REFUSED,
    says: /^invalid_client$/,
    who: 'identityProvider',
    cause:
      'The identity provider does not know the client {clientId}, or wants a secret from it. Snowflake says the same where a network policy keeps this address out.',
    fix: 'Check the client id in dataPassport.identityProviders.{providerId}. If it is right, register the application as a public (native) client with PKCE; at Snowflake look at the network policies too.',
  },
  {
    system: 'every identity provider',
    sign: 'unauthorized_client, unsupported_grant_type',
    codes: REFUSED,
    says: /^(?:unauthorized_client|unsupported_grant_type)$/,
    who: 'identityProvider',
    cause: 'The client {clientId} may not use this way of getting a token.',
    fix: 'Allow the grants authorization code and refresh token for the client, and device code where it is used.',
  },
  {
    system: 'every identity provider',
    sign: 'invalid_scope',
    codes: REFUSED,
    says: /^invalid_scope$/,
    who: 'identityProvider',
    cause: 'The client {clientId} may not ask for a scope, or the provider does not know it: {scopes}.',
    fix: 'Add the scopes to the authorization server and allow them for the client. If the provider calls them otherwise, correct token.scopes of the connection.',
  },
  {
    system: 'every identity provider',
    sign: 'invalid_target',
    codes: [...REFUSED, 'DP-EXCHANGE-REFUSED'],
    says: /^invalid_target$/,
    who: 'identityProvider',
    cause: 'The identity provider does not issue tokens for the audience {audience}, or not to this client.',
    fix: 'Register the audience (resource, API) {audience} and allow it for the client {clientId}. If the provider calls it otherwise, correct dataPassport.connections.{connection}.token.audience.',
  },
  {
    system: 'every identity provider',
    sign: 'access_denied',
    codes: REFUSED,
    says: /^access_denied$/,
    who: 'user',
    cause: 'The login ended without consent: you declined, or the account may not use the application.',
    fix: 'Sign in again with an account that may use the application, and agree. If it stays, have the account assigned to the application {clientId}.',
    remedy: 'signIn',
  },
  {
    system: 'every identity provider',
    sign: 'interaction_required, login_required, consent_required',
    codes: [...REFUSED, 'DP-SIGN-IN-ENDED'],
    says: /^(?:interaction_required|login_required|consent_required)$/,
    who: 'user',
    cause: 'The identity provider wants to see you before it gives another token.',
    fix: 'Run the command "Data Passport: Sign In".',
    remedy: 'signIn',
  },
  {
    system: 'every identity provider',
    sign: 'server_error, temporarily_unavailable',
    codes: REFUSED,
    says: /^(?:server_error|temporarily_unavailable)$/,
    who: 'nobody',
    cause: 'The identity provider has trouble of its own.',
    fix: 'Try again in a few minutes.',
  },
] as const satisfies readonly KnownRefusal[];
