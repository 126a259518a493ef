import type { Secrets } from '../../src/core/ports.ts';

/** A whole SecretStorage in memory that records its writes and can be told to fail. */
export function memorySecrets(): Secrets & {
  readonly values: Map<string, string>;
  readonly writes: string[];
  failStores: boolean;
  shared: boolean;
  failDeletes: boolean;
  /** Reads and writes wait for it. */
  hold: Promise<void>;
} {
  const values = new Map<string, string>();
  const writes: string[] = [];
  const secrets = {
    values,
    writes,
    failStores: false,
    failDeletes: false,
    hold: Promise.resolve(),
    shared: true,
    async get(key: string) {
      await secrets.hold;
      return values.get(key);
    },
    async store(key: string, value: string) {
      await secrets.hold;
      if (secrets.failStores) throw new Error('the keyring is locked');
      writes.push(value);
      values.set(key, value);
    },
    keys: async () => [...values.keys()],
    async delete(key: string) {
      if (secrets.failDeletes) throw new Error('the keyring is locked');
      values.delete(key);
    },
  };
  return secrets;
}
