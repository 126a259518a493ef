import { type Disposable, type Secrets, signal } from '../core/ports.ts';
import type { Broker } from '../identity/windows/broker.ts';

/** A storage whose windows hear of each other's secrets. */
export interface ToldSecrets extends Secrets, Disposable {
  /** The argument is the key of what another window stored or deleted; it is in this window's storage by now. */
  onHeard(listener: (key: string) => void): Disposable;
}

/** What a window may take from another: secrets that users enter. Sign-ins have a road of their own, which knows which is newer. */
const TOLD = /^(?:connection-secrets|client-secret)\//;

/**
 * In a browser every window has a copy of the storage, and the last one that writes wins with all that it has: what one window
 * stores or deletes, every window must, or it is lost or comes back. Where windows share a storage nothing is told.
 */
export function toldSecrets(secrets: Secrets, broker: Pick<Broker, 'tellSecret' | 'onSecret'>): ToldSecrets {
  const heard = signal<string>();
  const following = broker.onSecret(({ key, value }) => {
    if (secrets.shared || !TOLD.test(key)) return;
    const stored = value === undefined ? secrets.delete(key) : secrets.store(key, value);
    stored.then(
      () => heard.fire(key),
      () => undefined,
    );
  });
  const tell = (key: string, value?: string): void => {
    if (!secrets.shared) broker.tellSecret({ key, value });
  };
  return {
    shared: secrets.shared,
    get: secrets.get,
    keys: secrets.keys,
    async store(key, value) {
      await secrets.store(key, value);
      tell(key, value);
    },
    async delete(key) {
      await secrets.delete(key);
      tell(key);
    },
    onHeard: heard.on,
    dispose: following.dispose,
  };
}
