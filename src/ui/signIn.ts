import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import { messages } from './messages.ts';
import type { Actions, Attempt, OverviewSource } from './model.ts';
import { showError } from './notices.ts';

export interface SignInUi {
  /** Signs in at one provider, or at the one that the user picks. Resolves to its id, or to nothing when the user gave up or it failed; the reason was shown. */
  signIn(provider?: string): Promise<string | undefined>;
}

export function createSignInUi({ overview, actions }: { overview: OverviewSource; actions: Actions }): SignInUi {
  async function pick(): Promise<string | undefined> {
    const { providers } = overview.current();
    if (providers.length === 0) {
      const choice = await vscode.window.showInformationMessage(messages.notConfigured(), messages.openSettings());
      if (choice !== undefined) await vscode.commands.executeCommand('workbench.action.openSettings', 'dataPassport');
      return undefined;
    }
    if (providers.length === 1) return providers[0]?.id;
    const items = providers.map(({ id, title, account }) => ({
      label: title,
      id,
      description: account === undefined ? '' : messages.signedInHere(account),
    }));
    return (await vscode.window.showQuickPick(items, { placeHolder: messages.pickProvider() }))?.id;
  }

  /** The link works on the machine of the extension; where the browser is elsewhere, the editor knows the address to it. */
  async function offerLink(attempt: Attempt, title: string): Promise<void> {
    const choice = await vscode.window.showWarningMessage(messages.noBrowser(title), messages.copyLink());
    if (choice === undefined) return;
    const outside = await vscode.env.asExternalUri(vscode.Uri.parse(attempt.startUrl, true));
    await vscode.env.clipboard.writeText(outside.toString());
    vscode.window.setStatusBarMessage(messages.linkCopied(), 5000);
  }

  async function follow(attempt: Attempt, title: string): Promise<string> {
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: messages.signInTitle(title), cancellable: true },
      async (progress, token) => {
        token.onCancellationRequested(() => attempt.cancel());
        progress.report({ message: messages.signInProgress() });
        // Not waited for: the editor may ask the user first, and a cancel must end this at once.
        void actions
          .openBrowser(attempt.startUrl)
          .catch(() => false)
          .then((opened) => (opened ? undefined : offerLink(attempt, title)));
        return attempt.done;
      },
    );
  }

  async function welcome(account: string, provider: string): Promise<void> {
    const ready = overview.current().connections.filter((connection) => connection.provider.id === provider).length;
    const choice = await vscode.window.showInformationMessage(messages.signedIn(account, ready), messages.askInChat());
    if (choice === undefined) return;
    await vscode.commands.executeCommand('workbench.action.chat.open', {
      query: messages.firstQuestion(),
      mode: 'agent',
      isPartialQuery: true,
    });
  }

  return {
    async signIn(provider) {
      const id = provider ?? (await pick());
      if (id === undefined) return undefined;
      const title = overview.current().providers.find((view) => view.id === id)?.title ?? id;
      try {
        const account = await follow(await actions.attemptSignIn(id), title);
        void welcome(account, id);
        return id;
      } catch (thrown) {
        const error = asPassportError(thrown);
        // The user canceled it: they know.
        if (error.code !== 'DP-SIGN-IN-CANCELED') void showError(error);
        return undefined;
      }
    },
  };
}
