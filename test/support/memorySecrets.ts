import { type Secrets, signal } from '../../src/core/ports.ts';

/** A whole SecretStorage in memory that records its writes and can be told to fail. */
export function memorySecrets(): Secrets & {
  readonly values: Map<string, string>;
  readonly writes: string[];
  failStores: boolean;
} {
  const values = new Map<string, string>();
  const writes: string[] = [];
  const changes = signal<string>();
  const secrets = {
    values,
    writes,
    failStores: false,
    async get(key: string) {
      return values.get(key);
    },
    async store(key: string, value: string) {
      if (secrets.failStores) throw new Error('the keyring is locked');
      writes.push(value);
      values.set(key, value);
      changes.fire(key);
    },
    async delete(key: string) {
      values.delete(key);
      changes.fire(key);
    },
    onDidChange: changes.on,
  };
  return secrets;
}
