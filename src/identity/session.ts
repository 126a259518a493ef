import { asPassportError, PassportError } from '../core/errors.ts';
import { type Clock, type Disposable, type Log, type Secrets, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { GrantRequest, SignIn } from '../core/signIn.ts';
import type { Outcome, RedirectHandler, RedirectListener } from './flows/flow.ts';
import { createGrants } from './grants.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { Account, Authorization, Provider, TokenRequest } from './provider.ts';

export type SessionState =
  /** `ended`: the provider ended a sign-in that we had, so the user must act. */
  | { readonly kind: 'signedOut'; readonly ended: boolean }
  | { readonly kind: 'signedIn'; readonly account: Account; readonly saved: boolean };

export interface SessionDeps {
  readonly provider: Provider;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Opens the redirect listener of the flow that this host allows. */
  readonly listen: (handler: RedirectHandler) => Promise<RedirectListener>;
  /** One request for each token that the connections of this provider will want. */
  readonly wanted: () => readonly TokenRequest[];
}

/** A sign-in that waits for the browser. */
export interface SignInAttempt {
  /** Page of our own to open. */
  readonly startUrl: string;
  readonly redirectUri: string;
  /** Settles with the account, or rejects: DP-SIGN-IN-CANCELED, -TIMEOUT, -REFUSED, -RESPONSE, DP-PROVIDER-*. */
  readonly done: Promise<Account>;
  cancel(): void;
}

/** The user's sign-in at one identity provider. */
export interface Session {
  readonly provider: ProviderDescription;
  readonly state: SessionState;
  /** The port for token sources while someone is signed in. */
  readonly signIn: SignIn | undefined;
  onDidChange(listener: (state: SessionState) => void): Disposable;
  /** Takes up the stored sign-in. No network. */
  restore(): Promise<void>;
  /** Starts waiting for a sign-in by the user; an attempt that already waits is canceled. @throws PassportError DP-SIGN-IN-PORTS */
  attempt(): Promise<SignInAttempt>;
  /** Page that starts a sign-in whenever it is opened within a quarter of an hour: for sign-in cards. */
  signInPage(): Promise<string>;
  /**
   * Forgets first, then revokes. `revoked`: false when the provider has no revocation endpoint, could not be reached, or had
   * given no refresh token. `removed`: false when the secret storage refused to delete the record.
   */
  signOut(): Promise<{ readonly revoked: boolean; readonly removed: boolean }>;
  /** Stops waiting for the browser; resolves when no grant is under way any more. */
  dispose(): Promise<void>;
}

const MINUTE = 60_000;
const ATTEMPT_MINUTES = 5;
const PAGE_MINUTES = 15;

interface Waiter {
  resolve(account: Account): void;
  reject(error: PassportError): void;
}

export function createSession(deps: SessionDeps): Session {
  const { provider, clock, log } = deps;
  const { description } = provider;
  const changes = signal<SessionState>();
  let ended = false;
  const grants = createGrants({
    ...deps,
    changed(why) {
      ended = why === 'ended';
      changes.fire(state());
    },
  });
  let listening: Promise<RedirectListener> | undefined;
  let closesAt = 0;
  let closing: NodeJS.Timeout | undefined;
  /** The newest try: what was asked for, and what the code will be exchanged for. */
  let trying: { readonly authorization: Authorization; readonly first: TokenRequest } | undefined;
  let waiter: Waiter | undefined;

  function state(): SessionState {
    const { holder, saved } = grants;
    return holder ? { kind: 'signedIn', account: holder.account, saved } : { kind: 'signedOut', ended };
  }

  /** Everything that any connection may want is consented to at once; the code is exchanged for the first of them. */
  function requests(): { all: TokenRequest; first: TokenRequest } {
    const wanted = deps.wanted();
    const scopes = [...new Set([...description.scopes, ...wanted.flatMap((request) => request.scopes)])];
    const audiences = [...new Set(wanted.flatMap((request) => request.audiences))];
    return { all: { scopes, audiences }, first: wanted[0] ?? { scopes: [], audiences: [] } };
  }

  const handler: RedirectHandler = {
    async start() {
      const listener = await listening;
      if (!listener) throw new PassportError('DP-SIGN-IN-CANCELED', { provider: description.title });
      keepOpen(ATTEMPT_MINUTES);
      const { all, first } = requests();
      const authorization = await provider.authorize(listener.redirectUri, all, first);
      trying = { authorization, first };
      return authorization.url;
    },
    expectedState: () => trying?.authorization.state,
    async finish(callback): Promise<Outcome> {
      const mine = trying;
      const served = listening;
      // A code is redeemed once: from here on the same redirect is stale.
      trying = undefined;
      try {
        if (!mine) throw canceled();
        const tokens = await mine.authorization.redeem(callback);
        // Canceled or signed out while the provider was answering: what came back is not taken.
        const account = await grants.adopt(tokens, mine.first, () => listening === served);
        log.info('Signed in', { provider: description.id });
        settle((waiting) => waiting.resolve(account));
        close();
        return { kind: 'signedIn', account: account.label, provider: description.title };
      } catch (thrown) {
        const error = asPassportError(thrown);
        log.warn('Sign-in failed', { provider: description.id, error: error.code });
        // Whoever waits on a newer listener waits for something else.
        if (listening === served) settle((waiting) => waiting.reject(error));
        return { kind: 'failed', message: error.message, fix: error.fix };
      }
    },
  };

  function settle(how: (waiting: Waiter) => void): void {
    const waiting = waiter;
    waiter = undefined;
    if (waiting) how(waiting);
  }

  function open(minutes: number): Promise<RedirectListener> {
    listening ??= deps.listen(handler);
    listening.catch(() => (listening = undefined));
    keepOpen(minutes);
    return listening;
  }

  function keepOpen(minutes: number): void {
    closesAt = Math.max(closesAt, clock.now() + minutes * MINUTE);
    clearTimeout(closing);
    closing = setTimeout(() => void timeOut(), closesAt - clock.now()).unref();
  }

  async function timeOut(): Promise<void> {
    const listener = await listening?.catch(() => undefined);
    const params = {
      provider: description.title,
      minutes: String(ATTEMPT_MINUTES),
      redirectUri: listener?.redirectUri ?? '',
      clientId: description.clientId,
    };
    settle((waiting) => waiting.reject(new PassportError('DP-SIGN-IN-TIMEOUT', params)));
    close();
  }

  function close(): void {
    clearTimeout(closing);
    closesAt = 0;
    trying = undefined;
    const gone = listening;
    listening = undefined;
    gone?.then((listener) => listener.close()).catch(() => undefined);
  }

  async function revoke(refreshToken: string): Promise<boolean> {
    try {
      return await provider.revoke(refreshToken);
    } catch (error) {
      log.warn('The refresh token could not be revoked', {
        provider: description.id,
        error: asPassportError(error).code,
      });
      return false;
    }
  }

  function canceled(): PassportError {
    return new PassportError('DP-SIGN-IN-CANCELED', { provider: description.title });
  }

  return {
    provider: description,
    get state() {
      return state();
    },
    get signIn() {
      const { holder } = grants;
      return (
        holder && {
          provider: description.id,
          expectedIssuer: description.issuer,
          subject: holder.account.subject,
          subjectInAccessToken: true,
          grant: (request: GrantRequest) => grants.grant(request, holder),
        }
      );
    },
    onDidChange: changes.on,
    restore: grants.restore,
    async attempt() {
      settle((waiting) => waiting.reject(canceled()));
      const { promise, resolve, reject } = Promise.withResolvers<Account>();
      const own: Waiter = { resolve, reject };
      waiter = own;
      promise.catch(() => undefined);
      const { startUrl, redirectUri } = await open(ATTEMPT_MINUTES);
      return {
        startUrl,
        redirectUri,
        done: promise,
        cancel() {
          if (waiter !== own) return;
          settle((waiting) => waiting.reject(canceled()));
          close();
        },
      };
    },
    signInPage: async () => (await open(PAGE_MINUTES)).startUrl,
    async signOut() {
      settle((waiting) => waiting.reject(canceled()));
      close();
      const { refreshToken, removed } = await grants.forget();
      log.info('Signed out', { provider: description.id });
      const revoked = refreshToken !== undefined && (await revoke(refreshToken));
      return { revoked, removed };
    },
    async dispose() {
      settle((waiting) => waiting.reject(canceled()));
      close();
      await grants.idle();
    },
  };
}
