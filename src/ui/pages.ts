import * as vscode from 'vscode';

import { openText, type VirtualDocuments, virtualDocuments } from './virtualDocuments.ts';

/** Pages to be read: rendered, or as text where the editor can not. */
export function createPages(): VirtualDocuments {
  return virtualDocuments({
    scheme: 'data-passport-page',
    forgets: false,
    async open(uri) {
      try {
        await vscode.commands.executeCommand('markdown.showPreview', uri);
      } catch {
        await openText(uri);
      }
    },
  });
}
