import { disguiseInText, disguiseInWord, doubtfulLineEnd } from './characters.ts';
import type { Lexicon } from './dialect.ts';
import { closing, continued, lineEnd } from './quotes.ts';
import type { Lexed, Refusal, Token } from './token.ts';
import { joinUnicodeNames } from './unicodeName.ts';

const space = /[ \t\n\r\f\v]+/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
// Letters after a number start a new word, as they did before PostgreSQL 15: `LIMIT 1FOR UPDATE`.
const number = /(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?/y;
const taggedDollar = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const parameter = /\$\d+/y;
const variable = /\$(?:\d+|[A-Za-z_][\w$]*)/y;
const prefixedQuote = /[eE]'|[uU]&['"]/y;
/** Cuts a statement into tokens, in time linear to its length. Text that can be read in more than one way is refused. */
export function lex(sql: string, lexicon: Lexicon): Lexed {
  const tokens: Token[] = [];
  const unicodeNames = new Set<Token>();
  let position = 0;
  let escapedQuote = false;
  let refusal: Refusal | undefined;

  const refuse = (reason: string, at: number): void => {
    refusal ??= { reason, at };
  };
  const note = (found: Refusal | undefined): void => {
    refusal ??= found;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(sql)?.[0];
  };
  const add = (kind: Token['kind'], text: string, end: number): void => {
    tokens.push({ kind, text, at: position });
    position = end;
  };

  const lineComment = (): void => {
    const end = lineEnd(sql, position, lexicon.carriageReturnEndsLine);
    const comment = sql.slice(position, end);
    const lone = comment.search(/\r[^]/);
    if (lone >= 0) refuse('The end of this comment is not certain.', position + lone);
    note(doubtfulLineEnd(comment, position));
    note(disguiseInText(comment, position));
    position = end;
  };

  const blockComment = (): void => {
    const start = position;
    const marks = /\/\*|\*\//g;
    marks.lastIndex = position + 2;
    let depth = 1;
    while (depth > 0) {
      const mark = marks.exec(sql);
      if (!mark) return refuse('A comment is not closed.', start);
      if (mark[0] === '*/') depth -= 1;
      else if (lexicon.nestedComments) depth += 1;
      // A mark that opens nothing may overlap one that closes: `/*/`.
      else marks.lastIndex = mark.index + 1;
    }
    note(disguiseInText(sql.slice(start, marks.lastIndex), start));
    position = marks.lastIndex;
  };

  const quoted = (prefix: number, kind: 'plain' | 'escape' | 'unicode'): void => {
    const quote = sql[position + prefix] ?? '';
    const from = position + prefix + 1;
    const backslash = quote === "'" && (kind === 'escape' || (kind === 'plain' && lexicon.backslashEscapes));
    let end = closing(sql, quote, { from, backslash });
    // An E'' literal stays one across a line end, and its second part needs no prefix.
    let next = kind === 'escape' ? continued(sql, end) : undefined;
    while (next !== undefined) {
      end = closing(sql, quote, { from: next, backslash });
      next = continued(sql, end);
    }
    if (end < 0) return refuse('A quote is not closed.', position);
    const content = sql.slice(from, end - 1);
    if (quote === "'") {
      if (!backslash && /\\(?:'|$)/.test(content)) escapedQuote = true;
      return add('string', content, end);
    }
    note(disguiseInText(content, from));
    add('quoted', kind === 'unicode' ? content : content.replaceAll('""', '"').toUpperCase(), end);
    const added = tokens.at(-1);
    if (kind === 'unicode' && added) unicodeNames.add(added);
  };

  const dollar = (): void => {
    const tagged = lexicon.dollarQuotes === 'tagged';
    const delimiter = tagged ? match(taggedDollar) : sql.startsWith('$$', position) ? '$$' : undefined;
    if (delimiter) {
      const from = position + delimiter.length;
      const end = sql.indexOf(delimiter, from);
      if (end < 0) return refuse('A quote is not closed.', position);
      return add('string', sql.slice(from, end), end + delimiter.length);
    }
    const name = match(tagged ? parameter : variable);
    if (name) return add('parameter', name, position + name.length);
    if (tagged) return refuse('The character here is not part of this SQL dialect.', position);
    add('operator', '$', position + 1);
  };

  const bareWord = (text: string): void => {
    note(disguiseInWord(text, position));
    // Where both readings are possible, a quote could begin inside of what was taken for a name.
    if (lexicon.dollarQuotes === 'plain' && text.includes('$$')) refuse('A name must not contain $$.', position);
    add('word', text.toUpperCase(), position + text.length);
  };

  /** `@stage/path`: runs to white space or punctuation. Within a path, a comment cannot be told from a folder. */
  const stage = (): void => {
    let end = position + 1;
    while (end < sql.length && !/[\s;,()'<>|]/.test(sql[end] ?? '')) {
      if (sql.startsWith('->', end)) break;
      if (/^(?:\/[/*]|--)/.test(sql.slice(end, end + 2))) return refuse('Put this path in quotes.', end);
      if (sql[end] === '"') {
        const closed = closing(sql, '"', { from: end + 1, backslash: false });
        if (closed < 0) return refuse('A quote is not closed.', end);
        end = closed;
      } else end += 1;
    }
    note(disguiseInWord(sql.slice(position, end), position));
    add('stage', sql.slice(position, end), end);
  };

  const symbol = (character: string): void => {
    const long = lexicon.longOperators.find((operator) => sql.startsWith(operator, position));
    if (long) return add('operator', long, position + long.length);
    if (lexicon.punctuation.includes(character)) return add('operator', character, position + 1);
    refuse('The character here is not part of this SQL dialect.', position);
  };

  const step = (character: string): void => {
    const blank = match(space);
    if (blank) position += blank.length;
    else if (lexicon.lineComments.some((mark) => sql.startsWith(mark, position))) lineComment();
    else if (sql.startsWith('/*', position)) blockComment();
    else if (character === "'" || character === '"') quoted(0, 'plain');
    else if (character === '$') dollar();
    else if (character === '@' && lexicon.stages) stage();
    else {
      const prefix = lexicon.prefixedQuotes ? match(prefixedQuote) : undefined;
      const digits = match(number);
      const text = match(word);
      if (prefix) quoted(prefix.length - 1, prefix.length === 2 ? 'escape' : 'unicode');
      else if (digits) add('number', digits, position + digits.length);
      else if (text) bareWord(text);
      else symbol(character);
    }
  };

  const nul = sql.indexOf('\0');
  // A C string ends here, and with it what the database would read.
  if (nul >= 0) refuse('A NUL character is not allowed.', nul);
  for (let refused = refusal; position < sql.length && !refused; refused = refusal) step(sql[position] ?? '');
  if (refusal) return { refusal };
  const joined = joinUnicodeNames(tokens, unicodeNames);
  return 'refusal' in joined ? joined : { tokens: joined.tokens, escapedQuote };
}
