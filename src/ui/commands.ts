import * as vscode from 'vscode';

import { asPassportError, PassportError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { messages } from './messages.ts';
import type { Actions, ConnectionView, OverviewSource } from './model.ts';
import { showError } from './notices.ts';
import type { SignInUi } from './signIn.ts';

export interface CommandsDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
  readonly log: Log;
  readonly showLog: () => void;
}

/** Registers the commands. A tree item comes as its connection; from the palette there is none, and the user picks. */
export function registerCommands({ overview, actions, signInUi, log, showLog }: CommandsDeps): vscode.Disposable {
  const commands: Record<string, (connection?: ConnectionView) => Promise<void>> = {
    'dataPassport.signIn': async (connection) => void (await signInUi.signIn(connection?.provider.id)),
    'dataPassport.signOut': signOut,
    'dataPassport.refreshToken': async () => {
      vscode.window.setStatusBarMessage(messages.renewed(await actions.renew()), 5000);
    },
    'dataPassport.testConnection': test,
    'dataPassport.showLog': async () => showLog(),
    'dataPassport.openSettings': async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', 'dataPassport')),
  };

  async function signOut(): Promise<void> {
    const signedIn = overview.current().providers.filter(({ account }) => account !== undefined);
    const items = signedIn.map(({ id, title, account }) => ({ label: title, description: account ?? '', id, title }));
    const chosen =
      items.length > 1 ? await vscode.window.showQuickPick(items, { placeHolder: messages.pickSignOut() }) : items[0];
    if (!chosen) return;
    const { revoked, removed } = await actions.signOut(chosen.id);
    if (!removed) void showError(new PassportError('DP-SECRET-STORE'));
    void vscode.window.showInformationMessage(
      revoked ? messages.signedOut(chosen.title) : messages.signedOutNotRevoked(chosen.title),
    );
  }

  async function test(given?: ConnectionView): Promise<void> {
    const connection = given ?? (await pickConnection());
    if (!connection) return;
    const { id, title, provider } = connection;
    if (provider.account === undefined && (await signInUi.signIn(provider.id)) === undefined) return;
    const { identity, elapsedMs } = await vscode.window.withProgress(
      { location: { viewId: 'dataPassport.connections' }, title: messages.testing(title) },
      () => actions.test(id),
    );
    void vscode.window.showInformationMessage(
      messages.tested(title, identity.user, identity.role, Math.round(elapsedMs)),
    );
  }

  async function pickConnection(): Promise<ConnectionView | undefined> {
    const items = overview
      .current()
      .connections.map((connection) => ({ label: connection.title, description: connection.typeLabel, connection }));
    if (items.length === 1) return items[0]?.connection;
    return (await vscode.window.showQuickPick(items, { placeHolder: messages.pickConnection() }))?.connection;
  }

  const registrations = Object.entries(commands).map(([id, run]) =>
    vscode.commands.registerCommand(id, async (connection?: ConnectionView) => {
      try {
        await run(connection);
      } catch (thrown) {
        const error = asPassportError(thrown);
        log.warn('A command failed', { command: id, error: error.code, problem: error.message });
        void showError(error);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

/** Sets what the `when` clauses of the manifest ask. */
export function followContext(overview: OverviewSource): vscode.Disposable {
  function update(): void {
    const { providers, connections } = overview.current();
    const facts = {
      'dataPassport.hasProviders': providers.length > 0,
      'dataPassport.hasConnections': connections.length > 0,
      'dataPassport.canSignIn': providers.some(({ account }) => account === undefined),
      'dataPassport.signedIn': providers.some(({ account }) => account !== undefined),
    };
    for (const [key, value] of Object.entries(facts)) void vscode.commands.executeCommand('setContext', key, value);
  }
  const following = overview.onDidChange(update);
  update();
  return following;
}
