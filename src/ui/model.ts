import type { PassportError } from '../core/errors.ts';
import type { Disposable } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';

/** What the user interface shows; src/extension supplies it. Plain data, made anew whenever something changes. */
export interface Overview {
  readonly providers: readonly ProviderView[];
  readonly connections: readonly ConnectionView[];
  /** Settings that are wrong, each with its path. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Why the editor offers none of our tools, if so. */
  readonly obstacle: PassportError | undefined;
}

export interface ProviderView {
  readonly id: string;
  readonly title: string;
  readonly account: string | undefined;
  /** The provider ended the sign-in, so the user must act. */
  readonly ended: boolean;
  /** False when the sign-in could not be saved and lives in this window only. */
  readonly saved: boolean;
}

export type ConnectionState = 'signedOut' | 'untested' | 'testing' | 'ready' | 'failed';

export interface ConnectionView {
  readonly id: string;
  readonly title: string;
  readonly typeLabel: string;
  readonly host: string;
  readonly provider: ProviderView;
  readonly state: ConnectionState;
  readonly identity: Identity | undefined;
  readonly role: string | undefined;
  /** End of the credential at hand; it is renewed by itself while in use. */
  readonly expiresAt: Date | undefined;
  readonly error: PassportError | undefined;
  readonly lastUsed: Date | undefined;
}

export interface OverviewSource {
  current(): Overview;
  onDidChange(listener: () => void): Disposable;
}

/** What commands and buttons do; src/extension supplies it. All of them throw PassportErrors. */
export interface Actions {
  /** Starts waiting for a sign-in. */
  attemptSignIn(provider: string): Promise<Attempt>;
  signOut(provider: string): Promise<{ readonly revoked: boolean; readonly removed: boolean }>;
  /** Renews the token of every connection whose provider knows the user. Resolves to their number. */
  renew(): Promise<number>;
  test(connection: string): Promise<{ readonly identity: Identity; readonly elapsedMs: number }>;
  openBrowser(url: string): Promise<boolean>;
}

/** A sign-in that waits for the browser. */
export interface Attempt {
  readonly startUrl: string;
  /** Resolves to the account's label. */
  readonly done: Promise<string>;
  cancel(): void;
}
