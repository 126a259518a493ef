import * as vscode from 'vscode';

import type { Log } from '../core/ports.ts';
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
  readonly log: Log;
}

/** One account at one provider, as the editor sees it. */
interface Shown {
  readonly session: Session;
  readonly subject: string;
  readonly made: vscode.AuthenticationSession;
}

/**
 * Shows the sign-ins in the Accounts menu, and tells another extension that the user lets ask who they are: it gets an access
 * token of the provider's own user-info endpoint, or none where the provider has no such. Never one for a database, no refresh
 * token, and no ID token, which some connections use as their credential.
 */
export function registerAuthentication(deps: AuthenticationDeps): vscode.Disposable {
  const { sessions, actions, signInUi, log } = deps;
  const changes = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  let shown = current();

  /** The editor polls this at every start: from memory, without a network, and without a token. */
  function current(scopes = SHOWN_SCOPES): ReadonlyMap<string, Shown> {
    const everyone = sessions.all.flatMap((session) => session.state.accounts.map((account) => ({ session, account })));
    const entries = everyone.map(({ session, account }): [string, Shown] => {
      const { id: provider, title } = session.provider;
      const { subject, label } = account;
      // The editor keys its access lists by label: one account name at two providers needs two labels.
      const twins = everyone.filter((other) => other.account.label === label);
      const sameProvider = twins.filter((other) => other.session === session).length > 1;
      const qualifier = sameProvider ? `${title}, ${subject}` : title;
      const id = `${provider}/${subject}`;
      const named = { id, label: twins.length > 1 ? `${label} (${qualifier})` : label };
      return [id, { session, subject, made: { id, accessToken: '', account: named, scopes: [...scopes] } }];
    });
    return new Map(entries);
  }

  async function withToken({ session, subject, made }: Shown): Promise<vscode.AuthenticationSession> {
    return { ...made, accessToken: (await session.userInfoToken(subject)) ?? '' };
  }

  /** Puts an entry into the Accounts menu while nobody is signed in. */
  function offer(): void {
    if (sessions.all.length === 0 || current().size > 0) return;
    // Asking without insisting is what puts "Sign in" into the Accounts menu; nothing pops up.
    vscode.authentication.getSession(AUTHENTICATION_ID, SHOWN_SCOPES, {}).then(undefined, () => undefined);
  }

  const following = sessions.onDidChange(() => {
    const before = shown;
    shown = current();
    const made = (all: ReadonlyMap<string, Shown>, but: ReadonlyMap<string, Shown>) =>
      [...all].flatMap(([id, each]) => (but.has(id) ? [] : [each.made]));
    const kept = [...shown].flatMap(([id, each]) => (before.has(id) ? [each.made] : []));
    changes.fire({ added: made(shown, before), removed: made(before, shown), changed: kept });
    offer();
  });

  const registration = vscode.authentication.registerAuthenticationProvider(
    AUTHENTICATION_ID,
    'Data Passport',
    {
      onDidChangeSessions: changes.event,
      async getSessions(scopes, { account }) {
        shown = current();
        if (scopes === undefined) return [...shown.values()].map(({ made }) => made);
        const asked = [...current(scopes).values()].filter(({ made }) => !account || made.account.id === account.id);
        const results = await Promise.allSettled(asked.map(withToken));
        // One provider that is away does not hide the accounts of the others.
        return results.flatMap((result) => {
          if (result.status === 'fulfilled') return [result.value];
          log.info('Another extension gets no token: the provider gave none');
          return [];
        });
      },
      async createSession(scopes, { account }) {
        const hint =
          account === undefined
            ? undefined
            : [...current().values()].find(({ made }) => made.account.id === account.id);
        const before = current();
        const provider = await signInUi.signIn({ provider: hint?.session.provider.id, hint: account?.label });
        const mine = [...current(scopes).values()].filter(({ session }) => session.provider.id === provider);
        const made = mine.find(({ made: { id } }) => !before.has(id)) ?? mine[0];
        if (!made) throw new vscode.CancellationError();
        return withToken(made);
      },
      async removeSession(id) {
        const gone = current().get(id);
        if (gone) await actions.signOut(gone.session.provider.id, gone.subject);
      },
    },
    { supportsMultipleAccounts: true },
  );
  return vscode.Disposable.from(following, registration, changes);
}
