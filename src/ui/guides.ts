import * as vscode from 'vscode';

import { guidesMessages } from './guidesMessages.ts';
import { phrase } from './localize.ts';
import type { Actions, ConnectionView, GuideView } from './model.ts';
import type { PickConnection } from './pickConnection.ts';
import { openUntitled } from './untitled.ts';

export interface GuidesUi {
  /** Opens a text for the administrator of the other side as an untitled document. @throws PassportError */
  open(given?: ConnectionView): Promise<void>;
}

export interface GuidesUiDeps {
  readonly actions: Pick<Actions, 'guides'>;
  readonly pickConnection: PickConnection;
}

export function createGuidesUi({ actions, pickConnection }: GuidesUiDeps): GuidesUi {
  async function pick(title: string, guides: readonly GuideView[]): Promise<GuideView | undefined> {
    if (guides.length < 2) return guides[0];
    const items = guides.map((guide) => ({ label: phrase(guide.label), detail: phrase(guide.about), guide }));
    const placeHolder = guidesMessages.pick(title);
    return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.guide;
  }

  return {
    async open(given) {
      const connection = given ?? (await pickConnection(guidesMessages.pickConnection()));
      if (!connection) return;
      const { id, title } = connection;
      const guides = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: guidesMessages.gathering(title) },
        () => actions.guides(id),
      );
      if (guides.length === 0) void vscode.window.showInformationMessage(guidesMessages.none(title));
      const guide = await pick(title, guides);
      if (!guide) return;
      const { language, text } = guide;
      await openUntitled(language, text);
    },
  };
}
