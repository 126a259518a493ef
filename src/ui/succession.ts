import * as vscode from 'vscode';

import { messages } from './messages.ts';

/** Asks what becomes of whoever is signed in when somebody else logs in. Closing the question changes nothing. */
export async function askSuccession(
  provider: string,
  next: { readonly label: string },
  current: readonly { readonly label: string }[],
): Promise<'beside' | 'instead' | 'cancel'> {
  const names = current.map(({ label }) => label);
  const [only] = names.length === 1 ? names : [];
  const keep = only === undefined ? messages.keepAll(next.label) : messages.keepBoth();
  const replace = only === undefined ? [] : [messages.replace(only)];
  const answer = await vscode.window.showWarningMessage(
    messages.replaceQuestion(next.label, names.join(', '), provider),
    { modal: true, detail: messages.replaceDetail(names[0] ?? '') },
    keep,
    ...replace,
  );
  if (answer === undefined) return 'cancel';
  return answer === keep ? 'beside' : 'instead';
}
