import * as z from 'zod/mini';

import type { Log, Secrets } from '../core/ports.ts';
import { within } from '../core/within.ts';
import { authorityOf } from './authority.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { SignInRecord } from './signInState.ts';

/** Raised when the stored shape changes; an older extension leaves a newer record alone. */
const VERSION = 1;
/** Milliseconds that the storage may take. Behind a page that was closed it never answers, and nobody may wait for that. */
const PATIENCE = 5000;

const schema = z.object({
  version: z.literal(VERSION),
  machine: z.string(),
  /** See authority.ts. */
  authority: z.string(),
  signIns: z.array(
    z.object({
      id: z.string(),
      account: z.object({ subject: z.string(), label: z.string(), name: z.optional(z.string()) }),
      refreshToken: z.optional(z.string()),
      since: z.number(),
      asked: z.optional(z.array(z.string())),
      revision: z.number(),
    }),
  ),
});

/** What the storage holds. `refused`: a keyring that is locked or missing. */
export type Stored = readonly SignInRecord[] | 'refused';

/**
 * The sign-ins at one provider in the secret storage: no access tokens, those live in memory. They name the machine whose grant
 * they are: the storage follows the user to other machines, where the same refresh token must not be spent.
 */
export interface RecordStore {
  read(): Promise<Stored>;
  /** False when the storage refused. */
  write(records: readonly SignInRecord[]): Promise<boolean>;
}

export interface RecordStoreDeps {
  readonly secrets: Secrets;
  readonly description: ProviderDescription;
  /** Id of the machine that the extension runs on. */
  readonly machine: string;
  readonly log: Log;
}

export function createRecordStore({ secrets, description, machine, log }: RecordStoreDeps): RecordStore {
  const { id: provider } = description;
  const authority = authorityOf(description);
  const key = `sign-ins/${machine}/${provider}`;

  async function attempt<T>(action: string, work: Promise<T>): Promise<T | 'refused'> {
    try {
      return await within(PATIENCE, work);
    } catch {
      log.error('The secret storage refused', { provider, action });
      return 'refused';
    }
  }

  return {
    async read() {
      const text = await attempt('read', secrets.get(key));
      if (text === 'refused') return text;
      if (text === undefined) return [];
      const parsed = parse(text);
      if (parsed === 'newer') return [];
      if (!parsed || parsed.authority !== authority || parsed.machine !== machine) {
        // Of another provider under the same name, or not readable at all: nothing that could ever be used again.
        log.warn('A stored sign-in can not be used and was removed', { provider, readable: parsed !== undefined });
        await attempt('remove', secrets.delete(key));
        return [];
      }
      return parsed.signIns;
    },
    async write(records) {
      const text = JSON.stringify({ version: VERSION, machine, authority, signIns: records });
      const done = await attempt('write', records.length > 0 ? secrets.store(key, text) : secrets.delete(key));
      return done !== 'refused';
    },
  };
}

function parse(text: string): z.output<typeof schema> | 'newer' | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = schema.safeParse(json);
  if (data) return data;
  const { version } = (typeof json === 'object' && json !== null ? json : {}) as { version?: unknown };
  return typeof version === 'number' && version > VERSION ? 'newer' : undefined;
}
