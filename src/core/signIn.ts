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
   * An access token for this audience and these scopes, fresh from the provider.
   *
   * Grants of one sign-in are queued: a rotating refresh token must never be spent twice.
   * @throws PassportError DP-SIGN-IN-ENDED, DP-PROVIDER-UNREACHABLE, DP-PROVIDER-REFUSED, DP-SIGN-IN-OTHER-USER
   */
  grant(request: GrantRequest): Promise<GrantedToken>;
}

export interface GrantRequest {
  readonly audience?: string | undefined;
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface GrantedToken {
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
