import { identifierName, textOf, tokenize, type Token } from './lexer.ts';

/**
 * Result columns as the server names them: an unquoted alias in upper case, an expression as it was written.
 *
 * @param names What DuckDB calls them.
 */
export function columnNames(sql: string, names: readonly string[]): string[] {
  const tokens = tokenize(sql);
  const quoted = new Set(tokens.filter(({ kind }) => kind === 'quoted').map(({ text }) => identifierName(text)));
  const plain = (name: string): string => (quoted.has(name) ? name : name.toUpperCase());
  const items = selectItems(tokens);
  if (items.length !== names.length) return names.map(plain);
  return names.map((name, index) => {
    const item = items[index] ?? [];
    const last = item.at(-1);
    const isNamed =
      last !== undefined &&
      (last.kind === 'word' || last.kind === 'quoted') &&
      identifierName(last.text).toUpperCase() === name.toUpperCase();
    return isNamed || (item.some(({ text }) => text === '*') && item.length === 1)
      ? plain(name)
      : textOf(item).toUpperCase();
  });
}

/** The items of the outermost SELECT, without spaces at their ends. */
function selectItems(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [];
  let depth = 0;
  let inList = false;
  for (const token of tokens) {
    if (token.text === '(' || token.text === '[' || token.text === '{') depth += 1;
    if (token.text === ')' || token.text === ']' || token.text === '}') depth -= 1;
    const word = depth === 0 && token.kind === 'word' ? token.text.toUpperCase() : '';
    if (word === 'SELECT' && !inList && items.length === 0) {
      inList = true;
      items.push([]);
    } else if (/^(?:FROM|WHERE|UNION|LIMIT|ORDER|GROUP|QUALIFY)$/u.test(word)) inList = false;
    else if (inList && (word === 'DISTINCT' || (word === 'ALL' && items.length === 1 && items[0]?.length === 0)))
      continue;
    else if (inList && depth === 0 && (token.text === ',' || token.text === ';')) {
      if (token.text === ',') items.push([]);
    } else if (inList && (token.kind !== 'space' || items.at(-1)?.length !== 0)) items.at(-1)?.push(token);
  }
  for (const item of items) while (item.at(-1)?.kind === 'space') item.pop();
  return items;
}
