import * as vscode from 'vscode';

import type { Session } from '../identity/session.ts';
import type { Actions } from '../ui/model.ts';
import type { SignInUi } from '../ui/signIn.ts';
import type { Sessions } from './sessions.ts';

const AUTHENTICATION_ID = 'data-passport';

/** Scopes of the sessions that the Accounts menu shows. The editor forgets an offer to sign in when a session of just its scopes appears. */
const SHOWN_SCOPES: readonly string[] = ['openid'];

export interface AuthenticationDeps {
  readonly sessions: Sessions;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
}

/**
 * Shows the sign-ins in the Accounts menu. It hands out no token: another extension that asks learns who is signed in, and
 * nothing that a database or the provider would accept.
 */
export function registerAuthentication({ sessions, actions, signInUi }: AuthenticationDeps): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  let shown = new Map<string, vscode.AuthenticationSession>();

  function sessionOf(session: Session, scopes: readonly string[]): vscode.AuthenticationSession | undefined {
    const { state, provider } = session;
    if (state.kind === 'signedOut') return undefined;
    const { subject, label } = state.account;
    // The editor keys its access lists by label: one account name at two providers needs two labels.
    const twin = sessions.all.some(
      (other) => other !== session && other.state.kind === 'signedIn' && other.state.account.label === label,
    );
    const account = { id: `${provider.id}/${subject}`, label: twin ? `${label} (${provider.title})` : label };
    return { id: provider.id, accessToken: '', account, scopes: [...scopes] };
  }

  /** The editor polls this at every start: from memory, without a network. */
  function current(scopes = SHOWN_SCOPES): Map<string, vscode.AuthenticationSession> {
    return new Map(
      sessions.all.flatMap((session) => {
        const made = sessionOf(session, scopes);
        return made ? [[session.provider.id, made] as const] : [];
      }),
    );
  }

  /** Puts an entry into the Accounts menu while nobody is signed in. */
  function offer(): void {
    if (sessions.all.length === 0 || current().size > 0) return;
    // Asking without insisting is what puts "Sign in" into the Accounts menu; nothing pops up.
    vscode.authentication.getSession(AUTHENTICATION_ID, SHOWN_SCOPES, {}).then(undefined, () => undefined);
  }

  const following = sessions.onDidChange((provider) => {
    const before = shown;
    shown = current();
    const [was, is] = [before.get(provider), shown.get(provider)];
    const same = was?.account.id === is?.account.id;
    changes.fire({
      added: is && !same ? [is] : [],
      removed: was && !same ? [was] : [],
      changed: is && same ? [is] : [],
    });
    offer();
  });

  const registration = vscode.authentication.registerAuthenticationProvider(
    AUTHENTICATION_ID,
    'Data Passport',
    {
      onDidChangeSessions: changes.event,
      async getSessions(scopes) {
        shown = current();
        return [...current(scopes).values()];
      },
      async createSession(scopes) {
        const provider = await signInUi.signIn();
        const made = provider === undefined ? undefined : current(scopes).get(provider);
        if (!made) throw new vscode.CancellationError();
        return made;
      },
      async removeSession(id) {
        await actions.signOut(id);
      },
    },
    { supportsMultipleAccounts: true },
  );
  return vscode.Disposable.from(following, registration, changes);
}
