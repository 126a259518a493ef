/** One lexical element of a statement; white space and comments leave none. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'stage' | 'operator';
  /** For a name: its value in upper case. For an operator: itself. For a string: what stands between its delimiters. */
  readonly text: string;
  /** UTF-16 offset in the statement. */
  readonly at: number;
}

/** Why a statement is not let through, and where. The reason echoes one word of the statement at most. */
export interface Refusal {
  readonly reason: string;
  readonly at: number;
}

export type Lexed =
  | { readonly tokens: readonly Token[]; readonly escapedQuote: boolean }
  | { readonly refusal: Refusal };

export function isOperator(token: Token | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text;
}

export function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

/** A name, bare or quoted: what can be called when a parenthesis follows. */
export function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

/** A word that may stand in a reason: plain and short, or not shown at all. */
export function shown(token: Token): string {
  return /^[\w$]{1,63}$/.test(token.text) ? token.text : 'This';
}
