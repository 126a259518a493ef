import type { Dialect } from './dialect.ts';
import { isName, isOperator, isWord, shown, type Refusal, type Token } from './token.ts';
import { withStep, type WithState } from './withList.ts';

/**
 * Where a parenthesis (or the whole statement) stands. `start`: a query has to begin here. `open`: a query or an
 * expression may. `body`: past its beginning. The others are the parts of a WITH list.
 */
type State = 'start' | 'open' | 'body' | WithState;

interface Frame {
  state: State;
  /** Whether row locks can stand here: not in `substring(a FOR share)`. */
  query: boolean;
  /** The parentheses belong to the function that makes a name of a string. */
  readonly names: boolean;
}

const changes = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
const locks = new Set(['UPDATE', 'SHARE', 'KEY', 'NO']);

/**
 * Walks over the tokens once, with a stack of parentheses instead of recursion.
 * A query changes data only where a statement can begin, in INTO, in row locks and through what it calls.
 */
export function queryRefusal(
  tokens: readonly Token[],
  dialect: Dialect,
  kind: 'query' | 'metadata',
): Refusal | undefined {
  const frames: Frame[] = [{ state: kind === 'query' ? 'start' : 'body', query: true, names: false }];
  const labels = labelFlags(tokens);
  let index = 0;
  for (const token of tokens) {
    const refusal = step({ token, index, tokens, label: labels[index] ?? false }, frames, dialect);
    if (refusal) return refusal;
    index += 1;
  }
  const rest = frames.at(-1)?.state;
  if (frames.length > 1) return { reason: 'The parentheses do not match.', at: tokens.at(-1)?.at ?? 0 };
  if (rest !== 'body') return { reason: 'The statement is not complete.', at: tokens.at(-1)?.at ?? 0 };
  return undefined;
}

interface Place {
  readonly token: Token;
  readonly index: number;
  readonly tokens: readonly Token[];
  readonly label: boolean;
}

function step(place: Place, frames: Frame[], dialect: Dialect): Refusal | undefined {
  const { token, index, tokens } = place;
  const frame = frames.at(-1);
  if (!frame) return mismatch(token);
  const called = callRefusal(place, dialect);
  if (called) return called;
  if (isOperator(token, '(')) {
    const opener = tokens[index - 1];
    frames.push({
      ...opened(frame, beginsBody(tokens[index + 1], dialect)),
      names: isName(opener) && opener.text === dialect.nameFunction,
    });
    return undefined;
  }
  if (isOperator(token, ')')) {
    if (frame.state !== 'body' && frame.state !== 'open') return notARead(token);
    frames.pop();
    if (frames.length === 0) return mismatch(token);
    const calls = frame.names && isOperator(tokens[index + 1], '(');
    return calls ? { reason: 'A function must be called by its own name.', at: token.at } : undefined;
  }
  if (frame.state === 'body') return bodyRefusal(place, frame);
  if (frame.state === 'open' || frame.state === 'start') return beginning(place, frame, dialect);
  const next = withStep(frame.state, place.token, tokens[index + 1], dialect);
  if (next === undefined) return notARead(token);
  frame.state = next;
  return undefined;
}

/** The frame of a parenthesis that opens in `frame`, which moves on itself. */
function opened(frame: Frame, isBody: boolean): Omit<Frame, 'names'> {
  const { state } = frame;
  if (state === 'start' || state === 'cteEnd') {
    frame.state = 'body';
    return { state: 'start', query: true };
  }
  if (state === 'cteBody' || (state === 'cteNamed' && isBody)) {
    frame.state = 'cteEnd';
    return { state: 'start', query: true };
  }
  if (state === 'cteNamed') frame.state = 'cteColumns';
  if (state === 'open') {
    // What stands beside `((SELECT 1) …)` may still be part of a query.
    frame.state = 'body';
    frame.query = true;
  }
  return { state: 'open', query: false };
}

/** `WITH t (SELECT …)`, where a dialect does without the AS. */
function beginsBody(next: Token | undefined, dialect: Dialect): boolean {
  return dialect.optionalAs && (isWord(next, 'SELECT') || isWord(next, 'WITH'));
}

function beginning({ token, index, tokens }: Place, frame: Frame, dialect: Dialect): Refusal | undefined {
  const begins = token.kind === 'word' && dialect.statements.get(token.text) === 'query';
  if (frame.state === 'start' && !begins) return notARead(token);
  if (begins) frame.query = true;
  const next = tokens[index + 1];
  const isChange = token.kind === 'word' && changes.has(token.text);
  const goesOn = isWord(next, 'FROM') || isWord(next, 'INTO') || isWord(tokens[index + 2], 'SET');
  if (isChange && goesOn) return notARead(token);
  frame.state = begins && token.text === 'WITH' ? 'with' : 'body';
  return frame.state === 'body' ? bodyRefusal({ token, index, tokens, label: false }, frame) : undefined;
}

function bodyRefusal({ token, index, tokens, label }: Place, frame: Frame): Refusal | undefined {
  if (token.kind !== 'word' || label) return undefined;
  if (token.text === 'INTO') return { reason: 'INTO stores the result, which is not a read.', at: token.at };
  const next = tokens[index + 1];
  if (token.text === 'FOR' && frame.query && next?.kind === 'word' && locks.has(next.text)) {
    return { reason: `FOR ${next.text} locks rows, which is not a read.`, at: token.at };
  }
  return undefined;
}

function callRefusal({ token, index, tokens }: Place, dialect: Dialect): Refusal | undefined {
  if (!isName(token)) return undefined;
  const previous = tokens[index - 1];
  if (dialect.refusesName(token, previous)) return notAllowed(token);
  if (!isOperator(tokens[index + 1], '(')) return undefined;
  const owner = tokens[index - 2];
  const schema = isOperator(previous, '.') && isName(owner) ? owner.text : undefined;
  const call = { name: token.text, schema, method: isOperator(previous, '!') };
  return dialect.refusesCall(call) ? notAllowed(token) : undefined;
}

/**
 * Marks the words that only name a column: after a dot or a colon (`v:into`), or after an AS that is a keyword itself.
 * In `SELECT a.as INTO t` the AS is a name, so that the INTO is none.
 */
function labelFlags(tokens: readonly Token[]): boolean[] {
  const labels: boolean[] = [];
  let index = 0;
  for (const token of tokens) {
    const previous = tokens[index - 1];
    const afterAs = isWord(previous, 'AS') && labels[index - 1] === false;
    labels.push(token.kind === 'word' && (isOperator(previous, '.') || isOperator(previous, ':') || afterAs));
    index += 1;
  }
  return labels;
}

function notARead(token: Token): Refusal {
  return { reason: `${shown(token)} is not allowed here: only a query is.`, at: token.at };
}

function notAllowed(token: Token): Refusal {
  return { reason: `The function ${shown(token)} is not allowed: it does more than read.`, at: token.at };
}

function mismatch(token: Token): Refusal {
  return { reason: 'The parentheses do not match.', at: token.at };
}
