import assert from 'node:assert/strict';

import type { Credential } from '../../src/core/credential.ts';
import { ANY, credentialCache, type Discontent } from '../../src/core/credentialCache.ts';
import { asPassportError, type PassportError } from '../../src/core/errors.ts';
import type { Need, SignIn } from '../../src/core/signIn.ts';
import { mintCredential } from '../../src/tokens/mint.ts';
import type { StoredSecret, TokenSource } from '../../src/tokens/source.ts';
import type { LabIdentityProvider } from '../lab/identityProvider.ts';

export interface SourceOptions {
  /** The name that settings use. */
  readonly name: string;
  /** As the user writes them. */
  readonly settings: object;
  readonly need?: Need;
  readonly signIn?: SignIn;
  readonly secrets?: Readonly<Record<string, StoredSecret>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** One source behind the cache, for the connection `sales`. */
export interface RunningSource {
  get(wish?: Discontent): Promise<Credential>;
  /** The error that `get` ends with. */
  fails(wish?: Discontent): Promise<PassportError>;
  /** Everything that was made known to the redactor, in order. */
  readonly known: readonly string[];
  /** Addresses that were asked, in order. */
  readonly asked: readonly string[];
  /** Moves the clock of the source. */
  later(seconds: number): void;
  readonly now: () => number;
}

export const path = 'dataPassport.connections.sales.token';

export function startSource(source: TokenSource, options: SourceOptions): RunningSource {
  const { name, signIn, need = { scopes: [] }, secrets = {}, fetch: send = fetch } = options;
  const parsed = source.settings.safeParse(options.settings);
  assert.ok(parsed.success, `settings: ${JSON.stringify(parsed.error?.issues)}`);
  const known: string[] = [];
  const asked: string[] = [];
  let offset = 0;
  const clock = { now: () => Date.now() + offset };
  const cache = credentialCache<Credential>({ clock });
  const ports = {
    clock,
    know: (secret: string) => void known.push(secret),
    fetch: (url: string, init: RequestInit) => {
      asked.push(url);
      return send(url, { ...init, redirect: 'manual' });
    },
  };
  const get = ({ renews, ...wish }: Discontent = {}): Promise<Credential> =>
    cache.get({ key: 'one', renews, ...wish }, ({ rejected, renews: old }) =>
      mintCredential(source, name, {
        settings: parsed.data,
        need,
        connection: 'sales',
        path,
        replaced: { rejected: rejected?.id, renews: renews === ANY ? ANY : old?.id },
        ports,
        signIn,
        secret: async (secret) => secrets[secret],
      }),
    );
  return {
    get,
    async fails(wish) {
      const error: unknown = await get(wish).then(
        () => assert.fail('it gave a credential'),
        (thrown: unknown) => thrown,
      );
      if (error instanceof assert.AssertionError) throw error;
      return asPassportError(error);
    },
    known,
    asked,
    later: (seconds) => void (offset += seconds * 1000),
    now: clock.now,
  };
}

export interface MintedSignInOptions {
  readonly seconds?: number;
  /** Claims of both tokens. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A sign-in of alice whose tokens are signed by the lab's provider, without a browser. Counts what it gives. */
export function mintedSignIn(idp: LabIdentityProvider, { seconds = 600, claims = {} }: MintedSignInOptions = {}) {
  let count = 0;
  const given = async (audience: string | undefined, scopes: readonly string[]) => {
    count += 1;
    const token = await idp.mintAccessToken({
      ...(audience !== undefined && { audience }),
      scopes,
      expiresInSeconds: seconds,
      claims: { jti: String(count), ...claims },
    });
    return { id: `granted-${count}`, token, expiresAt: new Date(Date.now() + seconds * 1000), scopes };
  };
  const signIn: SignIn = {
    provider: 'lab',
    expectedIssuer: idp.issuer,
    subject: 'alice',
    subjectInAccessToken: false,
    grant: ({ audience, scopes }) => given(audience, scopes),
    idToken: () => given(idp.clientId, []),
    tokenEndpoint: () => assert.fail('this sign-in has no token endpoint'),
  };
  return Object.assign(signIn, { given: () => count });
}
