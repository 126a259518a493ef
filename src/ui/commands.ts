import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
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
    'dataPassport.signIn': async (connection) =>
      void (await signInUi.signIn({ provider: connection?.provider.id, hint: connection?.wantedAccount })),
    'dataPassport.signInAnotherWay': async (connection) =>
      void (await signInUi.signInAnotherWay(connection?.provider.id)),
    'dataPassport.signOut': signOut,
    'dataPassport.setClientSecret': async () => {
      if (await signInUi.enterClientSecret()) vscode.window.setStatusBarMessage(messages.secretStored(), 5000);
    },
    'dataPassport.showRegistration': showRegistration,
    'dataPassport.refreshToken': async () => {
      vscode.window.setStatusBarMessage(messages.renewed(await actions.renew()), 5000);
    },
    'dataPassport.testConnection': test,
    'dataPassport.showLog': async () => showLog(),
    'dataPassport.openSettings': async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', 'dataPassport')),
  };

  async function signOut(): Promise<void> {
    const items = overview
      .current()
      .providers.flatMap(({ id, title, accounts }) =>
        accounts.map(({ label, subject }) => ({ label, description: title, id, title, subject })),
      );
    const chosen =
      items.length > 1 ? await vscode.window.showQuickPick(items, { placeHolder: messages.pickSignOut() }) : items[0];
    if (!chosen) return;
    const { id, title, label, subject } = chosen;
    const { revoked } = await actions.signOut(id, subject);
    const page = await actions.endSession(id, label).catch(() => undefined);
    const choice = await vscode.window.showInformationMessage(
      revoked ? messages.signedOut(title) : messages.signedOutNotRevoked(title),
      ...(page === undefined ? [] : [messages.endSession()]),
    );
    if (choice !== undefined && page !== undefined) await actions.openBrowser(page);
  }

  async function showRegistration(): Promise<void> {
    const provider = await signInUi.pickProvider(messages.pickRegistration());
    if (!provider) return;
    const content = await actions.registration(provider.id);
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
    await vscode.window.showTextDocument(document);
  }

  async function test(given?: ConnectionView): Promise<void> {
    const connection = given ?? (await pickConnection());
    if (!connection) return;
    const { id, title, provider, account, wantedAccount } = connection;
    const ready = account !== undefined || (await signInUi.signIn({ provider: provider.id, hint: wantedAccount }));
    if (!ready) return;
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
      'dataPassport.hasClientSecrets': providers.some(({ wantsSecret }) => wantsSecret),
      'dataPassport.hasProviders': providers.length > 0,
      'dataPassport.hasConnections': connections.length > 0,
      'dataPassport.signedIn': providers.some(({ accounts }) => accounts.length > 0),
    };
    for (const [key, value] of Object.entries(facts)) void vscode.commands.executeCommand('setContext', key, value);
  }
  const following = overview.onDidChange(update);
  update();
  return following;
}
