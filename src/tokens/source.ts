import type * as z from 'zod/mini';

import type { Credential, CredentialKind } from '../core/credential.ts';
import type { Discontent } from '../core/credentialCache.ts';
import { once } from '../core/once.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import type { Need, SignIn } from '../core/signIn.ts';
import type { Expected } from './claims.ts';

/** A secret that the user entered for one connection. */
export interface StoredSecret {
  /**
   * Changes with every value that is entered; says nothing of it. A source that hands out the value as it is uses it as the
   * credential's id: whoever gets the id that was just rejected knows that there is nothing new to try.
   */
  readonly id: string;
  readonly value: string;
  /** The day that the user said it ends. */
  readonly expiresAt?: Date | undefined;
}

/** Everything outside that a source may use. */
export interface MintPorts {
  readonly clock: Clock;
  /** Follows no redirect. Use it through {@link file://./http.ts}. */
  readonly fetch: Fetch;
  /** Takes a value out of every log and error from now on: call it before a secret is used for anything. */
  readonly know: (secret: string) => void;
}

export interface MintRequest<Settings> {
  readonly settings: Settings;
  /** What the connector wants where the settings leave it open. */
  readonly need: Need;
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  /** Settings path of the token's settings, such as `dataPassport.connections.sales.token`. */
  readonly path: string;
  /** Why a credential that this source minted before is not good enough; ids are those of its credentials. */
  readonly replaced?: Discontent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ports: MintPorts;
  /** What the user entered under one of the names in {@link SourceFacts.secrets}; the redactor knows it already. */
  readonly secret: (name: string) => Promise<StoredSecret | undefined>;
}

/** A secret that the user is asked for, in a masked box. */
export interface SecretField {
  /** Name that `MintRequest.secret` gets. */
  readonly name: string;
  /** As sentences call it: `personal access token`, `passphrase of the private key`. */
  readonly title: string;
  /** A token has no spaces around it and may have a last day that is worth asking for; a password is taken as it is typed. */
  readonly kind: 'token' | 'password';
  /** False where the source works without it, such as a key that is not encrypted. */
  readonly required: boolean;
}

interface SourceFacts<Settings> {
  readonly label: string;
  /** One sentence for docs and settings. */
  readonly about: string;
  /** Where the rules that it follows are written down. */
  readonly specification: { readonly title: string; readonly url: string };
  readonly settings: z.ZodMiniType<Settings>;
  /** Whom the other side sees: the person, or somebody that many people share. */
  runsAs(settings: Settings): 'user' | 'shared';
  /** Every kind of credential that it can give. */
  readonly kinds: readonly CredentialKind[];
  /** The kind that it gives with these settings. */
  gives(settings: Settings): CredentialKind;
  /**
   * The kind that a setting goes with, where it goes with one alone: it is not offered for a connection type that can not take
   * that kind. Default: every setting goes with every kind.
   */
  readonly leadsTo?: Readonly<Record<string, CredentialKind>>;
  /** What the sign-in must have been asked for, so that minting will not need the user again. */
  wants(settings: Settings, need: Need): Need;
  /** What the token should say, for checks and for people who look at its claims. Default: nothing is expected. */
  expects?(
    request: Pick<MintRequest<Settings>, 'settings' | 'need'> & { readonly signIn?: SignIn | undefined },
  ): Expected;
  /** Default: none. */
  secrets?(settings: Settings): readonly SecretField[];
  /** Program and arguments that minting runs: shown to the user before the first time. Default: none. */
  program?(settings: Settings): readonly string[];
  /** Further hosts that secrets of this source go to, such as a token service: confirmed like the connection's own. Default: none. */
  hosts?(settings: Settings): readonly string[];
}

/** Starts from the user's sign-in. */
export interface SignInSource<Settings = unknown> extends SourceFacts<Settings> {
  readonly from: 'signIn';
  /** @throws PassportError of src/core/tokenErrors.ts, DP-SIGN-IN-*, DP-PROVIDER-* */
  mint(request: MintRequest<Settings> & { readonly signIn: SignIn }): Promise<Credential>;
}

/** Starts from a secret, key or program of its own: nobody has to be signed in. */
export interface OwnSource<Settings = unknown> extends SourceFacts<Settings> {
  readonly from: 'own';
  /** @throws PassportError of src/core/tokenErrors.ts */
  mint(request: MintRequest<Settings>): Promise<Credential>;
}

/** One way to the credential of a connection. Does not cache, does not retry and does not check what it got: `mint.ts` does. */
export type TokenSource = SignInSource | OwnSource;

interface Minting<Request> {
  mint(request: Request): Promise<Credential>;
}

/** `load` where minting takes more than a few lines: they stand in a file of their own, because most sources are never used. */
type Minted<Request> = Minting<Request> | { load(): Promise<Minting<Request>> };

/** A source as its file writes it: its schema is built when it is first asked for. */
type Recipe<Source extends Minting<never>> = Omit<Source, 'settings' | 'mint'> & Minted<Parameters<Source['mint']>[0]>;

/** Seals a source's own settings type before it enters the table. */
export function tokenSource<Settings>(
  recipe: { readonly settings: () => z.ZodMiniType<Settings> } & (
    | Recipe<SignInSource<Settings>>
    | Recipe<OwnSource<Settings>>
  ),
): TokenSource {
  const { settings, ...rest } = recipe;
  const built = once(settings);
  const sealed = {
    ...rest,
    get settings() {
      return built();
    },
    mint: minting(rest as Minted<never>),
  };
  return sealed;
}

function minting<Request>(recipe: Minted<Request>): Minting<Request>['mint'] {
  return 'load' in recipe ? async (request) => (await recipe.load()).mint(request) : recipe.mint;
}
