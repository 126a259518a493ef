import { missingObject, syntaxError, unknownFunction, WarehouseError } from './errors.ts';
import { identifierName, quoteString, stringValue, textOf, tokenize, type Token } from './lexer.ts';

/** A value that the driver sends for `?` or `:1`. */
export interface Binding {
  readonly type: string;
  readonly value: string | null;
}

export type Bindings = Readonly<Record<string, Binding>>;

export interface Translation {
  /** For DuckDB. */
  readonly sql: string;
  /** Sum of all `SYSTEM$WAIT` calls, to be waited before running. */
  readonly waitMilliseconds: number;
}

const typeNames: Readonly<Record<string, string>> = {
  TIMESTAMP_NTZ: 'TIMESTAMP',
  TIMESTAMP_LTZ: 'TIMESTAMPTZ',
  DATETIME: 'TIMESTAMP',
  STRING: 'VARCHAR',
  FLOAT: 'DOUBLE',
  NUMBER: 'DECIMAL',
  VARIANT: 'JSON',
};

const functionNames: Readonly<Record<string, string>> = {
  LISTAGG: 'STRING_AGG',
  ARRAY_CONSTRUCT: 'LIST_VALUE',
  OBJECT_CONSTRUCT: 'JSON_OBJECT',
  DATEDIFF: 'DATEDIFF',
};

/** Functions that take no argument, and that the server knows with and without parentheses. */
const bareFunctions = new Set(['CURRENT_DATE', 'CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIMESTAMP']);
const contextFunction =
  /^CURRENT_(?:USER|ROLE|WAREHOUSE|ACCOUNT|ACCOUNT_NAME|ORGANIZATION_NAME|AVAILABLE_ROLES|SECONDARY_ROLES|DATABASE|SCHEMA|SCHEMAS|VERSION|REGION|SESSION|CLIENT|IP_ADDRESS)$/u;
/** DuckDB's own, which the server that we play does not have. */
const foreignFunction =
  /^(?:duckdb_\w+|pragma_\w+|read_\w+|getvariable|query|query_table|sniff_csv|glob|parquet_\w+|sqlite_\w+)$/iu;
const hiddenSchema = /^_(?:BASE|META|FUNCTIONS)$/u;

/**
 * Snowflake SQL in DuckDB's words, token by token: strings, types, functions, JSON paths, bindings, `SYSTEM$WAIT`.
 * Only what the lab needs; everything else passes as it is.
 *
 * @throws {WarehouseError} for what the server would not know, such as DuckDB's own functions and the lab's hidden schemas.
 */
export function translate(sql: string, bindings: Bindings = {}): Translation {
  const tokens = tokenize(sql).filter(({ kind, text }) => kind !== 'space' || !text.startsWith('//'));
  const output: string[] = [];
  let waitMilliseconds = 0;
  let placeholder = 0;
  let limit = '';

  const next = (index: number, step = 1): number => {
    let at = index + step;
    while (tokens[at]?.kind === 'space') at += step;
    return at;
  };

  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    const following = next(index);
    const isCall = tokens[following]?.text === '(';
    if (token.kind === 'space') output.push(token.text.startsWith('--') ? ' ' : token.text);
    else if (token.kind === 'string') output.push(quoteString(stringValue(token.text)));
    else if (token.text === '?') output.push(literalOf(bindings[String((placeholder += 1))]));
    else if (token.text === ':' && tokens[index + 1]?.kind === 'number') {
      output.push(literalOf(bindings[tokens[index + 1]?.text ?? '']));
      index += 1;
    } else if (token.kind === 'word' || token.kind === 'quoted') {
      const name = identifierName(token.text);
      if (hiddenSchema.test(name)) throw missingObject(name);
      if (isCall && foreignFunction.test(name)) throw unknownFunction(name);
      const path = jsonPath(tokens, index);
      if (path !== undefined) {
        output.push(path.sql);
        index = path.last;
      } else if (token.kind === 'quoted') output.push(token.text);
      else if (name === 'SYSTEM$WAIT' && isCall) {
        const call = argumentsOf(tokens, following);
        waitMilliseconds += waitOf(call.args);
        output.push(quoteString(`waited ${call.args[0]?.trim() ?? ''} seconds`));
        index = call.last;
      } else if (name === 'TABLE' && isCall && /^\s*generator/iu.test(argumentsOf(tokens, following).args[0] ?? '')) {
        const call = argumentsOf(tokens, following);
        output.push(`range(${/rowcount\s*=>\s*(\d+)/iu.exec(call.args.join(','))?.[1] ?? '0'}) AS generator_(n_)`);
        index = call.last;
      } else if (/^SEQ[1248]$/u.test(name) && isCall) {
        output.push('(row_number() OVER () - 1)');
        index = argumentsOf(tokens, following).last;
      } else if (/^(?:DATEADD|DATEDIFF|TIMESTAMPDIFF|TIMESTAMPADD)$/u.test(name) && isCall) {
        output.push(name === 'DATEADD' || name === 'TIMESTAMPADD' ? 'dateadd' : 'datediff', '(');
        index = following;
        const part = next(following);
        if (tokens[part]?.kind === 'word') {
          output.push(quoteString(tokens[part].text.toLowerCase()));
          index = part;
        }
      } else if (bareFunctions.has(name)) {
        output.push(name);
        if (isCall) index = argumentsOf(tokens, following).last;
      } else if (contextFunction.test(name) && !isCall && tokens[next(index, -1)]?.text !== '.') {
        output.push(`${name}()`);
      } else if (name === 'INFORMATION_SCHEMA' && tokens[following]?.text === '.') output.push('_META');
      else if (
        name === 'TOP' &&
        /^select$/iu.test(tokens[next(index, -1)]?.text ?? '') &&
        tokens[following]?.kind === 'number'
      ) {
        limit = ` LIMIT ${tokens[following].text}`;
        index = following;
      } else if (name === 'NUMBER' && !isCall && typeName(name, tokens[next(index, -1)]) !== undefined) {
        output.push('DECIMAL(38,0)');
      } else
        output.push(
          (isCall ? functionNames[name] : undefined) ?? typeName(name, tokens[next(index, -1)]) ?? token.text,
        );
    } else output.push(token.text);
  }
  return { sql: output.join('') + limit, waitMilliseconds };
}

/** A type name stands after `::`, after AS in a cast, or after a column's name; as a bare column it would be odd. */
function typeName(name: string, before: Token | undefined): string | undefined {
  if (before === undefined || before.text === '.' || before.text === ',' || /^select$/iu.test(before.text))
    return undefined;
  return typeNames[name];
}

/** `details:gift.note` and `details:list[0]`, with the cast that may follow. */
function jsonPath(tokens: readonly Token[], start: number): { sql: string; last: number } | undefined {
  let base = tokens[start]?.text ?? '';
  let at = start + 1;
  while (tokens[at]?.text === '.' && isName(tokens[at + 1])) {
    base += `.${tokens[at + 1]?.text ?? ''}`;
    at += 2;
  }
  if (tokens[at]?.text !== ':' || !isName(tokens[at + 1])) return undefined;
  let path = `$.${keyOf(tokens[at + 1])}`;
  at += 2;
  for (;;) {
    if (tokens[at]?.text === '.' && isName(tokens[at + 1])) {
      path += `.${keyOf(tokens[at + 1])}`;
      at += 2;
    } else if (tokens[at]?.text === '[' && tokens[at + 2]?.text === ']') {
      path += `[${tokens[at + 1]?.text ?? ''}]`;
      at += 3;
    } else if (tokens[at]?.text.startsWith('.') === true && tokens[at]?.kind === 'number') {
      return undefined;
    } else break;
  }
  const isCast = tokens[at]?.text === '::';
  return { sql: `${isCast ? 'json_extract_string' : 'json_extract'}(${base}, ${quoteString(path)})`, last: at - 1 };
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

/** Keys are case-sensitive, so they stay as written. */
function keyOf(token: Token | undefined): string {
  const text = token?.text ?? '';
  return text.startsWith('"') ? text : `"${text}"`;
}

function argumentsOf(tokens: readonly Token[], open: number): { args: string[]; last: number } {
  const args: Token[][] = [[]];
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (depth === 0) return { args: args.map(textOf).filter((each) => each !== ''), last: at };
    if (depth === 1 && token.text === ',') args.push([]);
    else if (at !== open) args.at(-1)?.push(token);
  }
  throw syntaxError('<EOF>');
}

const unitMilliseconds: Readonly<Record<string, number>> = {
  MILLISECONDS: 1,
  SECONDS: 1000,
  MINUTES: 60_000,
  HOURS: 3_600_000,
  DAYS: 86_400_000,
};

function waitOf([amount = '', unit = "'SECONDS'"]: readonly string[]): number {
  const factor = unitMilliseconds[stringValue(unit.trim()).toUpperCase()];
  if (factor === undefined || !/^\s*\d+(?:\.\d+)?\s*$/u.test(amount)) {
    throw new WarehouseError('001015', '22023', 'SQL compilation error:\ninvalid argument for function SYSTEM$WAIT');
  }
  return Number(amount) * factor;
}

function literalOf(binding: Binding | undefined): string {
  if (binding === undefined)
    throw new WarehouseError('002049', '42601', 'SQL compilation error:\nBind variable not set.');
  const { type, value } = binding;
  if (value === null) return 'NULL';
  if ((type === 'FIXED' || type === 'REAL') && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(value))
    return `(${value})`;
  if (type === 'BOOLEAN') return /^(?:true|1)$/iu.test(value) ? 'TRUE' : 'FALSE';
  if (type === 'VARIANT') return `(${quoteString(value)}::JSON)`;
  return quoteString(value);
}
