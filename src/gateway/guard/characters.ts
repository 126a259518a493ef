import type { Refusal } from './token.ts';

const bidirectional = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const lineSeparator = /[\u0085\u2028\u2029]/;
const nonAscii = /\P{ASCII}/u;
const wordCharacter = /^[\p{L}\p{M}\p{N}]$/u;
const invisible = /^\p{Default_Ignorable_Code_Point}$/u;
const anyAscii = /\p{ASCII}/u;

/**
 * A character of a bare name that reads as something else: an invisible one, a space or a symbol outside ASCII, or a
 * form of an ASCII character (full-width letters, the Greek question mark), which a database may fold to it.
 */
export function disguiseInWord(word: string, at: number): Refusal | undefined {
  if (!nonAscii.test(word)) return undefined;
  let offset = at;
  for (const character of word) {
    const plain = !nonAscii.test(character);
    if (
      !plain &&
      (!wordCharacter.test(character) || invisible.test(character) || anyAscii.test(character.normalize('NFKC')))
    ) {
      return { reason: 'A character here is invisible or looks like another one.', at: offset };
    }
    offset += character.length;
  }
  return undefined;
}

/** Text that a reader sees in another order than the database does. */
export function disguiseInText(text: string, at: number): Refusal | undefined {
  const found = text.search(bidirectional);
  return found < 0 ? undefined : { reason: 'A character here changes the direction of the text.', at: at + found };
}

/** What one program takes for the end of a line and another one does not, so that a comment may end early. */
export function doubtfulLineEnd(comment: string, at: number): Refusal | undefined {
  const found = comment.search(lineSeparator);
  return found < 0 ? undefined : { reason: 'The end of this comment is not certain.', at: at + found };
}
