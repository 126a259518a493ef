import type { Discontent } from '../core/credentialCache.ts';
import type { Disposable } from '../core/ports.ts';
import type { GrantedToken, GrantRequest } from '../core/signIn.ts';
import type { Account, TokenRequest } from './provider.ts';
import type { SignInState } from './signInState.ts';

/** A fresh sign-in: its record, and the access token that came with it, good for one kind of request. */
export interface NewSignIn {
  readonly account: Account;
  readonly refreshToken?: string | undefined;
  readonly first: TokenRequest;
  /** Audiences and scopes that the login asked for. */
  readonly asked: readonly string[];
  readonly token: GrantedToken;
  /** The ID token that came with it, for connections that use it as their credential. */
  readonly idToken?: GrantedToken | undefined;
}

export type IdTokenRequest = Discontent & { readonly signal?: AbortSignal | undefined };

export interface SignOutResult {
  /** False when the provider has no revocation endpoint, refused, could not be reached, or had given no refresh token. */
  readonly revoked: boolean;
  /** False when the secret storage refused to delete the record. */
  readonly removed: boolean;
}

/** The sign-ins at one provider, as a window uses them. */
export interface SignInsHandle {
  readonly state: SignInState;
  onDidChange(listener: (state: SignInState) => void): Disposable;
  /** Takes up what the storage holds. No network. */
  restore(): Promise<void>;
  adopt(signIn: NewSignIn): Promise<void>;
  /** @throws PassportError DP-SIGN-IN-REQUIRED, DP-SIGN-IN-ENDED, DP-SIGN-IN-OTHER-USER, DP-PROVIDER-* */
  grant(subject: string, request: GrantRequest): Promise<GrantedToken>;
  /** @throws PassportError DP-ID-TOKEN where a renewal gives none, and as `grant` does */
  idToken(subject: string, request: IdTokenRequest): Promise<GrantedToken>;
  /** Forgets first, then revokes. */
  signOut(subject: string): Promise<SignOutResult>;
}
