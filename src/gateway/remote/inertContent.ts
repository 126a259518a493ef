import { isObject, type JsonRecord } from '../record.ts';
import { boundedResult, limitOf } from './boundedResult.ts';
import { inertText } from './inertText.ts';
import { actsOnEditor } from './linkTargets.ts';
import { plainText } from './plainText.ts';

export { inertText, isHarmlessJson } from './inertText.ts';

/** Levels of objects and lists in a result; an honest one has a handful. */
const DEEPEST = 64;
const TOO_DEEP = `[Left out by Data Passport: more than ${DEEPEST} levels.]`;

export interface ResultLimits {
  /** Of the result as JSON in UTF-8; less than 4,096 counts as 4,096. */
  readonly bytes: number;
}

/** @param most characters of a string that fits the limit: a longer one is cut, and its beginning cleaned then */
type Change = (value: unknown, depth: number, most: number) => unknown;
/** What is made of the values of some keys; of all others, `inertValue`. */
type Changes = ReadonlyMap<string, Change>;

/**
 * The result of tools/call, resources/read or prompts/get, as data: every string in it through inertText, names of members
 * through plainText, addresses that would act in the editor taken apart, icons only if they load nothing. Bounded; whatever
 * is left out is said in the result, and `cut` tells.
 */
export function inertResult(result: unknown, { bytes }: ResultLimits): { result: unknown; cut: boolean } {
  const top: Changes = new Map([
    ['content', list(block)],
    ['contents', list((value, depth, most) => members(value, resource, depth, most))],
    ['messages', list((value, depth, most) => members(value, message, depth, most))],
  ]);
  return boundedResult(members(result, top, 0, limitOf(bytes)), bytes);
}

/** The icons that are in the message itself; any other would tell its server who looks at it, and when. */
export function embeddedIcons(icons: unknown): readonly JsonRecord[] {
  return Array.isArray(icons) ? icons.filter(isEmbedded) : [];
}

function isEmbedded(icon: unknown): icon is JsonRecord {
  return isObject(icon) && typeof icon['src'] === 'string' && /^data:image\/[\w.+-]+[;,]/i.test(icon['src']);
}

const address: Change = (value, depth, most) => {
  const inert = inertValue(value, depth, most);
  // Never resolved by anything (RFC 6694), and still to be read.
  return typeof inert === 'string' && actsOnEditor(inert) ? `about:invalid#${encodeURIComponent(inert)}` : inert;
};
const icons: Change = (value, depth, most) => inertValue(embeddedIcons(value), depth, most);
const resource: Changes = new Map([
  ['uri', address],
  ['icons', icons],
]);
const blockMembers: Changes = new Map([
  ...resource,
  ['resource', (value: unknown, depth: number, most: number) => members(value, resource, depth, most)],
]);
const block: Change = (value, depth, most) => members(value, blockMembers, depth, most);
const message: Changes = new Map([
  [
    'content',
    (value: unknown, depth: number, most: number) => (Array.isArray(value) ? list(block) : block)(value, depth, most),
  ],
]);

function list(change: Change): Change {
  return (value, depth, most) =>
    Array.isArray(value) ? value.map((each) => change(each, depth + 1, most)) : inertValue(value, depth, most);
}

function inertValue(value: unknown, depth: number, most: number): unknown {
  if (typeof value === 'string') return inertString(value, most);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return TOO_DEEP;
  return Array.isArray(value)
    ? value.map((each) => inertValue(each, depth + 1, most))
    : members(value, none, depth, most);
}

/** What is longer than the whole result may be is never kept as it is: boundedResult leaves it out, or cuts it and cleans that. */
function inertString(value: string, most: number): string {
  if (value.length <= most) return inertText(value);
  const shown = plainText(value);
  return shown.length > most ? shown : inertText(shown);
}

const none: Changes = new Map();

function members(value: unknown, changes: Changes, depth: number, most: number): unknown {
  if (!isObject(value) || depth >= DEEPEST) return inertValue(value, depth, most);
  const made = new Map<string, unknown>();
  for (const [key, member] of Object.entries(value)) {
    const name = plainText(key);
    // A disguised name does not take the place of the real one.
    if (name !== key && (made.has(name) || Object.hasOwn(value, name))) continue;
    made.set(name, (changes.get(name) ?? inertValue)(member, depth + 1, most));
  }
  // Defines a member named __proto__, where an assignment would set the prototype.
  return Object.fromEntries(made);
}
