import { hash } from 'node:crypto';

import * as vscode from 'vscode';

import type { ToolChange } from '../core/link.ts';
import { messages } from './messages.ts';
import type { Actions, ConnectionView, OverviewSource, WithheldView } from './model.ts';
import { oneLine, readable } from './plainText.ts';

const SCHEME = 'data-passport-tool';

export interface ToolReviewUi extends vscode.Disposable {
  /** Lets the user look at tools that changed, of one connection or of the one that they pick, and take those that they looked at. */
  review(connection?: Pick<ConnectionView, 'id'>): Promise<void>;
}

export interface ToolReviewDeps {
  readonly overview: OverviewSource;
  readonly actions: Pick<Actions, 'withheldTools' | 'takeTools'>;
  /** Whether this change was told before, in whichever window. */
  readonly toolToldBefore: (what: string) => Promise<boolean>;
}

/**
 * Tools of remote MCP servers whose definition is another one than the user knows: told of once and quietly, shown in the editor's
 * diff, taken as they were shown and not otherwise. What is shown is a stranger's: plain text, never Markdown or a link.
 */
export function createToolReviewUi({ overview, actions, toolToldBefore }: ToolReviewDeps): ToolReviewUi {
  const text = messages.tools;
  const told = new Set<string>();
  /** Changes whose diff was opened. */
  const seen = new Set<string>();
  const documents = toolDocuments();

  async function tell({ id, title, changes }: WithheldView): Promise<void> {
    const fresh = changes.map((change) => keyOf(id, change)).filter((key) => !told.has(key));
    for (const key of fresh) told.add(key);
    let count = 0;
    for (const key of fresh) if (!(await toolToldBefore(key))) count += 1;
    if (count === 0) return;
    const choice = await vscode.window.showInformationMessage(text.withheld(title, count), text.review());
    if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.reviewTools', { id });
  }

  const following = overview.onDidChange(() => {
    for (const each of actions.withheldTools()) tell(each).catch(() => undefined);
  });

  async function pickConnection(id: string | undefined): Promise<WithheldView | undefined> {
    const all = actions.withheldTools().filter((each) => id === undefined || each.id === id);
    if (all.length === 0) void vscode.window.showInformationMessage(text.none());
    if (all.length < 2) return all[0];
    const items = all.map((each) => ({
      label: oneLine(each.title),
      description: text.waiting(each.changes.length),
      each,
    }));
    return (await vscode.window.showQuickPick(items, { placeHolder: text.pickConnection() }))?.each;
  }

  /** One change to look at, or the word that what was looked at is enough. */
  async function pick({ id, title, changes }: WithheldView): Promise<ToolChange | 'take' | undefined> {
    const looked = changes.filter((change) => seen.has(keyOf(id, change)));
    const [only] = changes;
    if (changes.length === 1 && looked.length === 0) return only;
    const items = [
      ...(looked.length > 0 ? [{ label: text.takeLooked(looked.length), choice: 'take' as const }] : []),
      ...changes.map((change) => ({
        label: oneLine(change.tool),
        description: [
          change.before === undefined ? text.isNew() : text.isChanged(),
          ...(looked.includes(change) ? [text.isLooked()] : []),
        ].join(', '),
        choice: change,
      })),
    ];
    return (await vscode.window.showQuickPick(items, { placeHolder: text.pickTool(title) }))?.choice;
  }

  async function show({ id, title }: WithheldView, change: ToolChange): Promise<void> {
    const key = keyOf(id, change);
    const before = documents.put(`${key}/before`, readable(change.before));
    const after = documents.put(`${key}/after`, readable(change.after));
    await vscode.commands.executeCommand('vscode.diff', before, after, text.diff(oneLine(change.tool), title));
    seen.add(key);
  }

  /** Only what was shown, and is still as it was shown. */
  async function take({ id, title }: WithheldView): Promise<void> {
    const looked = (): readonly ToolChange[] =>
      (actions.withheldTools().find((each) => each.id === id)?.changes ?? []).filter((change) =>
        seen.has(keyOf(id, change)),
      );
    const shown = looked();
    if (shown.length === 0) return;
    const detail = [shown.map(({ tool }) => oneLine(tool)).join(', '), text.caution()].join('\n\n');
    const choice = await vscode.window.showWarningMessage(
      text.question(title, shown.length),
      { modal: true, detail },
      text.take(),
    );
    if (choice === undefined) return;
    const keys = new Set(shown.map((change) => keyOf(id, change)));
    const still = looked().filter((change) => keys.has(keyOf(id, change)));
    if (still.length > 0) await actions.takeTools(id, still);
  }

  return {
    async review(given) {
      let connection = await pickConnection(given?.id);
      while (connection) {
        const chosen = await pick(connection);
        if (chosen === undefined) return;
        if (chosen === 'take') return take(connection);
        await show(connection, chosen);
        const { id } = connection;
        const next = connection.changes.some((change) => !seen.has(keyOf(id, change))) ? [text.next()] : [];
        // Not a modal one: the change is to be read first. Whoever closes it finds the rest under the same command.
        const choice = await vscode.window.showInformationMessage(text.read(), text.takeShown(), ...next);
        if (choice === undefined) return;
        if (choice === text.takeShown()) return take(connection);
        connection = actions.withheldTools().find((each) => each.id === id);
      }
    },
    dispose() {
      following.dispose();
      documents.dispose();
    },
  };
}

/** Names a change as it is: another description is another change. */
function keyOf(connection: string, { tool, before, after }: ToolChange): string {
  return `tools/${connection}/${hash('sha256', JSON.stringify([tool, before, after]), 'hex').slice(0, 24)}`;
}

/** Read-only documents that are nowhere on disk. As plain text: JSON would be looked up by the addresses of schemas in it. */
function toolDocuments() {
  const texts = new Map<string, string>();
  const parts = [
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: ({ path }) => texts.get(path) ?? '',
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === SCHEME) texts.delete(uri.path);
    }),
  ];
  return {
    put(name: string, content: string): vscode.Uri {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.txt` });
      texts.set(uri.path, content);
      return uri;
    },
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
