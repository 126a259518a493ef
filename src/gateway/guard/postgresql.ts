import type { Call, Dialect } from './dialect.ts';
import { deniedNames, deniedPatterns, deniedSchemas } from './postgresqlFunctions.ts';

/**
 * PostgreSQL.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html, https://www.postgresql.org/docs/current/sql-select.html
 */
export const postgresql: Dialect = {
  lexicon: {
    lineComments: ['--'],
    carriageReturnEndsLine: true,
    nestedComments: true,
    backslashEscapes: false,
    prefixedQuotes: true,
    dollarQuotes: 'tagged',
    stages: false,
    longOperators: [],
    punctuation: ',()[]{}.;:+-*/%<>=~!@#^&|`?',
  },
  statements: new Map([
    ['SELECT', 'query'],
    ['WITH', 'query'],
    ['VALUES', 'query'],
    ['TABLE', 'query'],
    ['SHOW', 'metadata'],
    ['EXPLAIN', 'explain'],
  ]),
  explainWords: new Set(['ANALYZE', 'ANALYSE', 'VERBOSE']),
  explainOptions: true,
  models: false,
  optionalAs: false,
  refusesCall,
  refusesName: () => false,
};

function refusesCall({ name, schema }: Call): boolean {
  if (schema !== undefined && deniedSchemas.has(schema)) return true;
  return deniedNames.has(name) || deniedPatterns.some((pattern) => pattern.test(name));
}
