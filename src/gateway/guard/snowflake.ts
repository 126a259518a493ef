import type { Call, Dialect } from './dialect.ts';
import { deniedFunctions, deniedPatterns, readingMethods, readingSystemFunctions } from './snowflakeFunctions.ts';
import { isOperator } from './token.ts';

/**
 * Snowflake.
 * https://docs.snowflake.com/en/sql-reference/constructs, https://docs.snowflake.com/en/sql-reference/operators-flow
 */
export const snowflake: Dialect = {
  lexicon: {
    lineComments: ['--', '//'],
    carriageReturnEndsLine: false,
    nestedComments: false,
    backslashEscapes: true,
    prefixedQuotes: false,
    dollarQuotes: 'plain',
    stages: true,
    longOperators: ['->>'],
    punctuation: ',()[]{}.;:+-*/%<>=~!^&|?',
  },
  statements: new Map([
    ['SELECT', 'query'],
    ['WITH', 'query'],
    ['VALUES', 'query'],
    ['SHOW', 'metadata'],
    ['DESCRIBE', 'metadata'],
    ['DESC', 'metadata'],
    ['LIST', 'metadata'],
    ['LS', 'metadata'],
    ['EXPLAIN', 'explain'],
  ]),
  chainOperator: '->>',
  explainWords: new Set(['USING', 'TABULAR', 'JSON', 'TEXT']),
  explainOptions: false,
  nameFunction: 'IDENTIFIER',
  models: true,
  optionalAs: true,
  refusesCall,
  // `sequence.NEXTVAL` advances the sequence.
  refusesName: (token, previous) => token.text === 'NEXTVAL' && isOperator(previous, '.'),
};

function refusesCall({ name, method }: Call): boolean {
  if (method) return !readingMethods.test(name);
  if (name.startsWith('SYSTEM$')) return !readingSystemFunctions.has(name.slice('SYSTEM$'.length));
  return deniedFunctions.has(name) || deniedPatterns.some((pattern) => pattern.test(name));
}
