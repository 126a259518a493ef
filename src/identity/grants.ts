import { PassportError } from '../core/errors.ts';
import type { Clock, Log, Secrets } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { GrantedToken, GrantRequest } from '../core/signIn.ts';
import { abandonable } from '../core/singleFlight.ts';
import type { Account, Provider, TokenRequest, TokenSet } from './provider.ts';
import { createRecordStore, type SignInRecord } from './record.ts';

export interface GrantsDeps {
  readonly provider: Provider;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Another sign-in, none any more, or one that could (not) be saved. A rotation is nobody's business. */
  readonly changed: (why: 'ended' | 'forgotten' | 'replaced' | 'saved' | 'unsaved') => void;
}

/** A sign-in as its tokens are asked for. Stays itself through rotations; another sign-in is another object. */
export interface Holder {
  readonly account: Account;
}

/** The refresh token of one sign-in and the only code that spends it: one grant at a time, stored before its access token is used. */
export interface Grants {
  readonly holder: Holder | undefined;
  /** False after a failed save: the sign-in then lives in this window only. */
  readonly saved: boolean;
  restore(): Promise<void>;
  /** Takes over a fresh sign-in, if it is still wanted when its turn comes. @throws PassportError DP-SIGN-IN-CANCELED, -RESPONSE */
  adopt(tokens: TokenSet, first: TokenRequest, stillWanted: () => boolean): Promise<Account>;
  /** @throws PassportError DP-SIGN-IN-REQUIRED when the holder is not the one who is signed in (any more) */
  grant(request: GrantRequest, holder: Holder): Promise<GrantedToken>;
  /** Forgets at once, here and in the store. Resolves to the refresh token that may be revoked, and whether the store took it. */
  forget(): Promise<{ readonly refreshToken: string | undefined; readonly removed: boolean }>;
  /** Resolves when no grant is under way. */
  idle(): Promise<void>;
}

interface Current {
  readonly holder: Holder;
  record: SignInRecord;
  /** The access token that came with the sign-in, good for one request of exactly its kind. */
  initial?: { readonly request: TokenRequest; readonly token: GrantedToken } | undefined;
}

export function createGrants({ provider, secrets, clock, log, redactor, changed }: GrantsDeps): Grants {
  const { description } = provider;
  const { id, title, issuer, clientId } = description;
  const store = createRecordStore({ secrets, description, log, redactor });
  let current: Current | undefined;
  let saved = true;
  let queue: Promise<unknown> = Promise.resolve();

  const required = (): PassportError => new PassportError('DP-SIGN-IN-REQUIRED', { provider: title });

  function queued<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  function known(tokens: TokenSet): void {
    redactor.know(tokens.accessToken);
    if (tokens.refreshToken !== undefined) redactor.know(tokens.refreshToken);
  }

  /** A refresh token that nobody will hold: it must not outlive the sign-in that it came from. */
  function discard(tokens: TokenSet): void {
    if (tokens.refreshToken === undefined) return;
    provider
      .revoke(tokens.refreshToken)
      .catch(() => log.warn('An unwanted refresh token could not be revoked', { provider: id }));
  }

  /** The old refresh token is spent: where the store refuses, going on in memory is all that is left, and the user must know. */
  async function save(record: SignInRecord): Promise<void> {
    const before = saved;
    saved = await store.write(record);
    if (saved !== before && current) changed(saved ? 'saved' : 'unsaved');
  }

  async function spend(mine: Current, request: TokenRequest): Promise<TokenSet> {
    const { record } = mine;
    if (record.refreshToken === undefined) throw new PassportError('DP-SIGN-IN-ENDED', { provider: title });
    const tokens = await provider.refresh(record.refreshToken, request, record.account.subject);
    known(tokens);
    if (current !== mine) {
      discard(tokens);
      throw required();
    }
    if ((tokens.refreshToken ?? record.refreshToken) !== record.refreshToken || !saved) {
      const refreshToken = tokens.refreshToken ?? record.refreshToken;
      mine.record = { ...record, refreshToken, revision: Math.max(clock.now(), record.revision + 1) };
      await save(mine.record);
      // A sign-out while it was being written: what was written must go again.
      if (current !== mine) {
        if (current === undefined) await store.remove();
        discard(tokens);
        throw required();
      }
    }
    return tokens;
  }

  /** Takes up what another window stored for the same person since. */
  async function adoptNewer(mine: Current): Promise<boolean> {
    const stored = await store.read();
    if (current !== mine) throw required();
    const { account, revision } = mine.record;
    if (stored?.account.subject !== account.subject || stored.revision <= revision) return false;
    mine.record = stored;
    return true;
  }

  async function refresh(mine: Current, request: TokenRequest): Promise<TokenSet> {
    await adoptNewer(mine);
    try {
      return await spend(mine, request);
    } catch (error) {
      if (!(error instanceof PassportError) || error.code !== 'DP-SIGN-IN-ENDED') throw error;
      if (current !== mine) throw required();
      if (await adoptNewer(mine)) return spend(mine, request);
      current = undefined;
      log.info('The sign-in has ended', { provider: id });
      // Only what was refused is removed: another person's newer sign-in stays.
      const stored = await store.read();
      if (stored === undefined || stored.refreshToken === mine.record.refreshToken) await store.remove();
      changed('ended');
      throw error;
    }
  }

  async function grant(request: GrantRequest, holder: Holder): Promise<GrantedToken> {
    const mine = current;
    if (mine?.holder !== holder) throw required();
    const wanted: TokenRequest = {
      scopes: request.scopes,
      audiences: request.audience === undefined ? [] : [request.audience],
    };
    const { initial } = mine;
    if (initial && same(initial.request, wanted)) {
      mine.initial = undefined;
      const { token } = initial;
      if (!token.expiresAt || token.expiresAt.getTime() - clock.now() > 60_000) return token;
    }
    const tokens = await refresh(mine, wanted);
    log.debug('Token granted', { provider: id, audience: request.audience, expires: tokens.expiresAt?.toISOString() });
    return granted(tokens);
  }

  return {
    get holder() {
      return current?.holder;
    },
    get saved() {
      return saved;
    },
    async restore() {
      const record = await store.read();
      if (!record || current) return;
      current = { holder: { account: record.account }, record };
      changed('replaced');
    },
    adopt(tokens, first, stillWanted) {
      return queued(async () => {
        const { account } = tokens;
        const before = current;
        known(tokens);
        if (!account) {
          const path = `dataPassport.identityProviders.${id}`;
          throw new PassportError('DP-SIGN-IN-RESPONSE', { provider: title, path, check: 'no ID token' });
        }
        const revision = Math.max(clock.now(), (before?.record.revision ?? 0) + 1);
        const record: SignInRecord = { issuer, clientId, account, refreshToken: tokens.refreshToken, revision };
        if (stillWanted()) await save(record);
        if (!stillWanted() || current !== before) {
          await (before && current === before ? store.write(before.record) : store.remove());
          discard(tokens);
          throw new PassportError('DP-SIGN-IN-CANCELED', { provider: title });
        }
        current = { holder: { account }, record, initial: { request: first, token: granted(tokens) } };
        changed('replaced');
        return account;
      });
    },
    grant(request, holder) {
      const result = queued(() => grant(request, holder));
      return request.signal ? abandonable(result, request.signal) : result;
    },
    async forget() {
      // Not queued: a sign-out must not wait for a stalled provider. What is under way sees that it is over.
      const gone = current;
      current = undefined;
      const removed = await store.remove();
      changed('forgotten');
      return { refreshToken: gone?.record.refreshToken, removed };
    },
    async idle() {
      await queue;
    },
  };
}

function granted({ accessToken, expiresAt, scopes }: TokenSet): GrantedToken {
  return { token: accessToken, expiresAt, scopes };
}

function same(a: TokenRequest, b: TokenRequest): boolean {
  const flat = ({ scopes, audiences }: TokenRequest): string =>
    JSON.stringify([scopes.toSorted(), audiences.toSorted()]);
  return flat(a) === flat(b);
}
