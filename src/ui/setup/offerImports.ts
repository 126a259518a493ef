import * as vscode from 'vscode';

import { phrase } from '../localize.ts';
import { messages } from '../messages.ts';
import type { OverviewSource } from '../model.ts';
import type { FoundFile, ImportActions } from './model.ts';

export interface OfferDeps {
  readonly overview: OverviewSource;
  /** Loaded with its first use. */
  readonly imports: () => Promise<ImportActions>;
  /** Whether something was told before; from then on it was. */
  readonly toldBefore: (what: string) => Promise<boolean>;
}

/** Says once, to a newcomer who looks at our view, that other programs here know connections already. */
export async function offerImports({ overview, imports, toldBefore }: OfferDeps): Promise<void> {
  const { providers, connections } = overview.current();
  if (providers.length + connections.length > 0) return;
  const found = await (await imports()).found();
  if (found.length === 0 || (await toldBefore('imports'))) return;
  const choice = await vscode.window.showInformationMessage(
    messages.importOffer(namesOf(found)),
    messages.importShow(),
  );
  if (choice !== undefined) await vscode.commands.executeCommand('dataPassport.importConfiguration');
}

function namesOf(found: readonly FoundFile[]): string {
  const labels = new Set(found.map(({ label }) => phrase(label)));
  return new Intl.ListFormat(vscode.env.language).format(labels);
}
