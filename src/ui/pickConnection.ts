import * as vscode from 'vscode';

import { phrase } from './localize.ts';
import type { ConnectionView, OverviewSource } from './model.ts';

/** The connection that the user picks among those that will do; the only one without a question. */
export type PickConnection = (
  placeHolder: string,
  willDo?: (connection: ConnectionView) => boolean,
) => Promise<ConnectionView | undefined>;

export function connectionPicker(overview: OverviewSource): PickConnection {
  return async (placeHolder, willDo = () => true) => {
    const items = overview
      .current()
      .connections.filter(willDo)
      .map((connection) => ({ label: connection.title, description: phrase(connection.typeLabel), connection }));
    if (items.length === 1) return items[0]?.connection;
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.connection;
  };
}
