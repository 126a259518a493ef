import * as vscode from 'vscode';

import { isNear } from './days.ts';
import { messages } from './messages.ts';
import type { OverviewSource, SecretView } from './model.ts';

/** How often it is looked at (ms). */
const EVERY = 6 * 3600_000;

export interface SecretExpiryDeps {
  readonly overview: OverviewSource;
  /** Whether this was told before, in whichever window; asked once for each thing to tell. */
  readonly toldBefore: (what: string) => Promise<boolean>;
}

/** Tells of each secret that ends within a week, once. */
export function announceExpiry({ overview, toldBefore }: SecretExpiryDeps): vscode.Disposable {
  async function tell({ id, title }: { id: string; title: string }, secret: SecretView, ends: Date): Promise<void> {
    if (await toldBefore(`${id}/${secret.name}/${ends.toISOString()}`)) return;
    const text = messages.connectionSecret;
    const sentence = text.ends(secret.title, title, ends.toLocaleDateString());
    const choice = await vscode.window.showWarningMessage(sentence, text.replace());
    const connection = overview.current().connections.find((each) => each.id === id);
    if (choice !== undefined && connection)
      await vscode.commands.executeCommand('dataPassport.setConnectionSecret', connection);
  }

  function look(): void {
    for (const connection of overview.current().connections)
      for (const secret of connection.secrets)
        if (secret.expiresAt && isNear(secret.expiresAt, Date.now()))
          tell(connection, secret, secret.expiresAt).catch(() => undefined);
  }

  const timer = setInterval(look, EVERY);
  const following = overview.onDidChange(look);
  look();
  return vscode.Disposable.from(following, { dispose: () => clearInterval(timer) });
}
