import * as vscode from 'vscode';

import type { PassportError } from '../core/errors.ts';
import { messages } from './messages.ts';

/** Shows an error with its fix and code; the log is one click away. */
export async function showError(error: PassportError): Promise<void> {
  const choice = await vscode.window.showErrorMessage(messages.error(error), messages.showLog());
  if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.showLog');
}

/** Something ended that the user must know of, but need not act on. */
export async function showWarning(error: PassportError): Promise<void> {
  const choice = await vscode.window.showWarningMessage(messages.error(error), messages.showLog());
  if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.showLog');
}
