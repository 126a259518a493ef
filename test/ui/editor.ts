import { registerHooks } from 'node:module';

/** What a test lets the user choose: called with what was shown. */
export type Answer = (shown: {
  readonly message: string;
  readonly detail: string;
  readonly choices: readonly string[];
}) => string | undefined;

/** As much of the editor as questions, lists, commands and virtual documents take. What is shown is kept. */
export interface FakeEditor {
  /** Kind of the dialog, its text, and the buttons or entries. */
  readonly shown: {
    readonly kind: string;
    readonly message: string;
    readonly detail: string;
    readonly choices: readonly string[];
  }[];
  readonly commands: { readonly id: string; readonly args: readonly unknown[] }[];
  readonly documents: Map<string, (uri: { readonly path: string }) => string>;
  /** Untitled documents that were opened and shown. */
  readonly untitled: { readonly language: string; readonly content: string }[];
  /** What was copied, and what the progress said. */
  readonly clipboard: string[];
  readonly progress: string[];
  /** Whether the user cancels what shows its progress. */
  cancels: boolean;
  /** Whether it runs in a browser, and what its window is connected to, such as `ssh-remote`. */
  place: { readonly web?: boolean; readonly remoteName?: string };
  /** By default nothing is chosen. */
  answer: Answer;
}

export const editor: FakeEditor = {
  shown: [],
  commands: [],
  documents: new Map(),
  untitled: [],
  clipboard: [],
  progress: [],
  cancels: false,
  place: {},
  answer: () => undefined,
};

async function ask(
  kind: string,
  message: string,
  detail: string,
  choices: readonly string[],
): Promise<string | undefined> {
  editor.shown.push({ kind, message, detail, choices });
  return editor.answer({ message, detail, choices });
}

type Options = { readonly modal?: boolean; readonly detail?: string };

async function dialog(
  kind: string,
  message: string,
  ...rest: readonly (Options | string)[]
): Promise<string | undefined> {
  const options = rest.find((each): each is Options => typeof each === 'object') ?? {};
  const buttons = rest.filter((each) => typeof each === 'string');
  return ask(options.modal ? `modal ${kind}` : kind, message, options.detail ?? '', buttons);
}

interface UriParts {
  readonly scheme: string;
  readonly authority?: string;
  readonly path: string;
}

/** Has a text, and is otherwise its parts. */
const uriOf = (parts: UriParts): UriParts =>
  Object.defineProperty({ ...parts }, 'toString', {
    value: () => `${parts.scheme}:${parts.authority === undefined ? '' : `//${parts.authority}`}${parts.path}`,
  });

const nothing = { dispose: () => undefined };

Object.assign(globalThis, {
  fakeVscode: {
    l10n: {
      t: (text: string, ...values: unknown[]) =>
        text.replace(/\{(\d)\}/g, (_, index: string) => String(values[+index])),
    },
    Uri: { from: uriOf },
    UIKind: { Desktop: 1, Web: 2 },
    ExtensionKind: { UI: 1, Workspace: 2 },
    ProgressLocation: { Window: 10, Notification: 15 },
    env: {
      clipboard: { writeText: async (text: string) => void editor.clipboard.push(text) },
      uriScheme: 'vscode',
      get uiKind() {
        return editor.place.web ? 2 : 1;
      },
      get remoteName() {
        return editor.place.remoteName;
      },
      asExternalUri: async ({ authority = '', path }: UriParts) =>
        uriOf({ scheme: 'https', authority: 'editor.example.com', path: `/callback?to=${authority}${path}` }),
    },
    commands: { executeCommand: async (id: string, ...args: unknown[]) => void editor.commands.push({ id, args }) },
    window: {
      state: { focused: true },
      setStatusBarMessage: () => nothing,
      withProgress: async (
        { title }: { title: string },
        work: (
          progress: { report: (step: { message: string }) => void },
          token: { onCancellationRequested: (listener: () => void) => unknown },
        ) => Promise<unknown>,
      ) => {
        editor.progress.push(title);
        const onCancellationRequested = (listener: () => void): unknown => {
          if (editor.cancels) setImmediate(listener);
          return nothing;
        };
        return work({ report: ({ message }) => editor.progress.push(message) }, { onCancellationRequested });
      },
      showInformationMessage: (message: string, ...rest: string[]) => dialog('information', message, ...rest),
      showWarningMessage: (message: string, ...rest: (Options | string)[]) => dialog('warning', message, ...rest),
      showErrorMessage: (message: string, ...rest: string[]) => dialog('error', message, ...rest),
      showTextDocument: async (document: FakeEditor['untitled'][number]) => void editor.untitled.push(document),
      async showQuickPick(
        items: readonly { label: string; description?: string }[],
        { placeHolder }: { placeHolder: string },
      ) {
        const lines = items.map(({ label, description }) => [label, description].filter(Boolean).join(': '));
        const chosen = await ask('list', placeHolder, '', lines);
        return items[lines.findIndex((line) => line === chosen)];
      },
    },
    workspace: {
      openTextDocument: async (document: FakeEditor['untitled'][number]) => document,
      registerTextDocumentContentProvider(
        scheme: string,
        { provideTextDocumentContent }: { provideTextDocumentContent: (uri: { readonly path: string }) => string },
      ) {
        editor.documents.set(scheme, provideTextDocumentContent);
        return nothing;
      },
      onDidCloseTextDocument: () => nothing,
    },
  },
});
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? {
          url: 'data:text/javascript,export const { l10n, Uri, UIKind, ExtensionKind, commands, env, ProgressLocation, window, workspace } = globalThis.fakeVscode;',
          shortCircuit: true,
        }
      : next(specifier, context),
});
