import { PassportError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';

/** Seconds: the first wait after a failure, the longest one, and the longest that a provider may ask for. */
const FIRST = 1;
const LONGEST = 30;
const LONGEST_ASKED = 300;

/** Keeps a provider that is in trouble from being asked without a pause. */
export interface BackOff {
  /**
   * Runs the work, unless it failed in passing so recently that it must wait: then the same failure again, without asking.
   * The wait doubles from one second, with jitter; where the provider says how long (`Retry-After`), that counts.
   * @param counts whether a failure is one that passes
   */
  run<T>(key: string, work: () => Promise<T>, counts: (error: PassportError) => boolean): Promise<T>;
  /** The user wants it now: every key that starts with this. */
  forgive(prefix: string): void;
}

interface Trouble {
  readonly failures: number;
  readonly until: number;
  readonly error: PassportError;
}

export function backOff({ clock, random = Math.random }: { clock: Clock; random?: () => number }): BackOff {
  const troubles = new Map<string, Trouble>();
  return {
    async run(key, work, counts) {
      const trouble = troubles.get(key);
      if (trouble && clock.now() < trouble.until) throw trouble.error;
      try {
        const result = await work();
        troubles.delete(key);
        return result;
      } catch (error) {
        if (error instanceof PassportError && counts(error)) {
          const failures = (trouble?.failures ?? 0) + 1;
          const usual = Math.min(FIRST * 2 ** (failures - 1), LONGEST) * (0.5 + random() / 2);
          const asked = Number(error.params['retryAfter']);
          const seconds = asked > 0 ? Math.min(asked, LONGEST_ASKED) : usual;
          troubles.set(key, { failures, until: clock.now() + seconds * 1000, error });
        }
        throw error;
      }
    },
    forgive(prefix) {
      for (const key of troubles.keys()) if (key.startsWith(prefix)) troubles.delete(key);
    },
  };
}
