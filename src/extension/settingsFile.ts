import * as vscode from 'vscode';

import { PassportError } from '../core/errors.ts';
import { within } from '../core/within.ts';
import type { SettingsEdit } from './settingsText.ts';

export interface SettingsFile {
  /**
   * Changes the user's own settings.json, keeping its comments.
   * @throws PassportError DP-SETTINGS-WRITE where it has errors or changes that are not saved
   */
  edit(edits: readonly SettingsEdit[]): Promise<void>;
}

/** Opens the settings that count for every profile; some editors know the second alone. */
const OPEN = ['workbench.action.openApplicationSettingsJson', 'workbench.action.openSettingsJson'] as const;

export function createSettingsFile(): SettingsFile {
  let address: vscode.Uri | undefined;
  let editing: Promise<void> = Promise.resolve();

  async function edit(edits: readonly SettingsEdit[]): Promise<void> {
    address ??= await find();
    const { fs, textDocuments } = vscode.workspace;
    const isUnsaved = textDocuments.some(({ uri, isDirty }) => isDirty && uri.toString() === address?.toString());
    if (isUnsaved) throw refused('they have changes that are not saved');
    const text = Buffer.from(await fs.readFile(address)).toString('utf8');
    const { editedSettings } = await import('./settingsText.ts');
    const result = editedSettings(text, edits, formatOf(text));
    if ('problem' in result) throw refused(result.problem);
    if (result.text === text) return;
    const noticed = nextChange();
    try {
      await fs.writeFile(address, Buffer.from(result.text));
    } catch (thrown) {
      throw refused(thrown instanceof vscode.FileSystemError ? thrown.code : 'the file can not be written');
    }
    await within(NOTICED, noticed).catch(() => within(PATIENCE, readAgain(noticed)).catch(() => undefined));
  }

  return {
    edit(edits) {
      // One after the other: two edits of one text would undo each other.
      const mine = editing.then(() => edit(edits));
      editing = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Milliseconds in which an editor notices a change of a file by itself, and in which it reads the file when it is made to. */
const [NOTICED, PATIENCE] = [500, 3000];

/** The editor has read settings of ours anew. */
function nextChange(): Promise<void> {
  return new Promise((resolve) => {
    const listening = vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('dataPassport')) return;
      listening.dispose();
      resolve();
    });
  });
}

/** An editor that can not watch files reads its settings after a change of its own: taking out what is not there is one. */
async function readAgain(noticed: Promise<void>): Promise<void> {
  const section = vscode.workspace.getConfiguration('dataPassport');
  const names = ['limits', 'identityProviders', 'connections'];
  const unset = names.find((name) => section.inspect(name)?.globalValue === undefined);
  const name = unset ?? 'limits';
  await section.update(name, section.inspect(name)?.globalValue, vscode.ConfigurationTarget.Global);
  await noticed;
}

const refused = (problem: string): PassportError => new PassportError('DP-SETTINGS-WRITE', { problem });

/** No API tells where the user's settings are kept. The editor opens them, and what it did not have open is closed again. */
async function find(): Promise<vscode.Uri> {
  const before = new Set(tabs().map(addressOf));
  const focused = vscode.window.activeTextEditor;
  for (const command of OPEN) {
    await vscode.commands.executeCommand(command);
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (!uri?.path.endsWith('/settings.json')) continue;
    const opened = tabs().filter((tab) => addressOf(tab) === uri.toString() && !before.has(uri.toString()));
    await vscode.window.tabGroups.close(opened);
    if (focused) await vscode.window.showTextDocument(focused.document, focused.viewColumn);
    return uri;
  }
  throw refused('the editor did not open them');
}

const tabs = (): readonly vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);

function addressOf({ input }: vscode.Tab): string {
  return input instanceof vscode.TabInputText ? input.uri.toString() : '';
}

/** As the file is written already. */
function formatOf(text: string): { readonly tabSize: number; readonly insertSpaces: boolean; readonly eol: string } {
  const indented = /^([ \t]+)"/m.exec(text)?.[1] ?? '    ';
  const insertSpaces = !indented.startsWith('\t');
  return { insertSpaces, tabSize: insertSpaces ? indented.length : 1, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}
