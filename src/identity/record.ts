import * as z from 'zod/mini';

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

export function recordKey(provider: string): string {
  return `sign-in/${provider}`;
}

export function writeRecord(record: SignInRecord): string {
  return JSON.stringify({ version: VERSION, ...record });
}

/** A record is bound to issuer and client id: one of another provider under the same name is not used. Unreadable text is no record. */
export function parseRecord(text: string | undefined, provider: ProviderDescription): SignInRecord | undefined {
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
