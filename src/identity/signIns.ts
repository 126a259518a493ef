import { randomUUID } from 'node:crypto';

import { ANY, credentialCache, type Replaced } from '../core/credentialCache.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import { type Clock, type Log, type Secrets, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { GrantedToken } from '../core/signIn.ts';
import { backOff } from './backOff.ts';
import type { Account, Provider, TokenRequest, TokenSet } from './provider.ts';
import { createRecordStore } from './record.ts';
import type { SignInsHandle } from './signInsHandle.ts';
import { type GoneSignIn, merged, NOBODY, sameState, type SignInRecord, type SignInState } from './signInState.ts';

export interface SignInsDeps {
  readonly provider: Provider;
  readonly secrets: Secrets;
  /** Id of the machine that the extension runs on. */
  readonly machine: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** @throws Error when another window leads by now: then no refresh token may be spent here */
  readonly assertLeading: () => void;
}

/**
 * In the window that leads this is the only code that spends refresh tokens: one grant of a sign-in at a time, the new refresh
 * token told and stored before its access token is used. In the others it holds what they were told.
 */
export interface SignIns extends SignInsHandle {
  /** Takes up what another window knows, and stores it where each window has a storage of its own. */
  merge(state: SignInState): void;
  /** Resolves when no grant is under way. */
  idle(): Promise<void>;
}

export function createSignIns(deps: SignInsDeps): SignIns {
  const { provider, secrets, clock, log, redactor, assertLeading } = deps;
  const { id, title } = provider.description;
  const store = createRecordStore({ ...deps, description: provider.description });
  const changes = signal<SignInState>();
  const tokens = credentialCache<GrantedToken>({ clock });
  const idTokens = credentialCache<GrantedToken>({ clock });
  const queues = new Map<string, Promise<unknown>>();
  const patience = backOff({ clock });
  let state = NOBODY;
  let writing: Promise<boolean> = Promise.resolve(true);

  const required = (): PassportError => new PassportError('DP-SIGN-IN-REQUIRED', { provider: title });
  const recordOf = (subject: string): SignInRecord | undefined =>
    state.records.find(({ account }) => account.subject === subject);
  const nextRevision = (subject: string): number => {
    const known = [...state.records, ...state.gone].filter(({ account }) => account.subject === subject);
    return Math.max(clock.now(), ...known.map(({ revision }) => revision + 1));
  };

  function become(next: SignInState): void {
    const before = state;
    state = next;
    for (const { account } of before.records) {
      if (recordOf(account.subject)) continue;
      forgetTokens(account.subject);
    }
    for (const { refreshToken } of next.records) if (refreshToken !== undefined) redactor.know(refreshToken);
    changes.fire(next);
  }

  function forgetTokens(subject: string): void {
    for (const cache of [tokens, idTokens]) cache.forget(`${subject}\n`);
  }

  function learn(records: readonly SignInRecord[]): void {
    const next = merged(state, { records, gone: [] });
    if (!sameState(next, state)) become(next);
  }

  function replace(record: SignInRecord): void {
    become(merged(state, { records: [record], gone: [] }));
  }

  function remove(account: Account, ended: boolean): void {
    const revision = nextRevision(account.subject);
    become(merged(state, { records: [], gone: [{ account, revision, ended }] }));
  }

  /** Writes what is known when its turn comes. Told first: where the storage refuses, the other windows know at least. */
  function save(): Promise<boolean> {
    writing = writing.then(async () => {
      const saved = await store.write(state.records);
      if (saved !== state.saved) become({ ...state, saved });
      return saved;
    });
    return writing;
  }

  function queued<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const result = (queues.get(subject) ?? Promise.resolve()).then(work);
    queues.set(
      subject,
      result.catch(() => undefined),
    );
    return result;
  }

  /** A refresh token that nobody will hold: it must not outlive the sign-in that it came from. */
  function discard({ refreshToken }: TokenSet): void {
    if (refreshToken === undefined) return;
    provider
      .revoke(refreshToken)
      .catch(() => log.warn('An unwanted refresh token could not be revoked', { provider: id }));
  }

  /** Takes up what another window stored for the same person since, where windows share a storage. */
  async function adoptNewer(mine: SignInRecord): Promise<SignInRecord | undefined> {
    const { subject } = mine.account;
    if (secrets.shared) {
      const stored = await store.read();
      if (stored !== 'refused') learn(stored);
    }
    const newest = recordOf(subject);
    if (!newest) throw required();
    return newest.revision > mine.revision ? newest : undefined;
  }

  /** What a provider refuses because the login did not ask for it: another login does, and nobody at the provider has to. */
  function widerThan({ asked = [] }: SignInRecord, request: TokenRequest, error: unknown): PassportError | undefined {
    const { title, audiencesAtSignIn } = provider.description;
    const isRefused = error instanceof PassportError && error.code === 'DP-PROVIDER-REFUSED';
    if (!isRefused || audiencesAtSignIn === 'one' || !ABOUT_WHAT_WAS_ASKED.has(error.params['error'] ?? ''))
      return undefined;
    const wanted = [...request.audiences, ...request.scopes].filter((each) => !asked.includes(each));
    if (wanted.length === 0) return undefined;
    return new PassportError('DP-SIGN-IN-WIDER', { provider: title, wanted: wanted.join(', ') }, { cause: error });
  }

  async function spend(mine: SignInRecord, request: TokenRequest): Promise<TokenSet> {
    const { account, refreshToken } = mine;
    if (refreshToken === undefined) throw new PassportError('DP-SIGN-IN-ENDED', { provider: title });
    assertLeading();
    const answer = await provider.refresh(refreshToken, request, account.subject).catch((error: unknown): never => {
      throw widerThan(mine, request, error) ?? error;
    });
    redactor.know(answer.accessToken);
    if (answer.idToken) redactor.know(answer.idToken.token);
    if (recordOf(account.subject)?.id !== mine.id) {
      // Signed out, or signed in anew, while the provider was answering.
      discard(answer);
      throw required();
    }
    if ((answer.refreshToken ?? refreshToken) !== refreshToken || !state.saved) {
      const next = answer.refreshToken ?? refreshToken;
      replace({ ...mine, refreshToken: next, revision: nextRevision(account.subject) });
      await save();
      if (recordOf(account.subject)?.refreshToken !== next) {
        discard(answer);
        throw required();
      }
    }
    return answer;
  }

  async function refresh(subject: string, request: TokenRequest, early: boolean): Promise<TokenSet> {
    const known = recordOf(subject);
    if (!known) throw required();
    const mine = (await adoptNewer(known)) ?? known;
    try {
      return await spend(mine, request);
    } catch (error) {
      if (!(error instanceof PassportError) || error.code !== 'DP-SIGN-IN-ENDED') throw error;
      if (!recordOf(subject)) throw required();
      const newer = await adoptNewer(mine);
      if (newer) return spend(newer, request);
      // A token at hand is still good: what the refresh token is worth shows when it has ended.
      if (early) throw error;
      log.info('The sign-in has ended', { provider: id });
      remove(mine.account, true);
      await save();
      throw error;
    }
  }

  /** @param how `early` where a token at hand is still good */
  async function mint(subject: string, request: TokenRequest, how: 'early' | 'needed'): Promise<TokenSet> {
    const early = how === 'early';
    // Inside the queue: whoever waited behind a failure does not try at once again.
    const answer = await queued(subject, () =>
      patience.run(
        `${subject}\n${how}`,
        () => refresh(subject, request, early),
        (error) => early || error.retry,
      ),
    );
    log.debug('Token granted', {
      provider: id,
      audience: request.audiences[0],
      expires: answer.expiresAt?.toISOString(),
    });
    if (answer.idToken && recordOf(subject)) idTokens.put(`${subject}\n`, grantedIdToken(answer.idToken));
    return answer;
  }

  const urgency = (replaced: Replaced<GrantedToken>, renews: string | undefined): 'early' | 'needed' =>
    replaced.renews && renews !== ANY ? 'early' : 'needed';

  return {
    get state() {
      return state;
    },
    onDidChange: changes.on,
    async restore() {
      const stored = await store.read();
      if (stored === 'refused') become({ ...state, saved: false });
      else learn(stored);
    },
    merge(other) {
      const next = merged(state, other);
      const saved = secrets.shared ? other.saved : state.saved;
      if (sameState(next, state) && saved === state.saved) return;
      const news = !sameState(next, state);
      become({ ...next, saved });
      if (news && !secrets.shared) void save();
    },
    async adopt({ account, refreshToken, first, asked, token, idToken }) {
      redactor.know(token.token);
      if (idToken) redactor.know(idToken.token);
      patience.forgive(account.subject);
      const { subject } = account;
      const since = recordOf(subject)?.since ?? clock.now();
      forgetTokens(subject);
      // Whoever signs in has seen what had ended.
      state = { ...state, gone: state.gone.map(acknowledged) };
      replace({ id: randomUUID(), account, refreshToken, since, asked, revision: nextRevision(subject) });
      tokens.put(keyOf(subject, first), token);
      if (idToken) idTokens.put(`${subject}\n`, idToken);
      await save();
    },
    async grant(subject, { audience, scopes, rejected, renews, leastLife, signal: abort }) {
      if (!recordOf(subject)) throw required();
      const request = { scopes, audiences: audience === undefined ? [] : [audience] };
      const wish = { key: keyOf(subject, request), rejected, renews, leastLife, signal: abort };
      if (renews === ANY) patience.forgive(subject);
      return tokens.get(wish, async (replaced) =>
        grantedToken(await mint(subject, request, urgency(replaced, renews))),
      );
    },
    async idToken(subject, { renews, ...wish }) {
      if (!recordOf(subject)) throw required();
      if (renews === ANY) patience.forgive(subject);
      return idTokens.get({ key: `${subject}\n`, renews, ...wish }, async (replaced) => {
        // Its own scopes, so that a provider that is asked for openid gives one (OpenID Connect Core section 12).
        const request = { scopes: provider.description.scopes, audiences: [] };
        const { idToken } = await mint(subject, request, urgency(replaced, renews));
        if (!idToken) throw new PassportError('DP-ID-TOKEN', { provider: title });
        return grantedIdToken(idToken);
      });
    },
    async signOut(subject) {
      // Not queued: a sign-out must not wait for a stalled provider. What is under way sees that it is over.
      const record = recordOf(subject);
      if (record) remove(record.account, false);
      else become({ ...state, gone: state.gone.map(acknowledged) });
      const removed = await save();
      log.info('Signed out', { provider: id });
      const revoked = record?.refreshToken !== undefined && (await revoke(record.refreshToken));
      return { revoked, removed };
    },
    async idle() {
      await Promise.all([...queues.values(), writing]);
    },
  };

  async function revoke(refreshToken: string): Promise<boolean> {
    try {
      return await provider.revoke(refreshToken);
    } catch (error) {
      log.warn('The refresh token could not be revoked', { provider: id, error: asPassportError(error).code });
      return false;
    }
  }
}

/** RFC 8707 section 2.2, RFC 6749 section 6. */
const ABOUT_WHAT_WAS_ASKED: ReadonlySet<string> = new Set(['invalid_target', 'invalid_scope']);

/** The user has seen that it ended. */
function acknowledged({ account, revision, ended }: GoneSignIn): GoneSignIn {
  return { account, revision: ended ? revision + 1 : revision, ended: false };
}

/** A token answer as it is handed out. */
export function grantedToken({ accessToken, expiresAt, scopes }: TokenSet): GrantedToken {
  return { id: randomUUID(), token: accessToken, expiresAt, scopes };
}

export function grantedIdToken({ token, expiresAt }: NonNullable<TokenSet['idToken']>): GrantedToken {
  return { id: randomUUID(), token, expiresAt };
}

const keyOf = (subject: string, { scopes, audiences }: TokenRequest): string =>
  `${subject}\n${JSON.stringify([scopes.toSorted(), audiences.toSorted()])}`;
