import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import { askInChat } from './askInChat.ts';
import type { ConfirmUi } from './confirmConnections.ts';
import type { ConnectionSecretsUi } from './connectionSecrets.ts';
import type { DoctorUi } from './doctor.ts';
import type { EntryCommands } from './entryCommands.ts';
import type { GuidesUi } from './guides.ts';
import { messages } from './messages.ts';
import { type Actions, type ConnectionView, isWaiting, type OverviewSource } from './model.ts';
import { showError } from './notices.ts';
import type { PickConnection } from './pickConnection.ts';
import { oneLine } from './plainText.ts';
import { providerCommands } from './providerCommands.ts';
import type { ImportUi } from './setup/importUi.ts';
import type { SetupUi } from './setup/setupUi.ts';
import type { SignInUi } from './signIn.ts';
import type { TestConnectionUi } from './testConnection.ts';
import type { TokenClaimsUi } from './tokenClaims.ts';
import type { ToolReviewUi } from './toolReview.ts';

/** As the editor names the one of the manifest. */
const WALKTHROUGH = 'data-passport.data-passport#dataPassport.start';

export interface CommandsDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
  readonly secretsUi: ConnectionSecretsUi;
  readonly confirmUi: ConfirmUi;
  readonly testUi: TestConnectionUi;
  /** Loaded with its first use, as those below. */
  readonly entries: () => Promise<EntryCommands>;
  /** Loaded with its first use. */
  readonly setupUi: () => Promise<SetupUi>;
  readonly importUi: () => Promise<ImportUi>;
  /** Loaded with its first use. */
  readonly doctorUi: () => Promise<DoctorUi>;
  /** Loaded with its first use. */
  readonly guidesUi: () => Promise<GuidesUi>;
  readonly pickConnection: PickConnection;
  readonly claimsUi: TokenClaimsUi;
  readonly toolReviewUi: ToolReviewUi;
  readonly log: Log;
  readonly showLog: () => void;
}

/** Registers the commands. A tree item comes as its connection; from the palette there is none, and the user picks. */
export function registerCommands(deps: CommandsDeps): vscode.Disposable {
  const { actions, signInUi, secretsUi, confirmUi, testUi, entries, setupUi, importUi, pickConnection } = deps;
  const { claimsUi, toolReviewUi, doctorUi, guidesUi, log, showLog } = deps;
  const commands: Record<string, (connection?: ConnectionView) => Promise<void>> = {
    'dataPassport.addIdentityProvider': async () => (await setupUi()).addProvider(),
    'dataPassport.addConnection': async () => (await setupUi()).addConnection(),
    'dataPassport.importConfiguration': async () => (await importUi()).run(),
    'dataPassport.offerToAgents': async (connection) => (await entries()).setAgents(connection, true),
    'dataPassport.withdrawFromAgents': async (connection) => (await entries()).setAgents(connection, false),
    'dataPassport.chooseAgents': async (connection) => (await entries()).askAgents(connection),
    'dataPassport.chooseContext': async (connection) => (await entries()).chooseContext(connection),
    'dataPassport.removeConnection': async (connection) => (await entries()).removeConnection(connection),
    'dataPassport.signIn': async (connection) =>
      void (await signInUi.signIn({ provider: connection?.provider?.id, hint: connection?.wantedAccount })),
    'dataPassport.signInAnotherWay': async (connection) =>
      void (await signInUi.signInAnotherWay(connection?.provider?.id)),
    'dataPassport.setConnectionSecret': async (connection) => void (await secretsUi.enter(connection)),
    'dataPassport.removeConnectionSecret': secretsUi.remove,
    'dataPassport.confirmConnections': confirmUi.ask,
    'dataPassport.showTokenClaims': showTokenClaims,
    'dataPassport.reviewTools': toolReviewUi.review,
    'dataPassport.refreshToken': async () => {
      vscode.window.setStatusBarMessage(messages.renewed(await actions.renew()), 5000);
    },
    'dataPassport.testConnection': test,
    'dataPassport.copyDiagnostics': async (connection) => (await doctorUi()).copy(connection),
    'dataPassport.diagnoseConnection': async (connection) => (await doctorUi()).diagnose(connection),
    'dataPassport.generateSetup': async (connection) => (await guidesUi()).open(connection),
    'dataPassport.askInChat': askInChat,
    'dataPassport.openWalkthrough': async () =>
      void (await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false)),
    'dataPassport.showLog': async () => showLog(),
    'dataPassport.openSettings': async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', 'dataPassport')),
  };

  async function test(given?: ConnectionView): Promise<void> {
    const connection = given ?? (await pickConnection(messages.pickConnection()));
    const result = connection && (await testUi.run(connection));
    if (!result) return;
    const { identity, elapsedMs } = result;
    void vscode.window.showInformationMessage(tested(connection, identity, Math.round(elapsedMs)));
  }

  async function showTokenClaims(given?: ConnectionView | string): Promise<void> {
    const id = typeof given === 'object' ? given.id : (given ?? (await pickConnection(messages.pickClaims()))?.id);
    if (id !== undefined) await claimsUi.show(id, await actions.tokenClaims(id));
  }

  return registered({ ...commands, ...providerCommands(deps) }, log);
}

/** Whatever a command throws is shown with its fix. */
function registered(
  commands: Readonly<Record<string, (argument?: never) => Promise<void>>>,
  log: Log,
): vscode.Disposable {
  const registrations = Object.entries(commands).map(([id, run]) =>
    vscode.commands.registerCommand(id, async (argument?: never) => {
      try {
        await run(argument);
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
    const { providers, connections, problems } = overview.current();
    const facts = {
      'dataPassport.hasProblems': problems.length > 0,
      'dataPassport.hasChoices': connections.some(({ choices }) => choices.length > 0),
      'dataPassport.hasPrivate': connections.some(({ agents }) => !agents),
      'dataPassport.hasOffered': connections.some(({ agents }) => agents),
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
