import { homedir } from 'node:os';

import * as vscode from 'vscode';

import { PassportError } from '../../core/errors.ts';
import type { DraftEntry, FoundFile, ImportActions, ImportedConnection, ImportedFile, SetupActions } from './model.ts';
import { setupMessages as text } from './setupMessages.ts';

export interface ImportUi {
  /** Takes connections over from a file: one that was found here, or one that the user names. */
  run(): Promise<void>;
}

export interface ImportUiDeps {
  readonly setup: SetupActions;
  readonly imports: ImportActions;
}

export function createImportUi({ setup, imports }: ImportUiDeps): ImportUi {
  async function chosenFile(): Promise<Pick<FoundFile, 'format' | 'path'> | undefined> {
    const found = await imports.found();
    const items = [
      ...found.map(({ format, label, path, entries }) => ({
        label,
        description: atHome(path),
        detail: text.entries(entries),
        iconPath: new vscode.ThemeIcon('file'),
        file: { format, path },
      })),
      { label: text.anotherFile(), detail: text.anotherFileDetail(), iconPath: new vscode.ThemeIcon('folder-opened') },
    ];
    const chosen = await vscode.window.showQuickPick<
      vscode.QuickPickItem & { file?: { format: string; path: string } }
    >(items, { title: text.import(), placeHolder: text.pickFile() });
    return chosen && (chosen.file ?? namedFile());
  }

  async function namedFile(): Promise<Pick<FoundFile, 'format' | 'path'> | undefined> {
    const formats = imports.formats().map(({ id, label }) => ({ label, id }));
    const format = await vscode.window.showQuickPick(formats, { title: text.import(), placeHolder: text.pickFormat() });
    if (!format) return undefined;
    const [file] = (await vscode.window.showOpenDialog({ openLabel: text.openFile(), canSelectMany: false })) ?? [];
    return file && { format: format.id, path: file.fsPath };
  }

  /** The user sees everything first, and then says which of it. */
  async function chosenConnections({
    connections,
    notes,
  }: ImportedFile): Promise<readonly ImportedConnection[] | undefined> {
    const items = connections.map((connection) => ({
      label: connection.title ?? connection.id,
      description: connection.hosts.join(', '),
      picked: true,
      connection,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: text.import(),
      placeHolder: notes.length > 0 ? text.pickConnectionsNoting(notes.length) : text.pickConnections(),
      canPickMany: true,
      ignoreFocusOut: true,
    });
    return chosen?.map(({ connection }) => connection);
  }

  /** Who signs in for those whose file does not tell. Undefined where the user gave up. */
  async function chosenProvider(): Promise<string | undefined> {
    const known = setup.providers();
    if (known.length === 0) {
      const choice = await vscode.window.showWarningMessage(
        text.providerFirst(),
        { modal: true, detail: text.providerFirstDetail() },
        text.addProvider(),
      );
      if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.addIdentityProvider');
      return undefined;
    }
    if (known.length === 1) return known[0]?.id;
    const items = known.map(({ id, title }) => ({ label: title, id }));
    return (
      await vscode.window.showQuickPick(items, {
        title: text.import(),
        placeHolder: text.pickProvider(),
        ignoreFocusOut: true,
      })
    )?.id;
  }

  async function mayAgents(count: number): Promise<boolean | undefined> {
    const items = [
      { label: text.agentsYes(), detail: text.agentsYesDetail(), agents: true },
      { label: text.agentsNo(), detail: text.agentsNoDetail(), agents: false },
    ];
    return (
      await vscode.window.showQuickPick(items, {
        title: text.import(),
        placeHolder: text.pickAgentsOf(count),
        ignoreFocusOut: true,
      })
    )?.agents;
  }

  return {
    async run() {
      const file = await chosenFile();
      if (!file) return;
      const imported = await imports.read(file.format, file.path);
      if (!imported) throw new PassportError('DP-IMPORT-FILE', { file: atHome(file.path) });
      const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: imported.preview });
      await vscode.window.showTextDocument(document, { preview: true });
      if (imported.connections.length === 0) {
        void vscode.window.showInformationMessage(text.nothingToTake(atHome(file.path)));
        return;
      }
      const chosen = await chosenConnections(imported);
      if (!chosen || chosen.length === 0) return;
      const provider = chosen.some(({ needsProvider }) => needsProvider) ? await chosenProvider() : '';
      if (provider === undefined) return;
      const agents = await mayAgents(chosen.length);
      if (agents === undefined) return;
      await setup.save(entriesOf(imported, chosen, { provider, agents, path: atHome(file.path) }));
      const choice = await vscode.window.showInformationMessage(text.imported(chosen.length), text.signIn());
      if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.signIn');
    },
  };
}

interface Decisions {
  readonly provider: string;
  readonly agents: boolean;
  readonly path: string;
}

/** With the providers that the chosen connections name, and no others. */
function entriesOf(
  { providers }: ImportedFile,
  chosen: readonly ImportedConnection[],
  { provider, agents, path }: Decisions,
): readonly DraftEntry[] {
  const named = new Set(chosen.map(({ settings }) => settings['identityProvider']));
  return [
    ...Object.entries(providers).flatMap(([id, value]): DraftEntry[] =>
      named.has(id) ||
      chosen.some(({ settings, needsProvider }) => !needsProvider && settings['identityProvider'] === undefined)
        ? [{ section: 'identityProviders', id, value, comment: text.from(path) }]
        : [],
    ),
    ...chosen.map(({ id, title, settings, line, needsProvider }): DraftEntry => ({
      section: 'connections',
      id,
      value: Object.assign(
        { ...(title !== undefined && !('title' in settings) && { title }) },
        settings,
        needsProvider && { identityProvider: provider },
        agents && { agents },
      ),
      comment: text.fromLine(path, line),
    })),
  ];
}

/** A path as people write it. */
export function atHome(path: string): string {
  const home = homedir();
  return path.startsWith(home) ? `~${path.slice(home.length)}` : path;
}
