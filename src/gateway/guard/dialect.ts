import type { Token } from './token.ts';

/** How a dialect is cut into tokens. */
export interface Lexicon {
  /** Starts of comments that run to the end of the line. */
  readonly lineComments: readonly string[];
  /** Whether a carriage return alone ends such a comment. Where that is not known, one in a comment is refused. */
  readonly carriageReturnEndsLine: boolean;
  readonly nestedComments: boolean;
  /** Whether a backslash escapes the next character of an ordinary string. */
  readonly backslashEscapes: boolean;
  /** `E''`, `U&''` and `U&""` exist. */
  readonly prefixedQuotes: boolean;
  /** `tagged`: `$tag$ … $tag$`. `plain`: `$$ … $$` only, and `$name` is a variable. */
  readonly dollarQuotes: 'tagged' | 'plain';
  /** `@stage/path` is one token. */
  readonly stages: boolean;
  /** Operators of several characters that the checks look for; every other operator is cut into characters. */
  readonly longOperators: readonly string[];
  /** Every other character that may stand outside of names, literals and comments. */
  readonly punctuation: string;
}

/** A call in a statement: `schema.name(`. All names are in upper case. */
export interface Call {
  readonly name: string;
  readonly schema: string | undefined;
  /** `instance!name(`: a method of an object rather than a function. */
  readonly method: boolean;
}

/** What a first keyword begins: a query; a statement that only shows metadata; one that explains a query. */
type StatementKind = 'query' | 'metadata' | 'explain';

/** All that the guard knows of a dialect. */
export interface Dialect {
  readonly lexicon: Lexicon;
  readonly statements: ReadonlyMap<string, StatementKind>;
  /** Chains whole statements (`->>`); every one of them has to be a read. */
  readonly chainOperator?: string;
  /** Words between EXPLAIN and the statement, apart from a list of options in parentheses. */
  readonly explainWords: ReadonlySet<string>;
  readonly explainOptions: boolean;
  /** Turns a name into a call of whatever it names; calling the result is refused. */
  readonly nameFunction?: string;
  /** `WITH m AS MODEL name`. */
  readonly models: boolean;
  /** `WITH t (SELECT …)`. */
  readonly optionalAs: boolean;
  refusesCall(call: Call): boolean;
  /** A name that acts by being mentioned, without a call. */
  refusesName(token: Token, previous: Token | undefined): boolean;
}
