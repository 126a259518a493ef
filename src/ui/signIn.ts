import * as vscode from 'vscode';

import { asPassportError, PassportError } from '../core/errors.ts';
import { askInChat } from './askInChat.ts';
import { messages } from './messages.ts';
import type { Actions, Attempt, OverviewSource, ProviderView, Way, ConnectionState } from './model.ts';
import { showError } from './notices.ts';

export interface SignInUi {
  /** Signs in at one provider, or at the one that the user picks. Resolves to its id, or to nothing when the user gave up or it failed; the reason was shown. */
  signIn(wish?: {
    readonly provider?: string | undefined;
    readonly hint?: string | undefined;
  }): Promise<string | undefined>;
  /** Lets the user choose how. */
  signInAnotherWay(provider?: string): Promise<string | undefined>;
  /** Asks for the secret that a provider gave to the client, and stores it. False when the user gave up. */
  enterClientSecret(provider?: string): Promise<boolean>;
  /** Lets the user choose a provider, where there are several. */
  pickProvider(placeHolder: string): Promise<ProviderView | undefined>;
}

interface Wish {
  readonly flow?: Way | undefined;
  readonly hint?: string | undefined;
}

export function createSignInUi({ overview, actions }: { overview: OverviewSource; actions: Actions }): SignInUi {
  async function pickProvider(placeHolder: string): Promise<ProviderView | undefined> {
    const { providers } = overview.current();
    if (providers.length === 0) {
      const choice = await vscode.window.showInformationMessage(messages.notConfigured(), messages.openSettings());
      if (choice !== undefined) await vscode.commands.executeCommand('workbench.action.openSettings', 'dataPassport');
      return undefined;
    }
    if (providers.length === 1) return providers[0];
    const items = providers.map((provider) => ({
      label: provider.title,
      description: provider.accounts.map(({ label }) => messages.signedInHere(label)).join(', '),
      provider,
    }));
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.provider;
  }

  const viewOf = (provider: string): ProviderView | undefined =>
    overview.current().providers.find(({ id }) => id === provider);

  /** Where the browser is elsewhere, the editor knows the address to a page of ours. */
  async function offerLink(url: string, title: string): Promise<void> {
    const choice = await vscode.window.showWarningMessage(messages.noBrowser(title), messages.copyLink());
    if (choice === undefined) return;
    const { hostname } = new URL(url);
    const ours = hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]';
    const outside = ours ? (await vscode.env.asExternalUri(vscode.Uri.parse(url, true))).toString() : url;
    await vscode.env.clipboard.writeText(outside);
    vscode.window.setStatusBarMessage(messages.linkCopied(), 5000);
  }

  /** Not waited for: the editor may ask the user first, and a cancel must end the sign-in at once. */
  function openPage(url: string, title: string): void {
    void actions
      .openBrowser(url)
      .catch(() => false)
      .then((opened) => (opened ? undefined : offerLink(url, title)));
  }

  /** Asks until the address fits or the user gives up; nothing that was typed is lost. */
  async function askForAddress(attempt: Attempt, title: string): Promise<void> {
    let value = '';
    let problem = '';
    // A sign-in that ends elsewhere, by its cancel button or its time-out, takes the question with it.
    const ended = new vscode.CancellationTokenSource();
    const close = (): void => ended.cancel();
    attempt.done.then(close, close);
    for (;;) {
      const typed = await vscode.window.showInputBox(
        {
          title: messages.signInTitle(title),
          prompt: problem || messages.pasteAddress(),
          placeHolder: messages.pasteExample(),
          value,
          ignoreFocusOut: true,
        },
        ended.token,
      );
      if (typed === undefined) return attempt.cancel();
      value = typed.trim();
      try {
        if (!URL.canParse(value))
          throw new PassportError('DP-SIGN-IN-PASTED', { provider: title, problem: messages.noAddress() });
        await attempt.receive(new URL(value));
        return;
      } catch (thrown) {
        problem = messages.error(asPassportError(thrown));
      }
    }
  }

  /** Shows what the user must do. What is returned takes it away again. */
  async function present(attempt: Attempt, title: string): Promise<vscode.Disposable> {
    const { prompt } = attempt;
    if (prompt.kind === 'code') {
      // It draws a QR code, which most windows never show.
      const { showDeviceCode } = await import('./deviceCodePanel.ts');
      return showDeviceCode({
        provider: title,
        code: prompt.code,
        browser: { open: actions.openBrowser },
        onCancel: () => attempt.cancel(),
      });
    }
    openPage(prompt.url, title);
    if (prompt.kind === 'paste') void askForAddress(attempt, title);
    return vscode.Disposable.from();
  }

  async function follow(attempt: Attempt, title: string): Promise<string> {
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: messages.signInTitle(title), cancellable: true },
      async (progress, token) => {
        token.onCancellationRequested(() => attempt.cancel());
        progress.report({ message: messages.signInProgress[attempt.prompt.kind]() });
        const shown = await present(attempt, title);
        try {
          return await attempt.done;
        } finally {
          shown.dispose();
        }
      },
    );
  }

  async function welcome(account: string, provider: string): Promise<void> {
    const ready = overview
      .current()
      .connections.filter(
        ({ provider: at, account: as, state }) => at?.id === provider && as === account && !WAITING.has(state),
      ).length;
    // Without a connection there is nothing to ask.
    const ask = ready > 0 ? [messages.askInChat()] : [];
    const choice = await vscode.window.showInformationMessage(messages.signedIn(account, ready), ...ask);
    if (choice !== undefined) await askInChat();
  }

  async function pickWay(provider: string, ways: readonly Way[]): Promise<Way | undefined> {
    const items = ways.map((way) => ({ label: messages.way[way](), detail: messages.wayDetail[way](), way }));
    const title = viewOf(provider)?.title ?? provider;
    return (await vscode.window.showQuickPick(items, { placeHolder: messages.pickWay(title) }))?.way;
  }

  /** A failure that another way may not have is shown with the other ways at hand. */
  async function explain(thrown: unknown, provider: string, others: readonly Way[]): Promise<string | undefined> {
    const error = asPassportError(thrown);
    // The user canceled it: they know.
    if (error.code === 'DP-SIGN-IN-CANCELED') return undefined;
    if (error.code === 'DP-CLIENT-SECRET') return (await enterClientSecret(provider)) ? run(provider, {}) : undefined;
    const another = others.length > 0 && ANOTHER_WAY_MAY_HELP.has(error.code) ? messages.anotherWay() : undefined;
    const chosen = await showError(error, another);
    if (chosen !== another || another === undefined) return undefined;
    const flow = await pickWay(provider, others);
    return flow === undefined ? undefined : run(provider, { flow });
  }

  async function run(provider: string, wish: Wish): Promise<string | undefined> {
    const title = viewOf(provider)?.title ?? provider;
    let attempt: Attempt | undefined;
    try {
      // Before the browser opens: what is missing would be told on its page, where nobody can mend it.
      const lacks = viewOf(provider)?.wantsSecret && !(await actions.hasClientSecret(provider));
      if (lacks && !(await enterClientSecret(provider))) return undefined;
      // A device code is asked for at the provider, which may take a while to answer.
      attempt = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: messages.signInTitle(title) },
        () => actions.attemptSignIn(provider, wish),
      );
      const account = await follow(attempt, title);
      void welcome(account, provider);
      return provider;
    } catch (thrown) {
      const ways = attempt?.others ?? actions.waysToSignIn(provider).filter((way) => way !== wish.flow);
      // Whoever waits for the sign-in need not wait for the notification to be closed.
      void explain(thrown, provider, ways);
      return undefined;
    }
  }

  async function enterClientSecret(given?: string): Promise<boolean> {
    const provider = given === undefined ? await pickProvider(messages.pickSecret()) : viewOf(given);
    if (!provider) return false;
    if (!provider.wantsSecret) {
      void vscode.window.showInformationMessage(messages.noSecretNeeded(provider.title));
      return false;
    }
    const secret = await vscode.window.showInputBox({
      title: messages.secretTitle(provider.title),
      prompt: messages.secretPrompt(),
      password: true,
      ignoreFocusOut: true,
    });
    if (secret === undefined || secret.trim() === '') return false;
    await actions.setClientSecret(provider.id, secret.trim());
    return true;
  }

  return {
    async signIn({ provider, hint } = {}) {
      const id = provider ?? (await pickProvider(messages.pickProvider()))?.id;
      return id === undefined ? undefined : run(id, { hint });
    },
    async signInAnotherWay(provider) {
      const id = provider ?? (await pickProvider(messages.pickProvider()))?.id;
      if (id === undefined) return undefined;
      const flow = await pickWay(id, actions.waysToSignIn(id));
      return flow === undefined ? undefined : run(id, { flow });
    },
    enterClientSecret,
    pickProvider,
  };
}

const ANOTHER_WAY_MAY_HELP: ReadonlySet<string> = new Set([
  'DP-SIGN-IN-TIMEOUT',
  'DP-SIGN-IN-PORTS',
  'DP-SIGN-IN-FLOW',
  'DP-SIGN-IN-EXPIRED',
  'DP-SIGN-IN-REFUSED',
  'DP-PROVIDER-REFUSED',
]);

/** States in which a connection waits for something else than the sign-in. */
const WAITING: ReadonlySet<ConnectionState> = new Set(['secretMissing', 'unconfirmed', 'restricted']);
