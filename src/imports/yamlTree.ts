import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import type { Document } from 'yaml';

/** A part of a YAML file: aliases are followed when they are come to, never all of them at once. */
export interface YamlNode {
  readonly line: number;
  /** What a plain value says, as it is written; undefined for anything else. */
  readonly text: string | undefined;
  /** Members of a mapping, those of merge keys included; undefined for anything else. */
  members(): ReadonlyMap<string, YamlNode> | undefined;
}

export interface YamlProblem {
  readonly line: number;
  /** What is wrong; says nothing of what stands there. */
  readonly reason: string;
}

/** Sentences by the code of the library, whose own texts repeat the line. */
const REASONS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab is used to indent',
  BAD_INDENT: 'the indentation does not fit',
  DUPLICATE_KEY: 'a key stands there twice',
  MISSING_CHAR: 'a quote, a bracket or a colon is missing',
  BAD_ALIAS: 'an alias (*…) names no anchor',
  MULTIPLE_DOCS: 'a second document begins',
  BAD_DQ_ESCAPE: 'a text in quotes has an unknown escape',
};

/** Mappings that a merge key leads through, one behind the other. */
const DEEPEST_MERGE = 16;
/** Keys that merge keys may bring in, in the whole file: what a person writes has some ten. */
const MOST_MERGED = 10_000;

/** Reads a whole file (YAML 1.1, as dbt does), or says on which lines it can not be read. */
export function readYaml(text: string): YamlNode | readonly YamlProblem[] {
  if (text.length > MOST_CHARACTERS)
    return [{ line: 1, reason: 'the file has more than 250 KB: nothing of it is taken' }];
  if (isDeep(text)) return [{ line: 1, reason: 'the file is nested too deeply: nothing of it is taken' }];
  const counter = new LineCounter();
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : counter.linePos(offset).line);
  const document = parseDocument(text, {
    version: '1.1',
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: counter,
    // The library compares each key with each other one; see `walked`.
    uniqueKeys: false,
  });
  const { targets, doubled } = walked(document);
  const wrong = [
    ...document.errors.map(({ code, pos }) => ({ line: lineAt(pos[0]), code })),
    ...doubled.map((offset) => ({ line: lineAt(offset), code: 'DUPLICATE_KEY' })),
  ].filter(({ line }, index, all) => index < MOST_PROBLEMS && all.findIndex((other) => other.line === line) === index);
  if (wrong.length > 0)
    return wrong.map(({ line, code }) => ({
      line,
      reason: `${REASONS[code] ?? 'this is no valid YAML'}: nothing of the file is taken`,
    }));
  return nodeOf(document.contents, 1, { targets, lineAt, merged: { count: 0 } });
}

/** Errors that are said; most follow from the first one. */
const MOST_PROBLEMS = 20;
/** The library takes long for a large file that is broken all over; profiles have some thousand characters. */
const MOST_CHARACTERS = 250_000;
/** Profiles have four levels. Deep ones take the library long, and a stack has an end. */
const DEEPEST = 100;

function isDeep(text: string): boolean {
  let depth = 0;
  for (const [sign] of text.matchAll(/[{}[\]]/g)) {
    depth += sign === '{' || sign === '[' ? 1 : -1;
    if (depth > DEEPEST) return true;
  }
  return /^(?:[ \t]*[-?:][ \t]){50}/m.test(text);
}

interface Context {
  readonly targets: ReadonlyMap<Alias, unknown>;
  readonly merged: { count: number };
  readonly lineAt: (offset: number | undefined) => number;
}

function nodeOf(value: unknown, line: number, context: Context): YamlNode {
  const node = followed(value, context);
  return {
    line,
    text: isScalar(node) && node.value !== null ? written(node.value, node.source) : undefined,
    members: () => (isMap(node) ? membersOf(node, context, 0) : undefined),
  };
}

/** A number keeps the digits that it is written with: a schema may be called 001. */
function written(value: unknown, source: string | undefined): string {
  return typeof value === 'string' ? value : (source ?? JSON.stringify(value));
}

function followed(value: unknown, { targets }: Context): unknown {
  return isAlias(value) ? targets.get(value) : value;
}

interface Walk {
  /** What each alias stands for: the last node before it that has the anchor. */
  readonly targets: ReadonlyMap<Alias, unknown>;
  /** Where a key stands that its mapping has already. */
  readonly doubled: readonly number[];
}

/** One walk for what the library does in one walk an alias, and in one comparison a pair of keys. */
function walked(document: Document.Parsed): Walk {
  const anchors = new Map<string, unknown>();
  const targets = new Map<Alias, unknown>();
  const doubled: number[] = [];
  visit(document, {
    Alias: (_key, alias) => void targets.set(alias, anchors.get(alias.source)),
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (isMap(node)) doubled.push(...doubledIn(node));
    },
  });
  return { targets, doubled };
}

function doubledIn(map: YAMLMap): readonly number[] {
  const keys = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key) || key.value === '<<' || typeof key.value === 'symbol') return [];
    const isNew = !keys.has(key.value);
    keys.add(key.value);
    return isNew ? [] : [key.range?.[0] ?? 0];
  });
}

/** Own keys win over merged ones, and earlier merges over later ones (https://yaml.org/type/merge.html). */
function membersOf(map: YAMLMap, context: Context, depth: number): Map<string, YamlNode> {
  const members = new Map<string, YamlNode>();
  const merged: unknown[] = [];
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : undefined;
    const isMerge = isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol');
    if (isMerge) merged.push(...partsOf(value, context));
    else if (name !== undefined && isScalar(key))
      members.set(name, nodeOf(value, context.lineAt(key.range?.[0]), context));
  }
  for (const part of depth < DEEPEST_MERGE ? merged : []) {
    spend(context);
    const from = followed(part, context);
    if (isMap(from))
      for (const [name, node] of membersOf(from, context, depth + 1)) addMerged(members, [name, node], context);
  }
  return members;
}

function addMerged(members: Map<string, YamlNode>, [name, node]: [string, YamlNode], context: Context): void {
  spend(context);
  if (!members.has(name)) members.set(name, node);
}

function spend({ merged }: Context): void {
  merged.count += 1;
  if (merged.count > MOST_MERGED) throw new Error('too many merged keys');
}

function partsOf(value: unknown, context: Context): readonly unknown[] {
  const node = followed(value, context);
  return isSeq(node) ? node.items : [node];
}
