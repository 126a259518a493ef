import type { ErrorFacts } from '../../core/errors.ts';
import { authorityOf } from '../authority.ts';
import type { ProviderDescription } from '../presets/preset.ts';
import type { IdTokenRequest, NewSignIn, SignInsHandle } from '../signInsHandle.ts';
import type { SignInState } from '../signInState.ts';

/** What windows ask of the one that leads. `provider`: see {@link keyOf}. */
export type Operation =
  | {
      readonly name: 'grant';
      readonly subject: string;
      readonly request: Parameters<SignInsHandle['grant']>[1];
    }
  | { readonly name: 'idToken'; readonly subject: string; readonly request: IdTokenRequest }
  | { readonly name: 'adopt'; readonly signIn: NewSignIn }
  | { readonly name: 'signOut'; readonly subject: string };

/** `value` absent: it was deleted. */
export interface SecretNews {
  readonly key: string;
  readonly value?: string | undefined;
}

/** Between windows. State goes both ways: a window may know of a newer one than the window that leads. */
export type WindowMessage =
  | { readonly type: 'state'; readonly provider: string; readonly state: SignInState }
  | { readonly type: 'ask'; readonly request: number; readonly provider: string; readonly operation: Operation }
  | { readonly type: 'answer'; readonly request: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly request: number; readonly error: ErrorFacts }
  /** The window that leads has not heard of this provider: its settings arrive a moment later. */
  | { readonly type: 'unknown'; readonly request: number }
  /** A redirect that the editor gave to one window and another one may be waiting for. */
  | { readonly type: 'redirect'; readonly url: string }
  /** What was stored or deleted where every window has a storage of its own. */
  | { readonly type: 'secret'; readonly secret: SecretNews }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' };

/** Under one name two windows may see two providers for a moment, while a setting changes. */
export function keyOf(description: ProviderDescription): string {
  return `${description.id}\n${authorityOf(description)}`;
}

/** JSON knows no dates: what was granted, and what a new sign-in brought, with theirs. */
export function revived<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const { expiresAt } = value as { expiresAt?: unknown };
  return typeof expiresAt === 'string' ? { ...value, expiresAt: new Date(expiresAt) } : value;
}

export function revivedOperation(operation: Operation): Operation {
  if (operation.name !== 'adopt') return operation;
  const { signIn } = operation;
  return { ...operation, signIn: { ...signIn, token: revived(signIn.token), idToken: revived(signIn.idToken) } };
}
