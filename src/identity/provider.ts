import type { Clock, Fetch } from '../core/ports.ts';
import type { DeviceCode } from './flows/flow.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { TokenSet } from './tokenSet.ts';

export type { Account, TokenSet } from './tokenSet.ts';

/** What is asked for in one request: at sign-in everything that connections may need, at a grant one audience. */
export interface TokenRequest {
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
}

/** What a sign-in asks for: everything that is consented to, and what its code is exchanged for. */
export interface SignInRequest {
  readonly all: TokenRequest;
  readonly first: TokenRequest;
  /** Who is expected to log in, for the provider's form. */
  readonly hint?: string | undefined;
}

/** A sign-in under way: the address to send the browser to, and how to finish with what came back. */
export interface Authorization {
  readonly url: string;
  readonly state: string;
  /** Exchanges the code of the redirect. Called once. @throws PassportError DP-SIGN-IN-REFUSED, -RESPONSE, DP-CLOCK, DP-PROVIDER-* */
  redeem(callback: URL): Promise<TokenSet>;
}

/** A device code, and the tokens once the user has confirmed it. */
export interface DeviceAuthorization extends DeviceCode {
  /** @throws PassportError DP-SIGN-IN-REFUSED, DP-SIGN-IN-EXPIRED, DP-PROVIDER-*; the signal's reason when it aborts */
  readonly tokens: Promise<TokenSet>;
}

/** One identity provider, over openid-client. Holds metadata and keys in memory, no tokens. */
export interface Provider {
  readonly description: ProviderDescription;
  authorize(redirectUri: string, request: SignInRequest): Promise<Authorization>;
  /** RFC 8628; polls as slowly as it is told. @throws PassportError DP-SIGN-IN-FLOW where the provider has no such endpoint */
  device(request: SignInRequest, signal: AbortSignal): Promise<DeviceAuthorization>;
  /** Spends a refresh token. @param subject who the answer must be for @throws PassportError DP-SIGN-IN-ENDED, DP-SIGN-IN-OTHER-USER, DP-CLOCK, DP-PROVIDER-* */
  refresh(refreshToken: string, wanted: TokenRequest, subject: string): Promise<TokenSet>;
  /** Posts a form to the token endpoint, authenticated as the client, and hands back what it said. @throws PassportError DP-PROVIDER-*, DP-CLIENT-SECRET */
  tokenEndpoint(form: URLSearchParams, signal?: AbortSignal): Promise<Response>;
  /** RFC 7009. False when the provider has no revocation endpoint. @throws PassportError DP-PROVIDER-* */
  revoke(refreshToken: string): Promise<boolean>;
  /** Page that ends the browser's session at the provider (OpenID Connect RP-Initiated Logout 1.0), without a token in it. */
  endSession(label: string): Promise<string | undefined>;
}

export interface ProviderDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** What the secret storage holds for the provider's client. */
  readonly clientSecret: () => Promise<string | undefined>;
}

/**
 * Opens nothing yet: openid-client is loaded with the first request, which for somebody who is signed in may be an hour away.
 */
export function openProvider(description: ProviderDescription, deps: ProviderDeps): Provider {
  let loading: Promise<Provider> | undefined;
  function party(): Promise<Provider> {
    loading ??= import('./relyingParty.ts').then(({ relyingParty }) => relyingParty(description, deps));
    return loading;
  }
  return {
    description,
    authorize: async (...request) => (await party()).authorize(...request),
    device: async (...request) => (await party()).device(...request),
    refresh: async (...request) => (await party()).refresh(...request),
    tokenEndpoint: async (...request) => (await party()).tokenEndpoint(...request),
    revoke: async (...request) => (await party()).revoke(...request),
    endSession: async (...request) => (await party()).endSession(...request),
  };
}
