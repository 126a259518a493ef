/** One piece of SQL. `word` is an unquoted identifier or keyword; `space` covers comments too. */
export interface Token {
  readonly kind: 'space' | 'word' | 'quoted' | 'string' | 'number' | 'mark';
  readonly text: string;
}

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//uy],
  ['string', /'(?:[^'\\]|''|\\[\s\S])*'|\$\$[\s\S]*?\$\$/uy],
  ['quoted', /"(?:[^"]|"")*"/uy],
  ['number', /\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['mark', /::|=>|->>|->|\|\||<=|>=|<>|!=|[\s\S]/uy],
];

/** Splits Snowflake SQL; joining the texts gives the input back. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < sql.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = position;
      const text = pattern.exec(sql)?.[0];
      if (text === undefined) continue;
      tokens.push({ kind, text });
      position += text.length;
      break;
    }
  }
  return tokens;
}

/** The statements of a text, without their semicolons; empty ones are left out. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current: Token[] = [];
  const end = (): void => {
    if (current.some(({ kind }) => kind !== 'space')) statements.push(textOf(current).trim());
    current = [];
  };
  for (const token of tokenize(sql)) {
    if (token.text === ';') end();
    else current.push(token);
  }
  end();
  return statements;
}

export function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** The value of a string literal: quotes, escapes and doubled quotes resolved. */
export function stringValue(literal: string): string {
  if (literal.startsWith('$$')) return literal.slice(2, -2);
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' };
  return literal
    .slice(1, -1)
    .replaceAll(/''|\\([\s\S])/gu, (all, escaped: string | undefined) =>
      all === "''" ? "'" : (escapes[escaped ?? ''] ?? escaped ?? ''),
    );
}

export function quoteString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** An identifier as the catalog holds it: upper case unless quoted. */
export function identifierName(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toUpperCase();
}
