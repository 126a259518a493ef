import { isWord, type Refusal, type Token } from './token.ts';

/**
 * Puts the real name in the place of each `U&"…" [UESCAPE 'x']`.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-UESCAPE
 */
export function joinUnicodeNames(
  tokens: readonly Token[],
  unicodeNames: ReadonlySet<Token>,
): { readonly tokens: readonly Token[] } | { readonly refusal: Refusal } {
  if (unicodeNames.size === 0) return { tokens };
  const joined: Token[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (!token) break;
    if (!unicodeNames.has(token)) {
      joined.push(token);
      continue;
    }
    let escape = '\\';
    if (isWord(tokens[index + 1], 'UESCAPE')) {
      escape = tokens[index + 2]?.kind === 'string' ? (tokens[index + 2]?.text ?? '') : '';
      index += 2;
    }
    const name = escape.length === 1 ? decode(token.text.replaceAll('""', '"'), escape) : undefined;
    if (name === undefined) return { refusal: { reason: 'This Unicode name cannot be read.', at: token.at } };
    joined.push({ kind: 'quoted', text: name.toUpperCase(), at: token.at });
  }
  return { tokens: joined };
}

function decode(text: string, escape: string): string | undefined {
  let decoded = '';
  for (let index = 0; index < text.length;) {
    const character = text[index] ?? '';
    if (character !== escape) {
      decoded += character;
      index += 1;
      continue;
    }
    if (text[index + 1] === escape) {
      decoded += escape;
      index += 2;
      continue;
    }
    const long = text[index + 1] === '+';
    const digits = long ? text.slice(index + 2, index + 8) : text.slice(index + 1, index + 5);
    const code = Number.parseInt(digits, 16);
    if (!/^[\da-f]+$/i.test(digits) || digits.length !== (long ? 6 : 4) || code > 0x10_ffff) return undefined;
    decoded += String.fromCodePoint(code);
    index += long ? 8 : 5;
  }
  return decoded;
}
