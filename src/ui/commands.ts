import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import type { ConfirmUi } from './confirmConnections.ts';
import type { ConnectionSecretsUi } from './connectionSecrets.ts';
import { messages } from './messages.ts';
import { type Actions, type ConnectionView, isWaiting, type OverviewSource } from './model.ts';
import { showError } from './notices.ts';
import { oneLine } from './plainText.ts';
import type { SignInUi } from './signIn.ts';
import type { TokenClaimsUi } from './tokenClaims.ts';
import type { ToolReviewUi } from './toolReview.ts';

export interface CommandsDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
  readonly secretsUi: ConnectionSecretsUi;
  readonly confirmUi: ConfirmUi;
  readonly claimsUi: TokenClaimsUi;
  readonly toolReviewUi: ToolReviewUi;
  readonly log: Log;
  readonly showLog: () => void;
}

/** Registers the commands. A tree item comes as its connection; from the palette there is none, and the user picks. */
export function registerCommands(deps: CommandsDeps): vscode.Disposable {
  const { overview, actions, signInUi, secretsUi, confirmUi, claimsUi, toolReviewUi, log, showLog } = deps;
  const commands: Record<string, (connection?: ConnectionView) => Promise<void>> = {
    'dataPassport.signIn': async (connection) =>
      void (await signInUi.signIn({ provider: connection?.provider?.id, hint: connection?.wantedAccount })),
    'dataPassport.signInAnotherWay': async (connection) =>
      void (await signInUi.signInAnotherWay(connection?.provider?.id)),
    'dataPassport.signOut': signOut,
    'dataPassport.setClientSecret': async () => {
      if (await signInUi.enterClientSecret()) vscode.window.setStatusBarMessage(messages.secretStored(), 5000);
    },
    'dataPassport.setConnectionSecret': async (connection) => void (await secretsUi.enter(connection)),
    'dataPassport.removeConnectionSecret': secretsUi.remove,
    'dataPassport.confirmConnections': confirmUi.ask,
    'dataPassport.showTokenClaims': showTokenClaims,
    'dataPassport.reviewTools': toolReviewUi.review,
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
    const connection = given ?? (await pickConnection(messages.pickConnection()));
    if (!connection || !(await prepared(connection))) return;
    const { id, title } = connection;
    const { identity, elapsedMs } = await vscode.window.withProgress(
      { location: { viewId: 'dataPassport.connections' }, title: messages.testing(title) },
      () => actions.test(id),
    );
    void vscode.window.showInformationMessage(tested(connection, identity, Math.round(elapsedMs)));
  }

  /** What a connection waits for comes first. False when the user gave up. */
  async function prepared(connection: ConnectionView): Promise<boolean> {
    const { id, state, provider, wantedAccount } = connection;
    // Nothing here would help: the test says why.
    if (state === 'restricted') return true;
    if (state === 'secretMissing' && !(await secretsUi.enter(connection))) return false;
    if (state === 'signedOut' && !(await signInUi.signIn({ provider: provider?.id, hint: wantedAccount })))
      return false;
    if (actions.unconfirmed().some((each) => each.id === id)) await confirmUi.ask();
    return !actions.unconfirmed().some((each) => each.id === id);
  }

  async function showTokenClaims(given?: ConnectionView | string): Promise<void> {
    const id = typeof given === 'object' ? given.id : (given ?? (await pickConnection(messages.pickClaims()))?.id);
    if (id !== undefined) await claimsUi.show(id, await actions.tokenClaims(id));
  }

  async function pickConnection(placeHolder: string): Promise<ConnectionView | undefined> {
    const items = overview
      .current()
      .connections.map((connection) => ({ label: connection.title, description: connection.typeLabel, connection }));
    if (items.length === 1) return items[0]?.connection;
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.connection;
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

function tested({ title, serves, host }: ConnectionView, { user, role, details }: Identity, ms: number): string {
  if (serves === 'sql') return messages.tested(title, user, role, ms);
  const { server, tools } = details;
  const answer = { tools: oneLine(tools ?? '0'), user: oneLine(user), ms };
  return messages.testedServer(title, oneLine(server ?? host), answer);
}

/** Sets what the `when` clauses of the manifest ask. */
export function followContext(overview: OverviewSource): vscode.Disposable {
  function update(): void {
    const { providers, connections } = overview.current();
    const facts = {
      'dataPassport.hasClientSecrets': providers.some(({ wantsSecret }) => wantsSecret),
      'dataPassport.hasProviders': providers.length > 0,
      'dataPassport.hasConnections': connections.length > 0,
      'dataPassport.hasConnectionSecrets': connections.some(({ secrets }) => secrets.length > 0),
      'dataPassport.hasUnconfirmed': connections.some(({ state }) => state === 'unconfirmed'),
      'dataPassport.hasTokens': connections.some(({ state }) => !isWaiting(state)),
      'dataPassport.hasWithheldTools': connections.some(({ withheld }) => withheld > 0),
      'dataPassport.signedIn': providers.some(({ accounts }) => accounts.length > 0),
    };
    for (const [key, value] of Object.entries(facts)) void vscode.commands.executeCommand('setContext', key, value);
  }
  const following = overview.onDidChange(update);
  update();
  return following;
}
