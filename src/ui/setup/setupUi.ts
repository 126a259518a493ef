import * as vscode from 'vscode';

import { asPassportError, type PassportError } from '../../core/errors.ts';
import type { Identity } from '../../core/result.ts';
import { askInChat } from '../askInChat.ts';
import { messages } from '../messages.ts';
import type { Actions, ConnectionView, OverviewSource } from '../model.ts';
import { showError } from '../notices.ts';
import type { SignInUi } from '../signIn.ts';
import type { TestConnectionUi } from '../testConnection.ts';
import { openUntitled } from '../untitled.ts';
import { type ConnectionMaking, connectionSteps } from './addConnection.ts';
import { providerEntry, type ProviderMaking, providerSteps } from './addProvider.ts';
import { fieldStep, labelOf } from './entrySteps.ts';
import { shown } from './form.ts';
import { likelyFields } from './likelyFields.ts';
import type { DraftEntry, SetupActions } from './model.ts';
import { suggestedName } from './naming.ts';
import { setupMessages as text } from './setupMessages.ts';
import { type Choice, type Step, wizard } from './wizard.ts';

export interface SetupUiDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly setup: SetupActions;
  readonly signInUi: SignInUi;
  readonly testUi: TestConnectionUi;
}

export interface SetupUi {
  addProvider(): Promise<void>;
  /** The same for whoever goes on with it. @returns whether one was saved */
  makeProvider(): Promise<boolean>;
  addConnection(): Promise<void>;
}

/** Guided ways to a provider and a connection: what is asked comes from their schemas, and is tried before it is saved. */
export function createSetupUi(deps: SetupUiDeps): SetupUi {
  const { overview, actions, setup, signInUi, testUi } = deps;

  const viewOf = (id: string): ConnectionView | undefined =>
    overview.current().connections.find((connection) => connection.id === id);

  /** What was only tried is gone, with the secrets that were entered for it. */
  async function discard(entries: readonly DraftEntry[]): Promise<void> {
    const saved = new Set(setup.ids('connections'));
    const tried = entries.filter(({ section, id }) => section === 'connections' && !saved.has(id));
    for (const { id } of tried)
      for (const { name } of viewOf(id)?.secrets.filter(({ stored }) => stored) ?? [])
        await actions.removeConnectionSecret(id, name);
    await setup.propose([]);
  }

  /** Runs the questions; whatever way they end, nothing is left of what was not saved. */
  async function guided(title: string, first: Step, entries: () => readonly DraftEntry[]): Promise<boolean> {
    let done = false;
    try {
      done = await wizard(title, first);
      return done;
    } finally {
      if (!done) await discard(entries());
    }
  }

  async function madeProvider(): Promise<ProviderMaking | undefined> {
    let made: ProviderMaking | undefined;
    const entriesOf = (): readonly DraftEntry[] => (made ? [providerEntry(made, setup)] : []);
    const first = providerSteps(setup, (next) => {
      made = next;
      return providerEnd(next, entriesOf);
    });
    return (await guided(text.addProvider(), first, entriesOf)) ? made : undefined;
  }

  async function addProvider(): Promise<void> {
    const made = await madeProvider();
    if (!made) return;
    const choice = await vscode.window.showInformationMessage(
      text.savedProvider(suggestedName(made.value, made.kind)),
      text.addConnection(),
      text.showSettings(),
    );
    if (choice === text.addConnection()) await addConnection();
    if (choice === text.showSettings()) await showSettings();
  }

  function providerEnd(made: ProviderMaking, entries: () => readonly DraftEntry[]): Step {
    const end: Step = async (ask) => {
      const choices: Choice<Step | undefined>[] = [
        { label: text.signInAndSave(), detail: text.signInDetail(), icon: 'sign-in', value: signInAndSave },
        { label: text.showRegistration(), detail: text.showRegistrationDetail(), icon: 'mail', value: register },
        { label: text.saveOnly(), icon: 'save', value: save },
      ];
      return ask.pick({ placeholder: text.pickEnd(suggestedName(made.value, made.kind)), choices });
    };
    const save: Step = async () => {
      await setup.save(entries());
      return undefined;
    };
    const register: Step = async () => {
      await setup.propose(entries());
      const [entry] = entries();
      if (entry) await openUntitled('markdown', await actions.registration(entry.id));
      return end;
    };
    const signInAndSave: Step = async (ask) => {
      await setup.propose(entries());
      const [entry] = entries();
      return entry && (await signInUi.signIn({ provider: entry.id })) !== undefined ? save(ask) : end;
    };
    return end;
  }

  async function addConnection(): Promise<void> {
    let made: ConnectionMaking | undefined;
    let identity: Identity | undefined;
    const entriesOf = (): readonly DraftEntry[] => made?.entries(false) ?? [];
    const first = connectionSteps(setup, (next) => {
      made = next;
      return connectionEnd(next, (learned) => {
        identity = learned;
      });
    });
    if (!(await guided(text.addConnection(), first, entriesOf)) || !made) return;
    await tell(made, identity);
  }

  function connectionEnd(made: ConnectionMaking, learn: (identity: Identity) => void): Step {
    const end: Step = async (ask) => {
      const places = setup.places(made.entries(false)).join(', ');
      const detail = places === '' ? text.testProgramDetail() : text.testDetail(places);
      const choices: Choice<Step>[] = [
        { label: text.testAndSave(), detail, icon: 'beaker', value: test },
        { label: text.saveOnly(), detail: text.saveOnlyDetail(), icon: 'save', value: save },
      ];
      return ask.pick({ placeholder: text.pickEnd(made.name()), choices });
    };
    const save: Step = async () => {
      await setup.save(made.entries(made.agents()));
      return undefined;
    };
    const test: Step = async (ask) => {
      await setup.propose(made.entries(false));
      const view = viewOf(made.entries(false).at(-1)?.id ?? '');
      if (!view) return end;
      try {
        const result = await testUi.run(view);
        if (!result) return end;
        learn(result.identity);
        return await save(ask);
      } catch (thrown) {
        const error = asPassportError(thrown);
        void showError(error);
        return failed(error, view);
      }
    };
    /** Leads to what is probably wrong; nothing that was entered is lost. */
    function failed(error: PassportError, view: ConnectionView): Step {
      const retry = (field: string): Choice<Step>[] => {
        const found = made.form.fields.find(({ name }) => name === field);
        return found
          ? [
              {
                label: text.change(labelOf(found)),
                description: shown(made.making.value[field]),
                icon: 'edit',
                value: fieldStep(made.making, found, test),
              },
            ]
          : [];
      };
      const step: Step = (ask) =>
        ask.pick<Step>({
          placeholder: text.pickAfterFailure(error.code),
          choices: [
            ...likelyFields(error).flatMap(retry),
            ...(view.secrets.length > 0
              ? [{ label: text.enterAgain(view.secrets[0]?.title ?? ''), icon: 'key', value: reenter }]
              : []),
            { label: text.again(), icon: 'refresh', value: test },
            { label: text.diagnose(), detail: text.diagnoseDetail(), icon: 'pulse', value: diagnose },
            { label: text.saveAnyway(), icon: 'save', value: save },
          ],
        });
      const reenter: Step = async () => {
        await vscode.commands.executeCommand('dataPassport.setConnectionSecret', view);
        return test;
      };
      const diagnose: Step = async () => {
        await vscode.commands.executeCommand('dataPassport.diagnoseConnection', view);
        return step;
      };
      return step;
    }
    return end;
  }

  async function tell(made: ConnectionMaking, identity: Identity | undefined): Promise<void> {
    const name = made.name();
    const isServer = made.form.constants['type'] === 'mcp';
    const said =
      identity === undefined
        ? text.savedConnection(name)
        : isServer
          ? text.savedServer(name)
          : text.savedAndWorks(name, identity.user, identity.role);
    const ask = made.agents() ? [messages.askInChat()] : [];
    const choice = await vscode.window.showInformationMessage(said, ...ask, text.showSettings());
    if (choice === messages.askInChat()) await askInChat();
    if (choice === text.showSettings()) await showSettings();
  }

  return { addProvider, makeProvider: async () => (await madeProvider()) !== undefined, addConnection };
}

async function showSettings(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openSettingsJson', {
    revealSetting: { key: 'dataPassport.connections' },
  });
}
