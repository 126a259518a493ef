/** Everything that takes no ink or looks like something else: controls, what only steers the text, tags, fillers, and other spaces. */
const HIDDEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Text of a stranger with everything in it to be seen: hidden characters as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

/** A part of a command line in quotes, as it is. */
export function quoted(part: string): string {
  return visible(JSON.stringify(part));
}

/** The address of an IPv6 host, or any bracket. What is in brackets before a parenthesis would be a link. */
const BRACKETS = /\[[\da-f.]*:[\da-f:.]*\](?!\()|[[\]]/gi;

/**
 * What a stranger said, such as a name, for a notification, a list or a prompt: one short line without an icon or anything hidden,
 * and without a link, which the editor makes of `[text](command:…)` in all of these and which then runs that command.
 */
export function oneLine(text: string, most = 80): string {
  const line = visible(text.replace(/\s+/g, ' ').trim());
  return (line.length > most ? `${line.slice(0, most - 1).toWellFormed()}…` : line)
    .replace(BRACKETS, (found) => (found === '[' ? '(' : found === ']' ? ')' : found))
    .replaceAll('$(', '$ (');
}

/** Columns of a line of text, and of what is in front of it. */
const WIDTH = 100;
const DEEPEST_INDENT = 40;
/** Spaces side by side that are shown as they are. */
const SPACES = 8;

/**
 * JSON to be read and compared line by line: keys in one order, lines of a text on lines of their own. Nothing in it can be out of
 * view: long lines are broken, at sentences first so that a change in one moves no other, and long blanks are counted instead of
 * shown. Not to be parsed again: no address in it is one that the editor would make a link of.
 */
export function readable(json: string | undefined): string {
  return json === undefined ? '' : pretty(json).split('\n').flatMap(linesOf).join('\n');
}

function linesOf(line: string): string[] {
  const body = line.trimStart();
  const depth = line.length - body.length;
  const indent =
    depth <= DEEPEST_INDENT ? visible(line.slice(0, depth)) : `${' '.repeat(DEEPEST_INDENT)}‹${depth} deep› `;
  const text = visible(body)
    .replace(/ {2,}/g, (blank) => (blank.length > SPACES ? `‹${blank.length} spaces›` : blank))
    .replaceAll('://', String.raw`:\/\/`)
    .replace(/\\./g, (escape) => (escape === String.raw`\n` ? `${escape}\n` : escape))
    .replace(/(?: {0,8}\\n\n){4,}/g, blankLines);
  const [first = '', ...more] = text.split('\n').flatMap(broken);
  return [indent + first, ...more];
}

function blankLines(blank: string): string {
  const lines = blank.split('\n').length - 1;
  const spaces = blank.split(' ').length - 1;
  return `‹${lines} line ends${spaces > 0 ? `, ${spaces} spaces` : ''}›${String.raw`\n`}\n`;
}

/** A line in parts of at most so many columns. */
function broken(line: string): string[] {
  return line.length <= WIDTH && !WIDE.test(line) ? [line] : line.split(/(?<=[.!?;] )(?! )/).flatMap(wrapped);
}

const WIDE = /[\u1100-\uffff]/;
/** An escape is not torn apart, nor is a word that fits. */
const PIECES = /\\u\{[\da-f]+\}|\\.|[^\\ ]{1,40} ?|[^]/gu;

function wrapped(sentence: string): string[] {
  const lines: string[] = [];
  let line = '';
  let room = WIDTH;
  for (const [piece] of sentence.matchAll(PIECES)) {
    const width = Array.from(piece, (character) => (WIDE.test(character) ? 2 : 1)).reduce((sum, each) => sum + each, 0);
    if (width > room && line !== '') {
      lines.push(line);
      line = '';
      room = WIDTH;
    }
    line += piece;
    room -= width;
  }
  return [...lines, line];
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), inOrder, 2);
  } catch {
    return json;
  }
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
