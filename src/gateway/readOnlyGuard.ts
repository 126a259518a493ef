import type { SqlDialect } from '../core/sql.ts';
import type { Dialect } from './guard/dialect.ts';
import { lex } from './guard/lexer.ts';
import { postgresql } from './guard/postgresql.ts';
import { snowflake } from './guard/snowflake.ts';
import { statementRefusal } from './guard/statement.ts';

export type Verdict =
  | { readonly verdict: 'read' }
  | { readonly verdict: 'refused'; readonly reason: string; readonly at: number };

const dialects: Record<SqlDialect, Dialect> = { postgresql, snowflake };

/**
 * Says whether a statement is one read and nothing else. What it does not know, it refuses.
 *
 * `at` is the UTF-16 offset of what was refused; `reason` is a sentence for whoever wrote the statement. The guard stands
 * in front of the database's own defenses, not in their place: what a view or a user's function does cannot be seen here.
 */
export function readOnlyGuard(sql: string, dialect: SqlDialect): Verdict {
  const known = dialects[dialect];
  const lexed = lex(sql, known.lexicon);
  if ('refusal' in lexed) return { verdict: 'refused', ...lexed.refusal };
  let refusal = statementRefusal(lexed.tokens, known);
  if (!refusal && lexed.escapedQuote) {
    // A server with standard_conforming_strings off ends such a string elsewhere. Text that it can read has to be a
    // read for it too; text that it cannot read does nothing.
    const other = lex(sql, { ...known.lexicon, backslashEscapes: true });
    if ('tokens' in other) refusal = statementRefusal(other.tokens, known);
  }
  return refusal ? { verdict: 'refused', ...refusal } : { verdict: 'read' };
}
