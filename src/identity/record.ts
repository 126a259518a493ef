import * as z from 'zod/mini';

import type { Log, Secrets } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { Account } from './provider.ts';

/** Raised when the stored shape changes; an older extension leaves a newer record alone. */
const VERSION = 1;

/** A stored sign-in: what SecretStorage holds for one identity provider. No access token: those live in memory. */
export interface SignInRecord {
  readonly issuer: string;
  readonly clientId: string;
  readonly account: Account;
  readonly refreshToken: string | undefined;
  /** Grows with each write, so that the newest of two records is known. Milliseconds since the epoch at least. */
  readonly revision: number;
}

const schema = z.object({
  version: z.literal(VERSION),
  issuer: z.string(),
  clientId: z.string(),
  account: z.object({ subject: z.string(), label: z.string(), name: z.optional(z.string()) }),
  refreshToken: z.optional(z.string()),
  revision: z.number(),
});

/** The record of one provider in the secret storage. A keyring that is locked or missing is an outcome, never an exception. */
export interface RecordStore {
  /** The stored sign-in at this issuer with this client id, if there is one and it can be read. */
  read(): Promise<SignInRecord | undefined>;
  /** False when the storage refused. */
  write(record: SignInRecord): Promise<boolean>;
  /** False when the storage refused. */
  remove(): Promise<boolean>;
}

interface RecordStoreDeps {
  readonly secrets: Secrets;
  readonly description: ProviderDescription;
  readonly log: Log;
  readonly redactor: Redactor;
}

export function createRecordStore({ secrets, description, log, redactor }: RecordStoreDeps): RecordStore {
  const { id: provider } = description;
  const key = `sign-in/${provider}`;
  const refused = (action: string) => (): false => {
    log.error('The secret storage refused', { provider, action });
    return false;
  };
  return {
    async read() {
      const text = await secrets.get(key).catch(refused('read'));
      const record = text === false ? undefined : parse(text, description);
      if (record?.refreshToken !== undefined) redactor.know(record.refreshToken);
      return record;
    },
    write: (record) =>
      secrets.store(key, JSON.stringify({ version: VERSION, ...record })).then(() => true, refused('write')),
    remove: () => secrets.delete(key).then(() => true, refused('remove')),
  };
}

/** A record is bound to issuer and client id: one of another provider under the same name is not used. Unreadable text is no record. */
function parse(text: string | undefined, provider: ProviderDescription): SignInRecord | undefined {
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = schema.safeParse(json);
  if (!data || data.issuer !== provider.issuer || data.clientId !== provider.clientId) return undefined;
  const { issuer, clientId, account, refreshToken, revision } = data;
  return { issuer, clientId, account, refreshToken, revision };
}
