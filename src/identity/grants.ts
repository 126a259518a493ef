import { PassportError } from '../core/errors.ts';
import type { Clock, Log, Secrets } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { GrantedToken, GrantRequest } from '../core/signIn.ts';
import { abandonable } from '../core/singleFlight.ts';
import type { Provider, TokenRequest, TokenSet } from './provider.ts';
import { parseRecord, recordKey, type SignInRecord, writeRecord } from './record.ts';

export interface GrantsDeps {
  readonly provider: Provider;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Another sign-in, none any more, or one that could (not) be saved. A rotation is nobody's business. */
  readonly changed: (why: 'ended' | 'forgotten' | 'replaced' | 'saved' | 'unsaved') => void;
}

/** The refresh token of one sign-in and the only code that spends it: one grant at a time, stored before its access token is used. */
export interface Grants {
  readonly record: SignInRecord | undefined;
  /** False after a failed save: the sign-in then lives in this window only. */
  readonly saved: boolean;
  restore(): Promise<void>;
  /** Takes over a fresh sign-in. */
  adopt(tokens: TokenSet, first: TokenRequest): Promise<void>;
  grant(request: GrantRequest): Promise<GrantedToken>;
  /** Forgets everything here and in the store; gives back what may be revoked. */
  forget(): Promise<SignInRecord | undefined>;
}

export function createGrants({ provider, secrets, clock, log, redactor, changed }: GrantsDeps): Grants {
  const { description } = provider;
  const key = recordKey(description.id);
  let record: SignInRecord | undefined;
  let saved = true;
  /** The access token that came with the sign-in, good for one request of exactly its kind. */
  let initial: { readonly request: TokenRequest; readonly token: GrantedToken } | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  function queued<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  async function readStore(): Promise<SignInRecord | undefined> {
    const stored = parseRecord(await secrets.get(key), description);
    if (stored?.refreshToken !== undefined) redactor.know(stored.refreshToken);
    return stored;
  }

  async function save(next: SignInRecord): Promise<void> {
    record = next;
    const before = saved;
    try {
      await secrets.store(key, writeRecord(next));
      saved = true;
    } catch {
      // The old refresh token is spent: going on in memory is all that is left, and the user must know.
      saved = false;
      log.error('The sign-in could not be saved', { provider: description.id });
    }
    if (saved !== before) changed(saved ? 'saved' : 'unsaved');
  }

  function known(tokens: TokenSet): void {
    redactor.know(tokens.accessToken);
    if (tokens.refreshToken !== undefined) redactor.know(tokens.refreshToken);
  }

  /** A newer record of the same person that another window stored. */
  function newer(stored: SignInRecord | undefined, current: SignInRecord): SignInRecord | undefined {
    const usable = stored && stored.account.subject === current.account.subject && stored.revision > current.revision;
    return usable ? stored : undefined;
  }

  async function spend(current: SignInRecord, request: TokenRequest): Promise<TokenSet> {
    if (current.refreshToken === undefined)
      throw new PassportError('DP-SIGN-IN-ENDED', { provider: description.title });
    const tokens = await provider.refresh(current.refreshToken, request, current.account.subject);
    known(tokens);
    if (record !== current) throw new PassportError('DP-SIGN-IN-REQUIRED', { provider: description.title });
    if (tokens.refreshToken !== undefined && tokens.refreshToken !== current.refreshToken) {
      await save({
        ...current,
        refreshToken: tokens.refreshToken,
        revision: Math.max(clock.now(), current.revision + 1),
      });
    }
    return tokens;
  }

  async function refresh(request: TokenRequest): Promise<TokenSet> {
    if (!record) throw new PassportError('DP-SIGN-IN-REQUIRED', { provider: description.title });
    record = newer(await readStore(), record) ?? record;
    const sent = record;
    try {
      return await spend(sent, request);
    } catch (error) {
      if (!(error instanceof PassportError) || error.code !== 'DP-SIGN-IN-ENDED') throw error;
      const stored = await readStore();
      const winner = newer(stored, sent);
      if (winner) {
        record = winner;
        return spend(winner, request);
      }
      if (record !== sent) throw error;
      record = undefined;
      initial = undefined;
      if (stored === undefined || stored.refreshToken === sent.refreshToken) await secrets.delete(key);
      log.info('The sign-in has ended', { provider: description.id });
      changed('ended');
      throw error;
    }
  }

  async function grant(request: GrantRequest): Promise<GrantedToken> {
    const wanted: TokenRequest = {
      scopes: request.scopes,
      audiences: request.audience === undefined ? [] : [request.audience],
    };
    const first = initial;
    if (first && same(first.request, wanted)) {
      initial = undefined;
      if (!first.token.expiresAt || first.token.expiresAt.getTime() - clock.now() > 60_000) return first.token;
    }
    const tokens = await refresh(wanted);
    log.debug('Token granted', {
      provider: description.id,
      audience: request.audience,
      expires: tokens.expiresAt?.toISOString(),
    });
    return granted(tokens);
  }

  return {
    get record() {
      return record;
    },
    get saved() {
      return saved;
    },
    async restore() {
      record = await readStore();
      if (record) changed('replaced');
    },
    adopt(tokens, first) {
      return queued(async () => {
        const { account } = tokens;
        if (!account)
          throw new PassportError('DP-SIGN-IN-RESPONSE', {
            provider: description.title,
            path: '',
            check: 'no ID token',
          });
        known(tokens);
        const { issuer, clientId } = description;
        const revision = Math.max(clock.now(), (record?.revision ?? 0) + 1);
        await save({ issuer, clientId, account, refreshToken: tokens.refreshToken, revision });
        initial = { request: first, token: granted(tokens) };
        changed('replaced');
      });
    },
    grant(request) {
      const result = queued(() => grant(request));
      return request.signal ? abandonable(result, request.signal) : result;
    },
    async forget() {
      // Not queued: a sign-out must not wait for a stalled provider. A grant that is under way sees that the record is gone.
      const gone = record;
      record = undefined;
      initial = undefined;
      await secrets.delete(key);
      changed('forgotten');
      return gone;
    },
  };
}

function granted({ accessToken, expiresAt, scopes }: TokenSet): GrantedToken {
  return { token: accessToken, expiresAt, scopes };
}

function same(a: TokenRequest, b: TokenRequest): boolean {
  const flat = (request: TokenRequest): string =>
    JSON.stringify([[...request.scopes].sort(), [...request.audiences].sort()]);
  return flat(a) === flat(b);
}
