import * as vscode from 'vscode';

/** Opens a text that the user may change and save. */
export async function openUntitled(language: string, content: string): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language, content }));
}
