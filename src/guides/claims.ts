import { type GuideFacts, textIn } from './guide.ts';

/** How the access tokens of one kind of identity provider say things. */
export interface TokenHabits {
  /** Claims that name the user, best first. Empty: it depends on how the provider is set up. */
  readonly user: readonly string[];
  /** What whoever fills in the user claim should know, as sentences. */
  readonly userHint: string;
  /** Claim of the scopes, and what stands between them where it is text. */
  readonly scopes?: { readonly claim: 'scp' | 'scope'; readonly delimiter?: ' ' | undefined } | undefined;
  /** Its access tokens may carry another issuer than its metadata: what to look for. */
  readonly otherIssuer?: string | undefined;
  /** Its access tokens can not be checked by anybody else: why. */
  readonly opaque?: string | undefined;
  /** EXTERNAL_OAUTH_TYPE at Snowflake. */
  readonly snowflakeType: 'OKTA' | 'AZURE' | 'PING_FEDERATE' | 'CUSTOM';
  /** Where that is written down. */
  readonly source: string;
}

const RFC_9068: TokenHabits = {
  user: [],
  userHint:
    'Which claim names the user is up to the identity provider: "Data Passport: Show Token Claims" shows what the tokens have. RFC 9068 demands sub.',
  scopes: { claim: 'scope', delimiter: ' ' },
  snowflakeType: 'CUSTOM',
  source: 'https://www.rfc-editor.org/rfc/rfc9068#section-2.2',
};

/** By the name of the preset. What is not here follows RFC 9068, as far as is known. */
const habits: Readonly<Partial<Record<string, TokenHabits>>> = {
  okta: {
    user: ['sub'],
    userHint: 'The sub of an access token of Okta is the login of the user, usually an e-mail address.',
    scopes: { claim: 'scp' },
    snowflakeType: 'OKTA',
    source: 'https://docs.snowflake.com/en/user-guide/oauth-okta',
  },
  entra: {
    user: ['upn', 'preferred_username'],
    userHint:
      'upn is in v1.0 tokens; in v2.0 tokens it is an optional claim that the application must ask for. sub is of no use: it differs from application to application.',
    scopes: { claim: 'scp', delimiter: ' ' },
    otherIssuer:
      'v1.0 tokens (the default): https://sts.windows.net/<tenant id>/ with the slash; v2.0 tokens: https://login.microsoftonline.com/<tenant id>/v2.0. accessTokenAcceptedVersion (requestedAccessTokenVersion) of the application that stands for the database decides.',
    snowflakeType: 'AZURE',
    source: 'https://docs.snowflake.com/en/user-guide/oauth-azure',
  },
  pingfederate: {
    user: ['username'],
    userHint: 'The access token manager of PingFederate decides which attribute contract the token has.',
    scopes: { claim: 'scp' },
    snowflakeType: 'PING_FEDERATE',
    source: 'https://docs.snowflake.com/en/user-guide/oauth-pingfed',
  },
  keycloak: {
    user: ['preferred_username'],
    userHint: 'preferred_username is the user name in Keycloak; the client scope "profile" puts it into the token.',
    scopes: { claim: 'scope', delimiter: ' ' },
    snowflakeType: 'CUSTOM',
    source: 'https://www.keycloak.org/docs/latest/server_admin/#_client_scopes',
  },
  auth0: {
    user: ['sub'],
    userHint:
      'The sub of Auth0 is the id of the user, such as auth0|5f7c. A claim that an Action adds has a name with a namespace, such as https://example.com/email.',
    scopes: { claim: 'scope', delimiter: ' ' },
    snowflakeType: 'CUSTOM',
    source: 'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
  },
  cognito: {
    user: ['username'],
    userHint: 'username is the user name in the user pool. An access token of Amazon Cognito has no e-mail address.',
    scopes: { claim: 'scope', delimiter: ' ' },
    snowflakeType: 'CUSTOM',
    source:
      'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
  },
  google: {
    ...RFC_9068,
    opaque: 'Access tokens of Google are opaque: nobody but Google can check them.',
    source: 'https://docs.cloud.google.com/docs/authentication/token-types',
  },
};

/** What is known of the tokens of a connection's provider. */
export function habitsOf({ provider }: Pick<GuideFacts, 'provider'>): TokenHabits {
  return (provider && Object.hasOwn(habits, provider.preset) && habits[provider.preset]) || RFC_9068;
}

/** Claims that people are known by at databases, the most telling first. */
const TELLING: readonly string[] = ['upn', 'preferred_username', 'username', 'email'];

/** The claim that names the user: one that the token at hand has, or one that the provider is known for. */
export function userClaimOf(facts: GuideFacts): string | undefined {
  const { user } = habitsOf(facts);
  const names = facts.example?.names;
  if (!names) return user[0];
  return [...user, ...TELLING, 'sub'].find((claim) => names.includes(claim)) ?? user[0];
}

/** Whether somebody else than the provider issues the token: another token service, or whatever a program prints. */
const isForeign = ({ token }: GuideFacts): boolean =>
  token.source === 'command' || textIn(token.settings, 'endpoint') !== undefined;

/** `iss` of the tokens, where it is certain. */
export function issuerOf(facts: GuideFacts): string | undefined {
  const said = facts.example?.claims.iss;
  if (typeof said === 'string' && said !== '') return said;
  const isCertain = !isForeign(facts) && habitsOf(facts).otherIssuer === undefined;
  return isCertain ? facts.provider?.issuer : undefined;
}

/** Where the keys of the tokens' issuer are, where it is certain. */
export const keysOf = (facts: GuideFacts): string | undefined =>
  isForeign(facts) ? undefined : facts.provider?.jwksUri;

/** `aud` of the tokens: what they are asked for, or what the one at hand says. */
export function audiencesOf({ token, example }: GuideFacts): readonly string[] {
  const said = [example?.claims.aud].flat().filter((entry): entry is string => typeof entry === 'string');
  return said.length > 0 ? said : token.audience === undefined ? [] : [token.audience];
}

/** Where the scopes of the tokens are: as the one at hand has them, or as the provider is known for. */
export function scopesOf(facts: GuideFacts): TokenHabits['scopes'] {
  const claims = facts.example?.claims ?? {};
  const claim = (['scp', 'scope'] as const).find((name) => claims[name] !== undefined);
  if (!claim) return habitsOf(facts).scopes;
  return Array.isArray(claims[claim]) ? { claim } : { claim, delimiter: ' ' };
}

/** What is certain of a token of the sign-in that is exchanged for another one. */
export interface SubjectToken {
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly userClaim: string | undefined;
}

/** The token that a source exchanges. The one at hand is what it was exchanged for, and says nothing of it. */
export function subjectToken({ token, provider }: GuideFacts): SubjectToken {
  // The audience of an ID token is the client (OpenID Connect Core section 2).
  if (token.settings['subject'] === 'idToken')
    return { issuer: provider?.issuer, audience: provider?.clientId, userClaim: undefined };
  const { user, otherIssuer } = habitsOf({ provider });
  return {
    issuer: otherIssuer === undefined ? provider?.issuer : undefined,
    audience: textIn(token.settings, 'subjectAudience'),
    userClaim: user[0],
  };
}
