import * as vscode from 'vscode';

import type { EntryCommands } from './entryCommands.ts';
import { messages } from './messages.ts';
import type { Actions, OverviewSource } from './model.ts';
import type { ProviderNode } from './providersView.ts';
import type { SignInUi } from './signIn.ts';
import { openUntitled } from './untitled.ts';

export interface ProviderCommandsDeps {
  readonly overview: OverviewSource;
  readonly actions: Actions;
  readonly signInUi: SignInUi;
  readonly entries: () => Promise<EntryCommands>;
}

/** Commands for an identity provider: a tree item comes as its node; from the palette there is none, and the user picks. */
export function providerCommands({
  overview,
  actions,
  signInUi,
  entries,
}: ProviderCommandsDeps): Readonly<Record<string, (node?: ProviderNode) => Promise<void>>> {
  return {
    'dataPassport.signInHere': async (node) => void (await signInUi.signIn({ provider: node?.provider.id })),
    'dataPassport.signOut': signOut,
    'dataPassport.showRegistration': showRegistration,
    'dataPassport.removeIdentityProvider': async (node) => (await entries()).removeProvider(node),
    'dataPassport.setClientSecret': async (node) => {
      if (await signInUi.enterClientSecret(node?.provider.id))
        vscode.window.setStatusBarMessage(messages.secretStored(), 5000);
    },
  };

  async function signOut(node?: ProviderNode): Promise<void> {
    const items = overview
      .current()
      .providers.filter(({ id }) => node === undefined || node.provider.id === id)
      .flatMap(({ id, title, accounts }) =>
        accounts.map(({ label, subject }) => ({ label, description: title, id, title, subject })),
      )
      .filter(({ subject }) => node?.account === undefined || node.account.subject === subject);
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

  async function showRegistration(node?: ProviderNode): Promise<void> {
    const provider = node?.provider ?? (await signInUi.pickProvider(messages.pickRegistration()));
    if (!provider) return;
    await openUntitled('markdown', await actions.registration(provider.id));
  }
}
