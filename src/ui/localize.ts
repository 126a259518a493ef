import * as vscode from 'vscode';

import { oneLine } from './plainText.ts';

/** Characters of a value in a sentence: a question about places and scopes names all of them. */
const LONGEST = 2000;

/** Values are the words of settings, providers and servers. None of them becomes a link, an icon or a second line. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  return vscode.l10n.t(text, ...values.map((value) => (typeof value === 'string' ? oneLine(value, LONGEST) : value)));
}

/** In a modal question, which makes no links: values that `quoted` made, to be read exactly as they are. */
export const verbatim = vscode.l10n.t;

/** A day or a time as the editor's language writes it, which may hold marks of direction. */
export const local = (time: string): string => time.replace(/\p{Cf}/gu, '');

/** A name that begins a line. */
export const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
