import * as vscode from 'vscode';

import { messages } from './messages.ts';

/** Opens the chat with a first question, for the user to send or to change. */
export async function askInChat(): Promise<void> {
  // The last step of the walkthrough is done, whichever button led here.
  void vscode.commands.executeCommand('setContext', 'dataPassport.asked', true);
  await vscode.commands.executeCommand('workbench.action.chat.open', {
    query: messages.firstQuestion(),
    mode: 'agent',
    isPartialQuery: true,
  });
}
