import * as vscode from 'vscode';

import type { PassportError } from '../core/errors.ts';
import { messages } from './messages.ts';

/** Shows an error with its fix and code; the log is one click away, and the doctor where it is about a connection. @param action a button of the caller's; resolves to what was chosen */
export async function showError(error: PassportError, action?: string): Promise<string | undefined> {
  const { connection } = error.params;
  const diagnose = connection === undefined ? [] : [messages.diagnose()];
  const buttons = [...(action === undefined ? [] : [action]), ...diagnose, messages.showLog()];
  const choice = await vscode.window.showErrorMessage(messages.error(error), ...buttons);
  if (choice === messages.diagnose())
    await vscode.commands.executeCommand('dataPassport.diagnoseConnection', connection);
  if (choice === messages.showLog()) await vscode.commands.executeCommand('dataPassport.showLog');
  return choice;
}

/** Something ended that the user must know of, but need not act on. */
export async function showWarning(error: PassportError): Promise<void> {
  const choice = await vscode.window.showWarningMessage(messages.error(error), messages.showLog());
  if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.showLog');
}
