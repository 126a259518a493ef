import { type Credential, lastsFor } from './credential.ts';
import type { Clock } from './ports.ts';
import { singleFlight } from './singleFlight.ts';

export interface CredentialRequest {
  /** Names the sign-in and the source's settings: whoever asks with the same key may share a credential. */
  readonly key: string;
  /** Id of a credential that the other side rejected: it is forgotten before anything else happens. */
  readonly rejected?: string | undefined;
  /** Seconds that the credential must still live. */
  readonly leastLife?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One credential a key: fresh until shortly before it expires, renewed ahead while in use, forgotten when rejected. */
export interface CredentialCache {
  get(request: CredentialRequest, mint: (rejected?: Credential) => Promise<Credential>): Promise<Credential>;
  /** Forgets every key that starts with this prefix (a sign-out). A mint still running for one is not stored. */
  forget(prefix: string): void;
  /** The cached credential, fresh or not, without minting. */
  peek(key: string): Credential | undefined;
}

interface Entry {
  readonly credential: Credential;
  readonly mintedAt: number;
}

/**
 * A credential is used until `skew` before its end: the smaller of 60 s and 10 % of its life.
 * In the last fifth of its life a use hands it out and renews it behind the caller's back.
 */
export function credentialCache({ clock }: { clock: Clock }): CredentialCache {
  const entries = new Map<string, Entry>();
  const flight = singleFlight<Credential>();
  let epoch = 0;

  const life = (entry: Entry): number => (entry.credential.expiresAt?.getTime() ?? Infinity) - entry.mintedAt;
  const fresh = (entry: Entry, leastLife = 0): boolean => {
    const skew = Math.min(60, life(entry) / 10_000);
    return lastsFor(entry.credential, Math.max(skew, leastLife), clock.now());
  };
  const late = (entry: Entry): boolean =>
    entry.credential.expiresAt !== undefined && clock.now() > entry.mintedAt + life(entry) * 0.8;

  function renew(
    key: string,
    mint: (rejected?: Credential) => Promise<Credential>,
    more: { rejected?: Credential; signal?: AbortSignal | undefined },
  ): Promise<Credential> {
    const started = epoch;
    return flight.run(
      // Whoever asks after a sign-out does not join what was begun before it.
      `${started}\n${key}`,
      async () => {
        const minted = await mint(more.rejected);
        if (started === epoch) entries.set(key, { credential: minted, mintedAt: clock.now() });
        return minted;
      },
      more.signal,
    );
  }

  return {
    async get({ key, rejected, leastLife, signal }, mint) {
      const entry = entries.get(key);
      const isRejected = entry !== undefined && entry.credential.id === rejected;
      if (isRejected) entries.delete(key);
      if (entry && !isRejected && fresh(entry, leastLife)) {
        // A failure ahead of time costs nothing: the credential at hand is still good.
        if (late(entry)) renew(key, mint, {}).catch(() => undefined);
        return entry.credential;
      }
      return renew(key, mint, { ...(isRejected && { rejected: entry.credential }), signal });
    },
    forget(prefix) {
      epoch += 1;
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
    peek: (key) => entries.get(key)?.credential,
  };
}
