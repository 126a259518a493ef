import type { IdentityProviderOptions } from '../identityProvider.ts';

/** Ports of the redirect addresses that a provider with exact ones knows. */
const registeredPorts = [49_717, 49_718, 49_719];

export interface Personality {
  /** What sets it apart, as the second half of "a provider that …". */
  readonly title: string;
  readonly options: IdentityProviderOptions;
  /** What a user's settings of the preset `oidc` need besides issuer and client id. */
  readonly settings: {
    readonly audienceParameter?: 'resource' | 'audience' | 'scope';
    readonly redirectPorts?: readonly number[];
  };
  readonly expects: {
    /** Whether a refresh gives a new refresh token. */
    readonly rotates: boolean;
    readonly revokes: 'yes' | 'no' | 'refused';
    /** Where the refresh asks for openid, or names no scope at all. */
    readonly idTokenOnRefresh: boolean;
    /** Whether the issuer is named in redirects (RFC 9207). */
    readonly namesIssuer: boolean;
    /** Opaque: ask `describeAccessToken` what it is for. */
    readonly accessToken: 'jwt' | 'opaque';
  };
}

export type PersonalityName = keyof typeof personalities;

const byTheBook: Personality['expects'] = {
  rotates: true,
  revokes: 'yes',
  idTokenOnRefresh: true,
  namesIssuer: true,
  accessToken: 'jwt',
};

/** One provider implementation behaving like those that people have. Each quirk was seen at a real provider. */
export const personalities = {
  byTheBook: {
    title: 'does everything by the book: rotation with reuse detection, resource indicators, iss in redirects',
    options: {},
    settings: {},
    expects: byTheBook,
  },
  exactRedirects: {
    title: 'compares redirect addresses exactly, port and path included, and shows an error page for any other',
    options: { fixedRedirectUris: registeredPorts.map((port) => `http://127.0.0.1:${port}/callback`) },
    settings: { redirectPorts: registeredPorts },
    expects: byTheBook,
  },
  noRotation: {
    title: 'lets the refresh token live and leaves it out of the answer',
    options: { rotate: false },
    settings: {},
    expects: { ...byTheBook, rotates: false },
  },
  emptyBodyErrors: {
    title: 'refuses token requests with an empty body',
    options: { tokenErrors: 'empty' },
    settings: {},
    expects: byTheBook,
  },
  invalidRequestErrors: {
    title: 'calls a dead refresh token invalid_request',
    options: { tokenErrors: 'invalidRequest' },
    settings: {},
    expects: byTheBook,
  },
  noRevocation: {
    title: 'has no revocation endpoint',
    options: { revocation: 'none' },
    settings: {},
    expects: { ...byTheBook, revokes: 'no' },
  },
  confidentialRevocation: {
    title: 'advertises revocation and refuses it to public clients',
    options: { revocation: 'confidential' },
    settings: {},
    expects: { ...byTheBook, revokes: 'refused' },
  },
  noNoneAuthMethod: {
    title: 'says nothing of public clients and refresh tokens in its metadata, but lists plain PKCE',
    options: {
      metadata: {
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        grant_types_supported: ['authorization_code'],
        code_challenge_methods_supported: ['plain', 'S256'],
      },
    },
    settings: {},
    expects: byTheBook,
  },
  opaqueAccessTokens: {
    title:
      'gives opaque access tokens for an audience that the scopes choose, refuses resource, and sends no ID token on refresh',
    options: { accessTokenFormat: 'opaque', audienceBy: 'scope', omitIdTokenOnRefresh: true },
    settings: { audienceParameter: 'scope' },
    expects: { ...byTheBook, idTokenOnRefresh: false, accessToken: 'opaque' },
  },
  slowConsent: {
    title: 'has slow pages and wants one more click to agree',
    options: { consentPage: true, pageMilliseconds: 60 },
    settings: {},
    expects: byTheBook,
  },
  doubleSlashUrls: {
    title: 'has // in every address of its metadata and no iss in redirects',
    options: { doubleSlashUrls: true, issuerParameter: false },
    settings: {},
    expects: { ...byTheBook, namesIssuer: false },
  },
  audienceParameter: {
    title: 'wants audience for resource, ends its issuer with a slash, and does not rotate until told to',
    options: { audienceBy: 'parameter', issuerSlash: true, rotate: false },
    settings: { audienceParameter: 'audience' },
    expects: { ...byTheBook, rotates: false },
  },
} as const satisfies Readonly<Record<string, Personality>>;

/** As a list, for tests that go through all of them. */
export const allPersonalities: readonly (readonly [PersonalityName, Personality])[] = Object.entries(
  personalities,
) as (readonly [PersonalityName, Personality])[];
