import { isObject, type JsonRecord } from '../record.ts';
import { inertText } from './inertText.ts';

const LEAST_BYTES = 4096;
/** Kept free for what is said about the cut: three notices, each with an address in it. */
const NOTICES = 1536;
/** Of an address that a notice repeats. */
const ADDRESS = 256;
/** What making the end of a cut text inert may add. */
const SLACK = 32;

type Field = 'content' | 'contents' | 'messages';
const fields: readonly Field[] = ['content', 'contents', 'messages'];
/** Where a block, a resource or a message has its text, and where its bytes. */
const textPaths = [['text'], ['resource', 'text'], ['content', 'text'], ['content', 'resource', 'text']];
const bytePaths = [['data'], ['blob'], ['resource', 'blob'], ['content', 'data'], ['content', 'resource', 'blob']];

interface Shortened {
  readonly kept: readonly unknown[];
  /** Whether the end is missing. */
  readonly cut: boolean;
}

/** What is kept of a result at most, in bytes of JSON in UTF-8, where so many are asked for. */
export function limitOf(bytes: number): number {
  return Math.max(bytes, LEAST_BYTES);
}

/**
 * A result that takes at most so many bytes as JSON in UTF-8. The blocks are kept from the first one on, the text that passes
 * the limit is cut, and a last block says so. What can't be shown in part is replaced by a notice: bytes of a picture, and
 * structured content, which is all that an editor may give its model, so that a part would pose as the whole.
 * Strings longer than the limit need not be inert yet.
 */
export function boundedResult(result: unknown, bytes: number): { result: unknown; cut: boolean } {
  const limit = limitOf(bytes);
  if (sizeOf(result) <= limit) return { result, cut: false };
  if (!isObject(result)) return { result: {}, cut: true };
  const field = fields.find((name) => Array.isArray(result[name])) ?? 'content';
  const { [field]: found, structuredContent, ...others } = result;
  const items = Array.isArray(found) ? (found as readonly unknown[]) : [];
  const notices: string[] = [];
  let room = limit - NOTICES;

  const kept = new Map<string, unknown>();
  for (const [key, member] of Object.entries(others)) {
    const size = sizeOf({ [key]: member });
    // No member takes the place of the answer itself.
    if (size > room / 2) continue;
    kept.set(key, member);
    room -= size;
  }
  const missing = Object.keys(others).length - kept.size;
  if (missing > 0) notices.push(leftOut(missing === 1 ? 'a member of the result' : `${missing} members of the result`));

  const structured = structuredContent === undefined ? 0 : sizeOf({ structuredContent });
  if (structured > room) notices.push(leftOut('structuredContent', structured));
  else if (structured > 0) {
    kept.set('structuredContent', structuredContent);
    room -= structured;
  }

  const { kept: blocks, cut } = shortened(items, field, room);
  if (cut) {
    const whole = sizeOf(items);
    const shown = Math.min(sizeOf(blocks), whole);
    notices.push(`[Cut by Data Passport: ${shown} of ${whole} bytes shown. Ask for less.]`);
  }
  const last = items[blocks.length - 1] ?? items[0];
  kept.set(field, [...blocks, ...notices.map((text) => notice(text, field, last))]);
  return { result: Object.fromEntries(kept), cut: true };
}

function shortened(items: readonly unknown[], field: Field, most: number): Shortened {
  const kept: unknown[] = [];
  let room = most;
  for (const item of items) {
    const size = sizeOf(item) + 1;
    const text = textPaths.find((path) => typeof at(item, path) === 'string');
    const next = size <= room ? item : text ? cutText(item, text, room) : withoutBytes(item, field);
    if (next === undefined || sizeOf(next) + 1 > room) return { kept, cut: true };
    kept.push(next);
    if (size > room && text) return { kept, cut: true };
    room -= sizeOf(next) + 1;
  }
  return { kept, cut: false };
}

function cutText(item: unknown, path: readonly string[], room: number): unknown {
  const left = room - SLACK - sizeOf(withText(item, path, ''));
  // Twice: making it inert may lengthen it, and what was one thing whole may be another one in part.
  const shown = left > 0 ? inertText(prefixOf(String(at(item, path)), left)) : '';
  const beginning = inertText(prefixOf(shown, left));
  return beginning === '' ? undefined : withText(item, path, beginning);
}

function withoutBytes(item: unknown, field: Field): unknown {
  const bytes = bytePaths.map((path) => at(item, path)).find((value) => typeof value === 'string');
  const holder = [item, at(item, ['content']), at(item, ['resource']), at(item, ['content', 'resource'])];
  const kinds = holder.flatMap((each) => (isObject(each) ? [each['mimeType'], each['type']] : []));
  const kind = kinds.filter((each) => typeof each === 'string').find((each) => /^[\w.+/-]{1,100}$/.test(each));
  return notice(leftOut(kind ?? 'a block', bytes?.length ?? sizeOf(item)), field, item);
}

function leftOut(what: string, bytes?: number): string {
  return `[Left out by Data Passport: ${what}${bytes === undefined ? '' : `, ${bytes} bytes`}. Ask for less.]`;
}

/** A text in the form of an item beside `item`. */
function notice(text: string, field: Field, item: unknown): JsonRecord {
  if (field === 'content') return { type: 'text', text };
  if (field === 'messages') {
    const role = at(item, ['role']) === 'assistant' ? 'assistant' : 'user';
    return { role, content: { type: 'text', text } };
  }
  const uri = at(item, ['uri']);
  return {
    uri: typeof uri === 'string' && sizeOf(uri) <= ADDRESS ? uri : 'about:invalid',
    mimeType: 'text/plain',
    text,
  };
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

function withText(value: unknown, [key, ...path]: readonly string[], text: string): unknown {
  if (key === undefined) return text;
  return isObject(value) ? { ...value, [key]: withText(value[key], path, text) } : value;
}

const encoder = new TextEncoder();

function sizeOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value) ?? '').length;
}

/** The longest beginning of a plain text that takes so many bytes in JSON. */
function prefixOf(text: string, bytes: number): string {
  let left = bytes;
  let end = 0;
  while (end < text.length) {
    const code = text.codePointAt(end) ?? 0;
    left -= sizeInJson(code);
    if (left < 0) break;
    end += code > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

function sizeInJson(code: number): number {
  if (code < 0x80) return code === 0x22 || code === 0x5c || code < 0x20 ? 2 : 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
