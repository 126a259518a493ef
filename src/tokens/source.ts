import type * as z from 'zod/mini';

import type { Credential } from '../core/credential.ts';
import type { Discontent } from '../core/credentialCache.ts';
import type { Need, SignIn } from '../core/signIn.ts';

export interface MintRequest<Settings> {
  readonly settings: Settings;
  readonly signIn: SignIn;
  /** What the connector wants where the settings leave it open. */
  readonly need: Need;
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  /** Why a credential that this source minted before is not good enough; ids are those of its credentials. */
  readonly replaced?: Discontent | undefined;
}

/** One way from a sign-in to the credential of a connection. Does not cache and does not retry: its caller does. */
export interface TokenSource<Settings = unknown> {
  readonly label: string;
  readonly settings: z.ZodMiniType<Settings>;
  /** What the sign-in must have been asked for, so that minting will not need the user again. */
  wants(settings: Settings, need: Need): Need;
  /** @throws PassportError DP-TOKEN-*, DP-SIGN-IN-*, DP-PROVIDER-* */
  mint(request: MintRequest<Settings>): Promise<Credential>;
}

/** Seals a source's own settings type before it enters the table. */
export function tokenSource<Settings>(entry: TokenSource<Settings>): TokenSource {
  return entry;
}
