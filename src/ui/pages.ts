import * as vscode from 'vscode';

const SCHEME = 'data-passport-page';

export interface Pages extends vscode.Disposable {
  /** Opens Markdown as a page to be read: rendered, or as text where the editor can not. @param name file name for its tab */
  show(name: string, markdown: string): Promise<void>;
}

/** Documents that are nowhere on disk. A page is drawn anew whenever it comes into sight, so that its text is kept until the next of its name. */
export function createPages(): Pages {
  const texts = new Map<string, string>();
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const parts = [
    changes,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '',
    }),
  ];
  return {
    async show(name, markdown) {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
      texts.set(uri.path, markdown);
      // One that is open already shows what is new.
      changes.fire(uri);
      try {
        await vscode.commands.executeCommand('markdown.showPreview', uri);
      } catch {
        await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
      }
    },
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
