import type { Dialect } from './dialect.ts';
import { queryRefusal } from './query.ts';
import { isOperator, shown, type Refusal, type Token } from './token.ts';

/** Why these tokens are not one read, or undefined when they are. */
export function statementRefusal(tokens: readonly Token[], dialect: Dialect): Refusal | undefined {
  let end = tokens.length;
  while (isOperator(tokens[end - 1], ';')) end -= 1;
  const separator = tokens.findIndex((token) => isOperator(token, ';'));
  if (separator >= 0 && separator < end) {
    return { reason: 'Only one statement is allowed.', at: tokens[separator]?.at ?? 0 };
  }
  let at = 0;
  for (const stage of stages(tokens.slice(0, end), dialect.chainOperator)) {
    const refusal = stage.length > 0 ? stageRefusal(stage, dialect) : { reason: 'There is no statement here.', at };
    if (refusal) return refusal;
    at = stage.at(-1)?.at ?? at;
  }
  return undefined;
}

function stages(tokens: readonly Token[], chain: string | undefined): Token[][] {
  const found: Token[][] = [[]];
  for (const token of tokens) {
    if (chain && isOperator(token, chain)) found.push([]);
    else found.at(-1)?.push(token);
  }
  return found;
}

function stageRefusal(tokens: readonly Token[], dialect: Dialect): Refusal | undefined {
  const first = tokens[0];
  if (!first || isOperator(first, '(')) return queryRefusal(tokens, dialect, 'query');
  const kind = first.kind === 'word' ? dialect.statements.get(first.text) : undefined;
  if (kind === undefined)
    return { reason: `${shown(first)} does not begin a statement that only reads.`, at: first.at };
  return kind === 'explain' ? explainRefusal(tokens, dialect) : queryRefusal(tokens, dialect, kind);
}

function explainRefusal(tokens: readonly Token[], dialect: Dialect): Refusal | undefined {
  let start = 1;
  const inner = tokens[2];
  const beginsQuery =
    isOperator(inner, '(') || (inner?.kind === 'word' && dialect.statements.get(inner.text) === 'query');
  if (dialect.explainOptions && isOperator(tokens[1], '(') && !beginsQuery) {
    // Options hold words, numbers and strings only, so the next parenthesis closes the list.
    start = tokens.findIndex((token) => isOperator(token, ')')) + 1;
    if (start === 0) return { reason: 'The parentheses do not match.', at: tokens[1]?.at ?? 0 };
    const nested = tokens.slice(2, start).find((token) => isOperator(token, '('));
    if (nested) return { reason: 'These options of EXPLAIN are not known.', at: nested.at };
  } else {
    while (tokens[start]?.kind === 'word' && dialect.explainWords.has(tokens[start]?.text ?? '')) start += 1;
  }
  const explained = tokens[start];
  if (!explained) return { reason: 'There is no statement to explain.', at: tokens[0]?.at ?? 0 };
  const isQuery = explained.kind === 'word' && dialect.statements.get(explained.text) === 'query';
  if (!isQuery && !isOperator(explained, '(')) {
    return { reason: `EXPLAIN is allowed for queries only, not for ${shown(explained)}.`, at: explained.at };
  }
  return queryRefusal(tokens.slice(start), dialect, 'query');
}
