import * as vscode from 'vscode';

import { dayOf } from './days.ts';
import { messages } from './messages.ts';
import type { Actions, ConnectionView, OverviewSource, SecretView } from './model.ts';
import { quoted } from './plainText.ts';

export interface ConnectionSecretsUi {
  /** Asks for a secret of one connection, or of the one that the user picks, and stores it. False when the user gave up. */
  enter(connection?: ConnectionView): Promise<boolean>;
  remove(connection?: ConnectionView): Promise<void>;
}

interface Removal extends vscode.QuickPickItem {
  readonly title: string;
  readonly remove: () => Promise<void>;
}

interface Choice {
  readonly connection: ConnectionView;
  readonly secret: SecretView;
}

/** Secrets that the user enters for single connections: typed into a masked box, shown nowhere. */
export function createConnectionSecretsUi({
  overview,
  actions,
}: {
  readonly overview: OverviewSource;
  readonly actions: Actions;
}): ConnectionSecretsUi {
  const text = messages.connectionSecret;

  async function pick(placeHolder: string, choices: readonly Choice[]): Promise<Choice | undefined> {
    if (choices.length === 0) {
      void vscode.window.showInformationMessage(text.none());
      return undefined;
    }
    if (choices.length === 1) return choices[0];
    const items = choices.map((choice) => ({
      label: text.title(choice.secret.title, choice.connection.title),
      description: stateOf(choice.secret),
      choice,
    }));
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.choice;
  }

  const choicesOf = (connections: readonly ConnectionView[]): readonly Choice[] =>
    connections.flatMap((connection) => connection.secrets.map((secret) => ({ connection, secret })));

  async function askForDay({ title }: SecretView): Promise<{ readonly expiresAt?: Date } | undefined> {
    const typed = await vscode.window.showInputBox({
      title: text.dateTitle(title),
      prompt: text.datePrompt(),
      placeHolder: 'YYYY-MM-DD',
      ignoreFocusOut: true,
      validateInput: (value) => (value.trim() === '' || dayOf(value, Date.now()) ? undefined : text.noDate()),
    });
    if (typed === undefined) return undefined;
    const expiresAt = dayOf(typed, Date.now());
    return expiresAt ? { expiresAt } : {};
  }

  return {
    async enter(given) {
      const connections = given ? [given] : overview.current().connections;
      const chosen = await pick(text.pick(), choicesOf(connections));
      if (!chosen) return false;
      const { connection, secret } = chosen;
      const value = await vscode.window.showInputBox({
        title: text.title(secret.title, connection.title),
        prompt: promptFor(connection),
        password: true,
        ignoreFocusOut: true,
      });
      const typed = secret.kind === 'token' ? value?.trim() : value;
      if (typed === undefined || typed === '') return false;
      const day = secret.kind === 'token' ? await askForDay(secret) : {};
      if (!day) return false;
      await actions.setConnectionSecret(connection, secret.name, { value: typed, ...day });
      vscode.window.setStatusBarMessage(text.stored(secret.title), 5000);
      return true;
    },
    async remove(given) {
      const connections = given ? [given] : overview.current().connections;
      const stored = choicesOf(connections).filter(({ secret }) => secret.stored);
      const left = given ? [] : await actions.leftSecrets();
      const items: Removal[] = [
        ...stored.map(({ connection, secret }) => ({
          label: text.title(secret.title, connection.title),
          description: stateOf(secret),
          title: secret.title,
          remove: () => actions.removeConnectionSecret(connection.id, secret.name),
        })),
        ...left.map((each) => ({
          label: text.title(each.name, each.connection),
          description: text.gone(),
          title: each.name,
          remove: () => actions.removeLeftSecret(each),
        })),
      ];
      if (items.length === 0) {
        void vscode.window.showInformationMessage(text.none());
        return;
      }
      const chosen =
        items.length === 1 && given
          ? items[0]
          : await vscode.window.showQuickPick(items, { placeHolder: text.pickRemoval() });
      if (!chosen) return;
      await chosen.remove();
      vscode.window.setStatusBarMessage(text.removed(chosen.title), 5000);
    },
  };
}

function stateOf({ stored, expiresAt }: SecretView): string {
  if (!stored) return messages.state.secretMissing();
  return expiresAt ? messages.tokenUntil(expiresAt.toLocaleDateString()) : '';
}

function promptFor({ places, programs = [] }: ConnectionView): string {
  const text = messages.connectionSecret;
  const [program = []] = places.length === 0 ? programs : [];
  return program.length > 0 ? text.promptForProgram(program.map(quoted).join(' ')) : text.prompt(places.join(', '));
}
