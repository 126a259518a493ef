import { asPassportError, type PassportError } from '../core/errors.ts';
import type { Session } from '../identity/session.ts';

/**
 * Why the last sign-in of this window failed: what the browser was told there is seen nowhere else. By session, because a provider
 * whose settings change gets another one, and what was wrong before says nothing of it.
 */
export interface SignInFailures {
  failed(session: Session, thrown: unknown): void;
  /** Follows a sign-in to its end. Never rejects. */
  follow(session: Session, done: Promise<unknown>): void;
  /** Something was mended that it may have been about. */
  forget(session: Session): void;
  /** Undefined where none failed since the last one that succeeded. */
  last(session: Session): PassportError | undefined;
}

export function signInFailures(): SignInFailures {
  const failures = new WeakMap<Session, PassportError>();
  function failed(session: Session, thrown: unknown): void {
    const error = asPassportError(thrown);
    // Whoever cancels says nothing of the provider.
    if (error.code !== 'DP-SIGN-IN-CANCELED') failures.set(session, error);
  }
  return {
    failed,
    follow(session, done) {
      done.then(
        () => failures.delete(session),
        (thrown: unknown) => failed(session, thrown),
      );
    },
    forget: (session) => void failures.delete(session),
    last: (session) => failures.get(session),
  };
}
