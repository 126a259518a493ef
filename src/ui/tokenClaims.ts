import * as vscode from 'vscode';

const SCHEME = 'data-passport-token';

export interface TokenClaimsUi extends vscode.Disposable {
  /** Opens what a token says as a read-only document. @param name file name for its tab */
  show(name: string, markdown: string): Promise<void>;
}

/** Documents that are nowhere on disk, and forgotten when they are closed. */
export function createTokenClaimsUi(): TokenClaimsUi {
  const texts = new Map<string, string>();
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const parts = [
    changes,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '',
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === SCHEME) texts.delete(uri.path);
    }),
  ];
  return {
    async show(name, markdown) {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
      texts.set(uri.path, markdown);
      // One that is open already shows what is new.
      changes.fire(uri);
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, { preview: true });
    },
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
