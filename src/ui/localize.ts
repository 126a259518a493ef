import * as vscode from 'vscode';

import { reworded, type Translate } from '../core/told.ts';
import { oneLine } from './plainText.ts';

/** Characters of a value in a sentence: a question about places and scopes names all of them. */
const LONGEST = 2000;

/** Values are the words of settings, providers and servers. None of them becomes a link, an icon or a second line. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  return vscode.l10n.t(text, ...values.map((value) => (typeof value === 'string' ? oneLine(value, LONGEST) : value)));
}

/** In a modal question, which makes no links: values that `quoted` made, to be read exactly as they are. */
export const verbatim = vscode.l10n.t;

/** A text of a table of ours, its `{name}`s left for whoever fills them. Of no other text: what is not known is logged. */
export const translated: Translate = (text) => vscode.l10n.t(text);

/** Words of ours that were said where nobody knows the editor's language: of a setting, a secret, a link of a diagnosis. */
export const phrase = (text: string): string => reworded(text, translated);

/** A day or a time as the editor's language writes it, which may hold marks of direction. */
export const local = (time: string): string => time.replace(/\p{Cf}/gu, '');

/** A name that begins a line. */
export const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
