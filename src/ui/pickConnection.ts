import * as vscode from 'vscode';

import type { ConnectionView, OverviewSource } from './model.ts';

/** The connection that the user picks; the only one without a question. */
export type PickConnection = (placeHolder: string) => Promise<ConnectionView | undefined>;

export function connectionPicker(overview: OverviewSource): PickConnection {
  return async (placeHolder) => {
    const items = overview
      .current()
      .connections.map((connection) => ({ label: connection.title, description: connection.typeLabel, connection }));
    if (items.length === 1) return items[0]?.connection;
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.connection;
  };
}
