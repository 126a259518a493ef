import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Identity } from '../core/result.ts';
import type { ConfirmUi } from './confirmConnections.ts';
import type { ConnectionSecretsUi } from './connectionSecrets.ts';
import { messages } from './messages.ts';
import type { Actions, ConnectionView } from './model.ts';
import type { SignInUi } from './signIn.ts';

export interface TestConnectionUi {
  /**
   * Does first what the connection waits for (a sign-in, a secret, the user's word), then asks the other side who we are.
   * @returns undefined where the user gave up
   * @throws PassportError of the test
   */
  run(connection: ConnectionView): Promise<{ readonly identity: Identity; readonly elapsedMs: number } | undefined>;
}

export interface TestConnectionDeps {
  readonly actions: Actions;
  readonly signInUi: SignInUi;
  readonly secretsUi: ConnectionSecretsUi;
  readonly confirmUi: ConfirmUi;
}

export function createTestConnectionUi({
  actions,
  signInUi,
  secretsUi,
  confirmUi,
}: TestConnectionDeps): TestConnectionUi {
  const isUnconfirmed = (id: string): boolean => actions.unconfirmed().some((each) => each.id === id);

  /** False when the user gave up. */
  async function prepared(connection: ConnectionView): Promise<boolean> {
    const { id, state, provider, wantedAccount, secrets } = connection;
    // Nothing here would help: the test says why.
    if (state === 'restricted') return true;
    if (state === 'signedOut' && !(await signInUi.signIn({ provider: provider?.id, hint: wantedAccount })))
      return false;
    const isMissing = secrets.some(({ stored, required }) => required && !stored);
    if (isMissing && !(await secretsUi.enter(connection))) return false;
    if (isUnconfirmed(id)) await confirmUi.ask();
    return !isUnconfirmed(id);
  }

  async function tested({ id, title }: ConnectionView): ReturnType<Actions['test']> {
    return vscode.window.withProgress(
      { location: { viewId: 'dataPassport.connections' }, title: messages.testing(title) },
      () => actions.test(id),
    );
  }

  return {
    async run(connection) {
      if (!(await prepared(connection))) return undefined;
      try {
        return await tested(connection);
      } catch (thrown) {
        const { title, provider, account } = connection;
        // The login was before the connection: it has to be asked once more, for what the connection needs.
        if (asPassportError(thrown).code !== 'DP-SIGN-IN-WIDER' || !provider) throw thrown;
        vscode.window.setStatusBarMessage(messages.loginAgain(provider.title, title), 10_000);
        const again = await signInUi.signIn({ provider: provider.id, hint: account });
        if (again === undefined) return undefined;
        return tested(connection);
      }
    },
  };
}
