import * as vscode from 'vscode';

export interface VirtualDocuments extends vscode.Disposable {
  /** Opens Markdown as a document that can only be read. @param name file name for its tab */
  show(name: string, markdown: string): Promise<void>;
}

export interface VirtualDocumentsOptions {
  readonly scheme: string;
  /** Whether a text is forgotten when its document is closed. One that is drawn anew whenever it comes into sight has to be kept. */
  readonly forgets: boolean;
  readonly open: (uri: vscode.Uri) => Promise<void>;
}

/** Documents that are nowhere on disk. */
export function virtualDocuments({ scheme, forgets, open }: VirtualDocumentsOptions): VirtualDocuments {
  const texts = new Map<string, string>();
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const parts = [
    changes,
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changes.event,
      provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '',
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (forgets && uri.scheme === scheme) texts.delete(uri.path);
    }),
  ];
  return {
    async show(name, markdown) {
      const uri = vscode.Uri.from({ scheme, path: `/${name}.md` });
      texts.set(uri.path, markdown);
      // One that is open already shows what is new.
      changes.fire(uri);
      await open(uri);
    },
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}

/** Shows it as text. */
export async function openText(uri: vscode.Uri): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}
