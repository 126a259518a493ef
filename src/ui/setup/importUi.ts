import { homedir } from 'node:os';

import * as vscode from 'vscode';

import { PassportError } from '../../core/errors.ts';
import type { DraftConnection } from '../../core/importDraft.ts';
import { askInChat } from '../askInChat.ts';
import { phrase } from '../localize.ts';
import { messages } from '../messages.ts';
import type { ConnectionView, OverviewSource } from '../model.ts';
import type { DraftEntry, FoundFile, ImportActions, ImportedFile, SetupActions } from './model.ts';
import { setupMessages as text } from './setupMessages.ts';

export interface ImportUi {
  /** Takes connections over from a file: one that was found here, or one that the user names. */
  run(): Promise<void>;
}

export interface ImportUiDeps {
  readonly overview: OverviewSource;
  readonly setup: SetupActions;
  readonly imports: ImportActions;
  /** Leads the user to an identity provider. Resolves to whether one was saved. */
  readonly addProvider: () => Promise<boolean>;
  /** Opens Markdown as a read-only document. @param name file name for its tab */
  readonly show: (name: string, markdown: string) => Promise<void>;
}

export function createImportUi({ overview, setup, imports, addProvider, show }: ImportUiDeps): ImportUi {
  async function chosenFile(): Promise<Pick<FoundFile, 'format' | 'path'> | undefined> {
    const found = await imports.found();
    const items = [
      ...found.map(({ format, label, path, entries }) => ({
        label: phrase(label),
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
    const formats = imports.formats().map(({ id, label }) => ({ label: phrase(label), id }));
    const format = await vscode.window.showQuickPick(formats, { title: text.import(), placeHolder: text.pickFormat() });
    if (!format) return undefined;
    const [file] = (await vscode.window.showOpenDialog({ openLabel: text.openFile(), canSelectMany: false })) ?? [];
    return file && { format: format.id, path: file.fsPath };
  }

  /** The user sees everything first, and then says which of it. */
  async function chosenConnections({
    connections,
    notes,
  }: ImportedFile): Promise<readonly DraftConnection[] | undefined> {
    const items: (vscode.QuickPickItem & { connection?: DraftConnection })[] = [
      ...(notes.length > 0 ? [{ label: text.noted(notes.length), kind: vscode.QuickPickItemKind.Separator }] : []),
      ...connections.map((connection) => ({
        label: connection.title ?? connection.id,
        description: connection.hosts.join(', '),
        picked: true,
        connection,
      })),
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      title: text.import(),
      placeHolder: text.pickConnections(),
      canPickMany: true,
      ignoreFocusOut: true,
    });
    return chosen?.flatMap(({ connection }) => connection ?? []);
  }

  /** Who signs in for those whose file does not tell. Undefined where the user gave up. */
  async function chosenProvider(): Promise<string | undefined> {
    if (setup.providers().length === 0) {
      const choice = await vscode.window.showInformationMessage(
        text.providerFirst(),
        { modal: true, detail: text.providerFirstDetail() },
        text.addProvider(),
      );
      if (choice === undefined || !(await addProvider())) return undefined;
    }
    const known = setup.providers();
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

  /** What the connections wait for first, where it is something that a button can lead to. */
  async function goOn(chosen: readonly DraftConnection[], agents: boolean): Promise<void> {
    const ids = new Set(chosen.map(({ id }) => id));
    const views = overview.current().connections.filter(({ id }) => ids.has(id));
    const [step] = nextSteps(agents).flatMap(({ label, applies, run }) => {
      const view = views.find(applies);
      return view ? [{ label, run: () => run(view) }] : [];
    });
    const choice = await vscode.window.showInformationMessage(
      text.imported(chosen.length),
      ...(step ? [step.label] : []),
    );
    if (choice !== undefined) await step?.run();
  }

  return {
    async run() {
      const file = await chosenFile();
      if (!file) return;
      const imported = await imports.read(file.format, file.path);
      if (!imported) throw new PassportError('DP-IMPORT-FILE', { file: atHome(file.path) });
      await show(`import-${file.format}`, imported.preview);
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
      await goOn(chosen, agents);
    },
  };
}

interface NextStep {
  readonly label: string;
  readonly applies: (view: ConnectionView) => boolean;
  readonly run: (view: ConnectionView) => Promise<unknown>;
}

/** The most urgent first. */
function nextSteps(agents: boolean): readonly NextStep[] {
  const command = (id: string) => async (view: ConnectionView) => vscode.commands.executeCommand(id, view);
  return [
    { label: text.signIn(), applies: ({ state }) => state === 'signedOut', run: command('dataPassport.signIn') },
    {
      label: text.enterSecret(),
      applies: ({ state }) => state === 'secretMissing',
      run: command('dataPassport.setConnectionSecret'),
    },
    { label: messages.askInChat(), applies: () => agents, run: askInChat },
  ];
}

interface Decisions {
  readonly provider: string;
  readonly agents: boolean;
  readonly path: string;
}

/** With the providers that the chosen connections name, and no others. */
function entriesOf(
  { providers }: ImportedFile,
  chosen: readonly DraftConnection[],
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
