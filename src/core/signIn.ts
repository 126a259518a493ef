import type { Discontent } from './credentialCache.ts';

/** What token sources see of the user's sign-in at one identity provider: a port, so that they never know a provider. */
export interface SignIn {
  /** Id of the identity provider in the settings. */
  readonly provider: string;
  /** `iss` that access tokens of this provider carry, when it is known. */
  readonly expectedIssuer: string | undefined;
  /** `sub` of the signed-in user, and whether access tokens carry the same one (pairwise subjects differ). */
  readonly subject: string;
  readonly subjectInAccessToken: boolean;
  /**
   * An access token for this audience and these scopes: one at hand that is still good, or a fresh one from the provider.
   *
   * Grants of one sign-in are queued, in whichever window: a rotating refresh token must never be spent twice.
   * @throws PassportError DP-SIGN-IN-ENDED, DP-PROVIDER-UNREACHABLE, DP-PROVIDER-REFUSED, DP-SIGN-IN-OTHER-USER
   */
  grant(request: GrantRequest): Promise<GrantedToken>;
  /**
   * The ID token (OpenID Connect Core section 2): for systems that take it as a credential. One at hand that is still good, or
   * that of a renewed sign-in.
   * @throws PassportError DP-ID-TOKEN where a renewal gives none; whatever {@link SignIn.grant} throws
   */
  idToken(wish: Discontent & { readonly signal?: AbortSignal | undefined }): Promise<GrantedToken>;
  /**
   * Posts a form to the provider's own token endpoint, authenticated as the client, for grants that spend no refresh token
   * (RFC 8693). The answer is the endpoint's own, refusals included, read whole and bounded.
   * @throws PassportError DP-PROVIDER-UNREACHABLE, DP-PROVIDER-CERTIFICATE, DP-PROVIDER-METADATA, DP-CLIENT-SECRET
   */
  tokenEndpoint(form: URLSearchParams, signal?: AbortSignal): Promise<Response>;
}

export interface GrantRequest extends Discontent {
  readonly audience?: string | undefined;
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** An access token of the provider: the same one for every window until it is renewed. */
export interface GrantedToken {
  /** Names it where its end or its rejection is spoken of. Random; says nothing about the token. */
  readonly id: string;
  readonly token: string;
  readonly expiresAt?: Date | undefined;
  /** What was granted, when the provider says so (RFC 6749 section 5.1: absent means as asked). */
  readonly scopes?: readonly string[] | undefined;
}

/** What a connection wants of a token source. */
export interface Need {
  readonly audience?: string | undefined;
  readonly scopes: readonly string[];
}
