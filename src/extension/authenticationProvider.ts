import * as vscode from 'vscode';

import type { Session } from '../identity/session.ts';
import type { Actions } from '../ui/model.ts';
import type { SignInUi } from '../ui/signIn.ts';
import type { Sessions } from './sessions.ts';

export const AUTHENTICATION_ID = 'data-passport';

/** Scopes of the sessions that the Accounts menu shows. The editor forgets an offer to sign in when a session of just its scopes appears. */
const SHOWN_SCOPES: readonly string[] = ['openid'];

export interface AuthenticationDeps {
  readonly sessions: Sessions;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
}

export interface Authentication {
  /** Puts an entry into the Accounts menu while nobody is signed in. */
  offer(): void;
  dispose(): void;
}

/**
 * Shows the sign-ins in the Accounts menu. What another extension gets after the editor's own consent is an access token of
 * the provider's user-info audience: never a database token, a refresh token or an ID token.
 */
export function registerAuthentication({ sessions, actions, signInUi }: AuthenticationDeps): Authentication {
  const changes = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  const tokens = new Map<string, { readonly token: string; readonly expiresAt: number }>();
  let shown = new Map<string, vscode.AuthenticationSession>();

  function sessionOf(
    session: Session,
    token: string,
    scopes: readonly string[],
  ): vscode.AuthenticationSession | undefined {
    const { state, provider } = session;
    if (state.kind === 'signedOut') return undefined;
    const { subject, label } = state.account;
    // The editor keys its access lists by label: one account name at two providers needs two labels.
    const twin = sessions.all.some(
      (other) => other !== session && other.state.kind === 'signedIn' && other.state.account.label === label,
    );
    const account = { id: `${provider.id}/${subject}`, label: twin ? `${label} (${provider.title})` : label };
    return { id: provider.id, accessToken: token, account, scopes: [...scopes] };
  }

  /** The editor polls this at every start: from memory, without a network. */
  function current(): Map<string, vscode.AuthenticationSession> {
    return new Map(
      sessions.all.flatMap((session) => {
        const shownSession = sessionOf(session, tokens.get(session.provider.id)?.token ?? '', SHOWN_SCOPES);
        return shownSession ? [[session.provider.id, shownSession] as const] : [];
      }),
    );
  }

  async function userInfoToken(session: Session): Promise<string> {
    const { id } = session.provider;
    const known = tokens.get(id);
    if (known && known.expiresAt > Date.now() + 60_000) return known.token;
    const granted = await session.signIn?.grant({ scopes: [] });
    if (!granted) return '';
    tokens.set(id, { token: granted.token, expiresAt: granted.expiresAt?.getTime() ?? Infinity });
    return granted.token;
  }

  async function withTokens(scopes: readonly string[]): Promise<vscode.AuthenticationSession[]> {
    const found = await Promise.all(
      sessions.all.map(async (session) => sessionOf(session, await userInfoToken(session), scopes)),
    );
    return found.filter((session) => session !== undefined);
  }

  const following = sessions.onDidChange((provider) => {
    tokens.delete(provider);
    const before = shown;
    shown = current();
    const [was, is] = [before.get(provider), shown.get(provider)];
    const same = was?.account.id === is?.account.id;
    changes.fire({
      added: is && !same ? [is] : [],
      removed: was && !same ? [was] : [],
      changed: is && same ? [is] : [],
    });
  });

  const registration = vscode.authentication.registerAuthenticationProvider(
    AUTHENTICATION_ID,
    'Data Passport',
    {
      onDidChangeSessions: changes.event,
      async getSessions(scopes) {
        shown = current();
        return scopes === undefined ? [...shown.values()] : withTokens(scopes);
      },
      async createSession(scopes) {
        const provider = await signInUi.signIn();
        const session = provider === undefined ? undefined : sessions.get(provider);
        const made = session && sessionOf(session, await userInfoToken(session), scopes);
        if (!made) throw new vscode.CancellationError();
        return made;
      },
      async removeSession(id) {
        await actions.signOut(id);
      },
    },
    { supportsMultipleAccounts: true },
  );
  return {
    offer() {
      if (sessions.all.length === 0 || current().size > 0) return;
      // Asking without insisting is what puts "Sign in" into the Accounts menu; nothing pops up.
      vscode.authentication.getSession(AUTHENTICATION_ID, SHOWN_SCOPES, {}).then(undefined, () => undefined);
    },
    dispose() {
      vscode.Disposable.from(following, registration, changes).dispose();
    },
  };
}
