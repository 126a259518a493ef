import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Offer } from '../core/result.ts';
import { messages } from './messages.ts';
import { type Actions, type ConnectionView, isWaiting, type OverviewSource, type ProviderView } from './model.ts';
import type { PickConnection } from './pickConnection.ts';
import type { ProviderNode } from './providersView.ts';
import type { SetupActions } from './setup/model.ts';
import { setupMessages as text } from './setup/setupMessages.ts';
import type { TestConnectionUi } from './testConnection.ts';

export interface EntryCommandsDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly setup: SetupActions;
  /** The connection that a command is for, where it came without one. */
  readonly pickConnection: PickConnection;
  readonly testUi: TestConnectionUi;
}

export interface EntryCommands {
  /** Whether agents may use a connection. */
  setAgents(connection: ConnectionView | undefined, agents: boolean): Promise<void>;
  /** Asks whether agents may use it: a line that can be clicked by mistake changes nothing by itself. */
  askAgents(connection?: ConnectionView): Promise<void>;
  removeConnection(connection?: ConnectionView): Promise<void>;
  removeProvider(node?: ProviderNode): Promise<void>;
  /** Lets the user choose a role, a warehouse … among those that the database offers. */
  chooseContext(connection?: ConnectionView): Promise<void>;
}

/** Commands that change what the settings say of one provider or connection. */
export function createEntryCommands(deps: EntryCommandsDeps): EntryCommands {
  const { overview, actions, setup, pickConnection, testUi } = deps;
  return {
    setAgents,
    async askAgents(connection) {
      if (!connection) return;
      const current = (isSo: boolean) => (isSo ? { description: text.asItIs() } : {});
      const items = [
        { label: text.agentsYes(), detail: text.agentsYesDetail(), agents: true, ...current(connection.agents) },
        { label: text.agentsNo(), detail: text.agentsNoDetail(), agents: false, ...current(!connection.agents) },
      ];
      const placeHolder = text.pickAgents(connection.title);
      const chosen = await vscode.window.showQuickPick(items, { placeHolder });
      if (chosen && chosen.agents !== connection.agents) await setAgents(connection, chosen.agents);
    },
    async removeConnection(given) {
      const connection = given ?? (await pickConnection(messages.pickRemoval()));
      if (!connection || (await sure(connection.title, text.removeDetail(), [text.remove()])) === undefined) return;
      await setup.remove([{ section: 'connections', id: connection.id }]);
      vscode.window.setStatusBarMessage(text.removed(connection.title), 5000);
    },
    async removeProvider(node) {
      const { connections } = overview.current();
      const provider = node?.provider ?? (await pickProvider());
      if (!provider) return;
      const needy = connections.filter((connection) => connection.provider?.id === provider.id);
      const names = needy.map(({ title }) => title).join(', ');
      const detail = needy.length > 0 ? text.removeProviderDetail(names) : text.removeIdleProviderDetail();
      const withAll = text.removeWith(needy.length);
      const choice = await sure(provider.title, detail, [text.remove(), ...(needy.length > 0 ? [withAll] : [])]);
      if (choice === undefined) return;
      for (const { subject } of provider.accounts) await actions.signOut(provider.id, subject);
      if (provider.wantsSecret) await actions.removeClientSecret(provider.id);
      const others = choice === withAll ? needy : [];
      await setup.remove([
        ...others.map(({ id }) => ({ section: 'connections', id }) as const),
        { section: 'identityProviders', id: provider.id },
      ]);
      vscode.window.setStatusBarMessage(text.removed(provider.title), 5000);
    },
    async chooseContext(given) {
      const question = messages.context.pickConnection();
      const connection = given ?? (await pickConnection(question, ({ choices }) => choices.length > 0));
      if (!connection) return;
      const setting = await chosenSetting(connection);
      if (setting === undefined || (isWaiting(connection.state) && !(await testUi.run(connection)))) return;
      const value = await chosenValue(connection, setting);
      if (value === undefined) return;
      await setup.change('connections', connection.id, { [setting]: value === '' ? undefined : value });
      // Whether the user may is for the other side to say: the token may have to be asked for once more.
      const changed = overview.current().connections.find(({ id }) => id === connection.id);
      await vscode.commands.executeCommand('dataPassport.testConnection', changed);
    },
  };

  async function setAgents(given: ConnectionView | undefined, agents: boolean): Promise<void> {
    const question = agents ? text.pickToOffer() : text.pickToWithdraw();
    const connection = given ?? (await pickConnection(question, (each) => each.agents !== agents));
    if (!connection) return;
    // What is the default need not be written.
    await setup.change('connections', connection.id, { agents: agents || undefined });
    vscode.window.setStatusBarMessage(
      agents ? text.agentsOn(connection.title) : text.agentsOff(connection.title),
      5000,
    );
  }

  async function pickProvider(): Promise<ProviderView | undefined> {
    const { providers } = overview.current();
    if (providers.length < 2) return providers[0];
    const items = providers.map((provider) => ({ label: provider.title, provider }));
    return (await vscode.window.showQuickPick(items, { placeHolder: text.pickProviderRemoval() }))?.provider;
  }

  async function chosenSetting({ choices, title }: ConnectionView): Promise<string | undefined> {
    if (choices.length < 2) return choices[0];
    const items = choices.map((setting) => ({ label: text.field(setting), setting }));
    return (await vscode.window.showQuickPick(items, { placeHolder: messages.context.pickSetting(title) }))?.setting;
  }

  /** What the other side offers; a login that is older than the connection is done once more first. */
  async function offerOf(connection: ConnectionView, setting: string): Promise<Offer> {
    try {
      return await actions.choices(connection.id, setting);
    } catch (thrown) {
      if (asPassportError(thrown).code !== 'DP-SIGN-IN-WIDER' || !(await testUi.run(connection))) throw thrown;
      return actions.choices(connection.id, setting);
    }
  }

  /** Empty: what the other side does without the setting. */
  async function chosenValue(connection: ConnectionView, setting: string): Promise<string | undefined> {
    const { title } = connection;
    const field = text.field(setting);
    const { current, values } = await vscode.window.withProgress(
      { location: { viewId: 'dataPassport.connections' } },
      () => offerOf(connection, setting),
    );
    const offered = [
      ...values.map((value) => ({
        label: value,
        value,
        description: value === current ? messages.context.current() : '',
      })),
      { label: messages.context.asUsual(field), value: '' },
      { label: messages.context.another(field), value: undefined },
    ];
    const chosen = await vscode.window.showQuickPick(offered, {
      title,
      placeHolder: messages.context.pickValue(field),
    });
    if (!chosen || chosen.value !== undefined) return chosen?.value;
    const typed = await vscode.window.showInputBox({ title, prompt: messages.context.typeValue(field) });
    return typed?.trim() || undefined;
  }
}

/** Resolves to the button that was chosen. */
async function sure(name: string, detail: string, buttons: readonly string[]): Promise<string | undefined> {
  return vscode.window.showWarningMessage(text.removeQuestion(name), { modal: true, detail }, ...buttons);
}
