import { PassportError } from '../core/errors.ts';
import { decodeJwt } from '../core/jwt.ts';
import type { SignInPage } from '../core/link.ts';
import { type Clock, type Disposable, type Log, signal } from '../core/ports.ts';
import type { SignIn } from '../core/signIn.ts';
import { createAttempts, type SignInAttempt, type Taken } from './attempts.ts';
import type { FlowHost, FlowName } from './flows/flow.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { Account, Provider, SignInRequest, TokenRequest, TokenSet } from './provider.ts';
import { grantedIdToken, grantedToken } from './signIns.ts';
import type { SignInsHandle, SignOutResult } from './signInsHandle.ts';

/** Who is signed in at one provider. */
export interface SessionState {
  /** Earliest sign-in first: it is whom a connection runs as that names nobody. */
  readonly accounts: readonly Account[];
  /** One whose sign-in the provider ended, so that the user must act. */
  readonly ended: Account | undefined;
  /** False when the secret storage refused: what is new is lost with the last window, what is over may still be stored. */
  readonly saved: boolean;
}

/** What becomes of the one who is signed in when somebody else signs in. */
export type Succession = 'beside' | 'instead' | 'cancel';

export interface SessionDeps {
  readonly provider: Provider;
  readonly signIns: SignInsHandle;
  readonly host: FlowHost;
  readonly clock: Clock;
  readonly log: Log;
  /** One request for each token that the connections of this provider will want. */
  readonly wanted: () => readonly TokenRequest[];
  /** Asks the user. Who is one of several can not be replaced: `instead` is for exactly one. */
  readonly confirm: (next: Account, current: readonly Account[]) => Promise<Succession>;
  /** The user has just signed in through this window. Awaited: what a sign-in agrees to counts from its first call on. */
  readonly adopted?: () => Promise<void>;
}

/** The user's sign-ins at one identity provider, as one window sees them. */
export interface Session {
  readonly provider: ProviderDescription;
  readonly state: SessionState;
  /** The port for token sources. @param account label or subject of whom it must be; otherwise the earliest sign-in */
  signIn(account?: string): SignIn | undefined;
  onDidChange(listener: (state: SessionState) => void): Disposable;
  /** Starts waiting for a sign-in by the user; an attempt that already waits is canceled. @throws PassportError DP-SIGN-IN-PORTS, DP-SIGN-IN-FLOW, DP-PROVIDER-* */
  attempt(how?: { readonly flow?: FlowName | undefined; readonly hint?: string | undefined }): Promise<SignInAttempt>;
  /** Page that starts a sign-in: for sign-in cards. */
  signInPage(hint?: string): Promise<SignInPage | undefined>;
  /** A redirect that reached the editor. False when nobody here waits for it. */
  receive(url: URL): Promise<boolean>;
  /** An access token of the provider's own user-info endpoint, for whoever only wants to know who is signed in. Absent where there is none, or only one that a database would take as well. */
  userInfoToken(subject: string): Promise<string | undefined>;
  signOut(subject: string): Promise<SignOutResult>;
  /** Page that ends the browser's session at the provider, if it has one. */
  endSession(label: string): Promise<string | undefined>;
  /** Stops waiting for the user. */
  dispose(): void;
}

/** Scopes that open the user-info endpoint and nothing else. */
const USER_INFO: ReadonlySet<string> = new Set(['openid', 'profile', 'email']);

export function createSession(deps: SessionDeps): Session {
  const { provider, signIns, clock, log, confirm } = deps;
  const { description } = provider;
  const changes = signal<SessionState>();
  let hint: string | undefined;
  let told = summary();
  const attempts = createAttempts({ provider, host: deps.host, clock, log, requests, take });
  // A rotation is nobody's business.
  const following = signIns.onDidChange(() => {
    const now = summary();
    if (now === told) return;
    told = now;
    changes.fire(state());
  });

  function summary(): string {
    const { accounts, ended, saved } = state();
    return JSON.stringify([accounts, signIns.state.records.map(({ id }) => id), ended, saved]);
  }

  function state(): SessionState {
    const { records, gone, saved } = signIns.state;
    return {
      accounts: records.map(({ account }) => account),
      ended: gone.find(({ ended }) => ended)?.account,
      saved,
    };
  }

  /** Everything that any connection may want is consented to at once; the code is exchanged for the first of them. */
  function requests(): SignInRequest {
    const wanted = deps.wanted();
    const scopes = [...new Set([...description.scopes, ...wanted.flatMap((request) => request.scopes)])];
    const audiences = [...new Set(wanted.flatMap((request) => request.audiences))];
    // One that asks for nothing (an ID token) must not take the only place of one that does.
    const asking = wanted.find((request) => request.scopes.length + request.audiences.length > 0);
    return { all: { scopes, audiences }, first: asking ?? { scopes: [], audiences: [] }, hint };
  }

  async function take(tokens: TokenSet, { all, first }: SignInRequest, stillWanted: () => boolean): Promise<Taken> {
    const { account } = tokens;
    // Canceled while the provider was answering.
    if (!stillWanted()) return refuse(tokens);
    if (!account) {
      const path = `dataPassport.identityProviders.${description.id}`;
      const check = 'it does not say who signed in';
      throw new PassportError('DP-SIGN-IN-RESPONSE', { provider: description.title, path, check });
    }
    const { refreshToken } = tokens;
    const adopt = async (): Promise<void> => {
      await deps.adopted?.();
      const idToken = tokens.idToken && grantedIdToken(tokens.idToken);
      const { audiences, scopes } = description.audiencesAtSignIn === 'one' ? first : all;
      const asked = [...audiences, ...scopes];
      await signIns.adopt({ account, refreshToken, first, asked, token: grantedToken(tokens), idToken });
      log.info('Signed in', { provider: description.id });
    };
    const others = state().accounts.filter(({ subject }) => subject !== account.subject);
    if (others.length > 0) return { account, asked: decide(account, others, { adopt, tokens }) };
    await adopt();
    if (stillWanted()) return { account };
    await signIns.signOut(account.subject);
    throw canceled();
  }

  /** A refresh token that nobody will hold must not outlive the sign-in that it came from. */
  async function refuse({ refreshToken }: TokenSet): Promise<never> {
    if (refreshToken !== undefined) await provider.revoke(refreshToken).catch(() => undefined);
    throw canceled();
  }

  const canceled = (): PassportError => new PassportError('DP-SIGN-IN-CANCELED', { provider: description.title });

  async function decide(
    account: Account,
    others: readonly Account[],
    { adopt, tokens }: { adopt: () => Promise<void>; tokens: TokenSet },
  ): Promise<void> {
    const answer = await confirm(account, others);
    if (answer === 'cancel') return refuse(tokens);
    await adopt();
    if (answer === 'instead') for (const { subject } of others) await signIns.signOut(subject);
  }

  function find(wanted: string | undefined): Account | undefined {
    const { accounts } = state();
    if (wanted === undefined) return accounts[0];
    const name = wanted.toLowerCase();
    return accounts.find(({ subject, label }) => subject === wanted || label.toLowerCase() === name);
  }

  return {
    provider: description,
    get state() {
      return state();
    },
    signIn(wanted) {
      const account = find(wanted);
      return (
        account && {
          provider: description.id,
          expectedIssuer: description.accessToken.issuer,
          subject: account.subject,
          subjectInAccessToken: description.accessToken.subject,
          grant: (request) => signIns.grant(account.subject, request),
          idToken: (wish) => signIns.idToken(account.subject, wish),
          tokenEndpoint: provider.tokenEndpoint,
        }
      );
    },
    onDidChange: changes.on,
    attempt(how = {}) {
      hint = how.hint;
      return attempts.begin(how.flow);
    },
    signInPage(expected) {
      hint = expected;
      return attempts.page();
    },
    receive: attempts.receive,
    async userInfoToken(subject) {
      const scopes = description.scopes.filter((scope) => USER_INFO.has(scope));
      if (!scopes.includes('openid')) return undefined;
      const { token } = await signIns.grant(subject, { scopes });
      return opensDatabases(token, deps.wanted()) ? undefined : token;
    },
    signOut(subject) {
      attempts.cancel();
      return signIns.signOut(subject);
    },
    endSession: provider.endSession,
    dispose() {
      following.dispose();
      attempts.cancel();
    },
  };
}

/** Whether a token carries an audience or a scope that a connection asks for, asked for or not: some providers add them by themselves. */
function opensDatabases(token: string, wanted: readonly TokenRequest[]): boolean {
  const { aud, scope, scp } = decodeJwt(token)?.claims ?? {};
  const carried = [aud, scope, scp].flat().flatMap((value) => (typeof value === 'string' ? value.split(' ') : []));
  const databases = new Set(wanted.flatMap(({ audiences, scopes }) => [...audiences, ...scopes]));
  return carried.some((value) => databases.has(value) && !USER_INFO.has(value));
}
