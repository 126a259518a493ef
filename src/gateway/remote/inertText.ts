import { isActing, isForeign } from './linkTargets.ts';
import { plainText, surelyPlain } from './plainText.ts';

// What ends a piece of syntax here is one space. Unlike a backslash it leaves a JSON text inside the text valid, it means
// the same to every renderer (`! [`, `] (`, `] :` and `< img` are plain text in CommonMark and in HTML), anybody sees it,
// and the syntax is gone where it was, so that a second pass finds nothing.

/** Where anything below could begin. The escaped form is what JSON encoders of some languages make of `<`. */
const maybeMarkup = /[<\]]|\\u003c/i;

/** Tags that need no attribute to act, and those that need one with a value; the latter are also names of types in code (`List<Object>`). */
const actingTags =
  /(?:<|\\u003c)(?=(?:script|style|svg|vscode_\w+)[\s/>\\]|(?:img|image|iframe|frame|object|embed|applet|portal|link|meta|base|form|input|video|audio|picture|source|track|body)[\s/\\][=\s/\\]*(?:<|[^<>=\s/\\][^<>=]*?(?:[<=]|\\u003[cd])))/gi;
const linkTags = /(?:<|\\u003c)(?=(?:a|area)[\s/\\])/gi;
const hyperlinks = /\bhref\s*(?:=|\\u003d)(?=[\s\\"']*((?:(?!\\u003d)[^"'>=])*))/gi;
const autolinks = /<(?=([a-z][a-z0-9+.-]{1,31}:[^<>]*))/gi;
/** `<soap:Body>`, `<soap:Body/>`, `vector<std::string>`: an element or a type, although CommonMark takes it for a link. */
const elementOrType = /^[a-z][a-z0-9+.-]*:(?::|[\w.-]+\/?$)/i;
const inlineLinks = /\](?=\(\s*([^\])]*))/g;
const definitions = /\](?=:\s*([^\]]*))/g;
const definitionLines = /^([ \t>*+\-\d.)]*\[(?:[^[\]\\]|\\[^])*\])(?=:\s*(\S+)(.*))/gm;

/**
 * The text without anything that a chat would load or act on by itself, or that acts when it is clicked: images of Markdown
 * and HTML, other HTML that loads or acts, and links that are not http, https or mailto. Alternative texts and addresses stay
 * readable. Other text is unchanged, byte for byte. Idempotent; linear in the text.
 *
 * CommonMark 0.31 sections 4.6, 4.7, 6.3 to 6.6, read so that in doubt something counts as syntax.
 */
export function inertText(text: string): string {
  const plain = plainText(text);
  return maybeMarkup.test(plain) ? withoutLinks(withoutImages(withoutTags(plain))) : plain;
}

function withoutTags(text: string): string {
  if (!/<|\\u003c/i.test(text)) return text;
  const inert = text
    .replace(actingTags, '$& ')
    .replace(autolinks, (whole, target: string) => (isBadAutolink(target) ? `${whole} ` : whole));
  const acts = [...inert.matchAll(hyperlinks)].some(([, target = '']) => isBadTarget(target, ''));
  return acts ? inert.replace(linkTags, '$& ') : inert;
}

function isBadAutolink(target: string): boolean {
  return isActing(target) || (!/\s/.test(target) && isForeign(target) && !elementOrType.test(target));
}

/** An image ends in a target or in the label of a definition, at the latest at the end of its paragraph. */
function withoutImages(text: string): string {
  if (!text.includes('![')) return text;
  const defined = new Set<string>();
  for (const { start, end } of labelsIn(text)) {
    if (text[end + 1] === ':') defined.add(labelKey(text.slice(start + 1, end)));
  }
  return text
    .split(/(\n[ \t]*\n)/)
    .map((paragraph) => {
      if (!paragraph.includes('![')) return paragraph;
      const isImage = imagesIn(paragraph);
      const end = lastLabel(paragraph, defined);
      return paragraph.replace(/!(?=\[)/g, (mark, at: number) => (at < end || isImage(at) ? '! ' : mark));
    })
    .join('');
}

/** Where `![` begins an image with a target. Brackets pair off, unless code, escapes or HTML may hide some from the pairing. */
function imagesIn(paragraph: string): (at: number) => boolean {
  if (/[`\\<]/.test(paragraph)) {
    const end = paragraph.lastIndexOf('](');
    return (at) => at < end;
  }
  const starts = new Set<number>();
  const open: number[] = [];
  for (const { 0: bracket, index } of paragraph.matchAll(/[[\]]/g)) {
    if (bracket === '[') open.push(index);
    const start = bracket === ']' ? open.pop() : undefined;
    if (start !== undefined && paragraph[index + 1] === '(') starts.add(start - 1);
  }
  return (at) => starts.has(at);
}

function lastLabel(paragraph: string, defined: ReadonlySet<string>): number {
  if (defined.size === 0) return -1;
  let last = -1;
  for (const { start, end } of labelsIn(paragraph)) {
    if (defined.has(labelKey(paragraph.slice(start + 1, end)))) last = start;
  }
  return last;
}

/**
 * Where labels begin and end: brackets with no other bracket between them, but for escaped ones. An escaped bracket may begin
 * one, for something before it may take the backslash away. One pass: a regular expression would try again at each bracket.
 */
function* labelsIn(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let start: number | undefined;
  /** Behind the last odd number of backslashes. */
  let escaped = -1;
  for (const { 0: found, index } of text.matchAll(/\\+|[[\]]/g)) {
    if (found.startsWith('\\')) {
      if (found.length % 2 === 1) escaped = index + found.length;
    } else if (found === '[') {
      if (index !== escaped || start === undefined) start = index;
    } else if (index !== escaped) {
      if (start !== undefined) yield { start, end: index };
      start = undefined;
    }
  }
}

function labelKey(label: string): string {
  return label.trim().replace(/\s+/g, ' ').toLowerCase().toUpperCase();
}

function withoutLinks(text: string): string {
  if (!/\][(:]/.test(text)) return text;
  return text
    .replace(inlineLinks, (whole, target: string) => (isBadTarget(target) ? `${whole} ` : whole))
    .replace(definitions, (whole, target: string) => (isActing(target) ? `${whole} ` : whole))
    .replace(definitionLines, (whole, _label, target: string, rest: string) =>
      isBadTarget(target, rest) ? `${whole} ` : whole,
    );
}

/** @param rest what follows the target, where that is not in `text`: behind a target only a title makes a link of it */
function isBadTarget(text: string, rest = ''): boolean {
  if (isActing(text)) return true;
  const [target = '', ...more] = text.trimStart().split(/(?=\s)/);
  const behind = (more.join('') + rest).trim();
  if (target.startsWith('<')) return isForeign(target.slice(1));
  return (behind === '' || /^["'(]/.test(behind)) && isForeign(target);
}

// Searches of a JSON text. Three short ones are faster than one of all alternatives.

/** Escapes of controls, and of characters other than those of ordinary writing; and what could be markup. */
const doubtfulJson = new RegExp(
  [
    String.raw`<[A-Za-z]|!\[|\](?::|\((?!https?:))`,
    String.raw`\\(?:[rbf]|u(?!00(?:[Aa][^Dd]|[B-Fb-f].)|0[1245]..|03[^4].|06[^1].|20(?:1.|2[0-7]|[Aa].)|30..|[4-9A-Ca-c]...))`,
  ].join('|'),
);
/** Members that inertResult does not take for mere text. */
const doubtfulMember = /"(?:uri"\s*:\s*"(?!https?:|file:)|icons"\s*:)/;

/**
 * Whether nothing in a JSON text (a whole message, keys included) could be changed by inertText or, its limits aside, by
 * inertResult: found by searches in the text, without parsing it. `false` in doubt.
 */
export function isHarmlessJson(raw: string): boolean {
  return surelyPlain(raw) && !doubtfulJson.test(raw) && !doubtfulMember.test(raw);
}
