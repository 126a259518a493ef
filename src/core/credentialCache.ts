import type { Clock } from './ports.ts';
import { singleFlight } from './singleFlight.ts';

/** What can be kept until it expires. */
export interface Expiring {
  /** Names it without saying anything of its secret. */
  readonly id: string;
  /** Absent when the issuer did not say: then it is used until the other side rejects it. */
  readonly expiresAt?: Date | undefined;
}

/** Whatever is cached is to be renewed: for a user who asks for it. */
export const ANY = '*';

/** Why a caller is not content with what is cached. */
export interface Discontent {
  /** Id of one that the other side rejected: it is forgotten before anything else happens. */
  readonly rejected?: string | undefined;
  /** Id of one (or {@link ANY}) whose successor is wanted ahead of its end; when that fails it stays as good as it was. */
  readonly renews?: string | undefined;
  /** Seconds that it must still live. */
  readonly leastLife?: number | undefined;
}

export interface CacheRequest extends Discontent {
  /** Names the sign-in and the source's settings: whoever asks with the same key may share. */
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a mint replaces. */
export interface Replaced<T> {
  readonly rejected?: T | undefined;
  readonly renews?: T | undefined;
}

/** One credential a key: fresh until shortly before it expires, renewed ahead while in use, forgotten when rejected. */
export interface CredentialCache<T extends Expiring> {
  get(request: CacheRequest, mint: (replaced: Replaced<T>) => Promise<T>): Promise<T>;
  /** Puts in what came without being asked for. */
  put(key: string, value: T): void;
  /** Forgets every key that starts with this prefix (a sign-out). A mint still running for one is not stored. */
  forget(prefix: string): void;
  /** The cached credential, fresh or not, without minting. */
  peek(key: string): T | undefined;
}

interface Entry<T> {
  readonly value: T;
  readonly mintedAt: number;
  /** When a renewal ahead of its end was last tried. */
  triedAt: number;
}

/** Milliseconds between renewals ahead of the end; less for what lives shorter. */
const PAUSE = 60_000;

/**
 * A credential is used until `skew` before its end: the smaller of 60 s and 10 % of its life.
 * In the last fifth of its life a use hands it out and renews it behind the caller's back.
 */
export function credentialCache<T extends Expiring>({ clock }: { clock: Clock }): CredentialCache<T> {
  const entries = new Map<string, Entry<T>>();
  const flight = singleFlight<T>();
  let epoch = 0;

  const left = ({ value }: Entry<T>): number => (value.expiresAt?.getTime() ?? Infinity) - clock.now();
  const life = ({ value, mintedAt }: Entry<T>): number => (value.expiresAt?.getTime() ?? Infinity) - mintedAt;
  const fresh = (entry: Entry<T>, leastLife = 0): boolean =>
    left(entry) >= Math.max(Math.min(60_000, life(entry) / 10), leastLife * 1000);
  const late = (entry: Entry<T>): boolean =>
    left(entry) < life(entry) / 5 && clock.now() - entry.triedAt >= Math.min(PAUSE, life(entry) / 20);

  function renew(
    { key, signal }: { readonly key: string; readonly signal?: AbortSignal | undefined },
    mint: (replaced: Replaced<T>) => Promise<T>,
    replaced: Replaced<T> = {},
  ): Promise<T> {
    const started = epoch;
    return flight.run(
      // Whoever asks after a sign-out does not join what was begun before it.
      `${started}\n${key}`,
      async () => {
        const value = await mint(replaced);
        // The same one again keeps its age: it was handed over by another cache.
        if (started === epoch && entries.get(key)?.value.id !== value.id)
          entries.set(key, { value, mintedAt: clock.now(), triedAt: -Infinity });
        return value;
      },
      signal,
    );
  }

  return {
    async get(request, mint) {
      const { key, rejected, renews, leastLife } = request;
      const entry = entries.get(key);
      if (!entry) return renew(request, mint);
      const { value } = entry;
      if (value.id === rejected) {
        entries.delete(key);
        return renew(request, mint, { rejected: value });
      }
      if (!fresh(entry, leastLife)) return renew(request, mint);
      if (renews === ANY || renews === value.id) return renew(request, mint, { renews: value });
      // A failure ahead of time costs nothing: the credential at hand is still good.
      if (late(entry)) {
        entry.triedAt = clock.now();
        renew({ key }, mint, { renews: value }).catch(() => undefined);
      }
      return value;
    },
    put: (key, value) => void entries.set(key, { value, mintedAt: clock.now(), triedAt: -Infinity }),
    forget(prefix) {
      epoch += 1;
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
    peek: (key) => entries.get(key)?.value,
  };
}
