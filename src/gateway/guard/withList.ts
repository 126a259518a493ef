import type { Dialect } from './dialect.ts';
import { isName, isOperator, isWord, type Token } from './token.ts';

/** The parts of `WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (query) [SEARCH …] [CYCLE …], …`. */
export type WithState =
  | 'with'
  | 'cteName'
  | 'cteNamed'
  | 'cteColumns'
  | 'cteBody'
  | 'cteEnd'
  | 'model'
  | 'search'
  | 'cycle'
  | 'clauseName';

/**
 * The state after `token`, or undefined when it cannot stand here. Parentheses are the caller's.
 * Followed strictly, because a statement that changes data may come after the list.
 */
export function withStep(
  state: WithState,
  token: Token,
  next: Token | undefined,
  dialect: Dialect,
): WithState | 'body' | undefined {
  switch (state) {
    case 'with':
      // RECURSIVE is a name as well: `WITH recursive AS (…)`.
      if (isWord(token, 'RECURSIVE') && !isWord(next, 'AS') && !isOperator(next, '(')) return 'cteName';
      return isName(token) ? 'cteNamed' : undefined;
    case 'cteName':
      return isName(token) ? 'cteNamed' : undefined;
    case 'cteNamed':
    case 'cteColumns':
      return isWord(token, 'AS') ? 'cteBody' : undefined;
    case 'cteBody':
      if (dialect.models && isWord(token, 'MODEL')) return 'model';
      return isWord(token, 'NOT') || isWord(token, 'MATERIALIZED') ? 'cteBody' : undefined;
    case 'cteEnd':
      if (isOperator(token, ',')) return 'cteName';
      if (isWord(token, 'SEARCH')) return 'search';
      if (isWord(token, 'CYCLE')) return 'cycle';
      return mainQuery(token, dialect);
    case 'model':
      if (isOperator(token, ',')) return 'cteName';
      return mainQuery(token, dialect) ?? (isName(token) || isOperator(token, '.') ? 'model' : undefined);
    case 'search':
      return isWord(token, 'SET') ? 'clauseName' : 'search';
    case 'cycle':
      return isWord(token, 'USING') ? 'clauseName' : 'cycle';
    case 'clauseName':
      return isName(token) ? 'cteEnd' : undefined;
    default:
      return state satisfies never;
  }
}

function mainQuery(token: Token, dialect: Dialect): 'body' | undefined {
  const begins = token.kind === 'word' && dialect.statements.get(token.text) === 'query';
  return begins && token.text !== 'WITH' ? 'body' : undefined;
}
