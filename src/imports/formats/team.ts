import { type Node, type ParseError, parseTree } from 'jsonc-parser';

import { drafting, type Drafting } from '../drafting.ts';
import type { ImportFormat } from '../format.ts';
import { shownKey } from '../visible.ts';

/** Names under which a secret stands; what is meant for settings has none of them. */
const SECRETS =
  /^(?:.*(?:password|passwd|passphrase|secret|private_?key|api_?key|credentials?)|pwd|pat|pass|(?:access|refresh|id|bearer|auth)_?token|authorization|proxy-authorization|x-api-key|cookie)$/i;
const FILES = /^(?:include|includes|extends|import|imports|files)$/i;
const ID = /^[a-z0-9][a-z0-9_-]{0,39}$/;

type Members = ReadonlyMap<string, { readonly line: number; readonly node: Node }>;

/** A file that somebody made for a team: identity providers and connections in exactly the form of the settings. */
export const teamFile: ImportFormat = {
  id: 'team',
  label: 'File of a team (data-passport.json)',
  ofOthers: true,
  files: () => [],
  read({ text }, ports) {
    const draft = drafting(ports);
    const errors: ParseError[] = [];
    const lineAt = lineCounter(text);
    const isDeep = depthOf(text) > DEEPEST;
    const root = isDeep ? undefined : parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
    if (isDeep) draft.note(1, '', 'broken', 'the file is nested too deeply: nothing of it is taken');
    for (const { offset } of errors.slice(0, 20))
      draft.note(lineAt(offset), '', 'broken', 'the file is no valid JSON here: nothing of it is taken');
    if (errors.length === 0 && !isDeep) takeFile(root, { draft, lineAt });
    return draft.done();
  },
};

/** Levels of brackets; settings have four. */
const DEEPEST = 40;

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [sign] of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[{}[\]]/g)) {
    if (sign === '{' || sign === '[') deepest = Math.max(deepest, (depth += 1));
    else if (sign === '}' || sign === ']') depth -= 1;
  }
  return deepest;
}

interface Context {
  readonly draft: Drafting;
  readonly lineAt: (offset: number) => number;
}

function takeFile(root: Node | undefined, context: Context): void {
  const { note } = context.draft;
  const parts = root && membersOf(root, '', context);
  if (!parts) return note(1, '', 'broken', 'the file is no object with "identityProviders" and "connections"');
  for (const [key, { line }] of parts) {
    if (FILES.test(key))
      note(line, '', 'notTaken', `${shownKey(key)} is not taken: a file that names further files is not supported`);
    else if (key !== 'identityProviders' && key !== 'connections' && key !== '$schema')
      note(line, '', 'notTaken', `${shownKey(key)} is not taken: it is not known here`);
  }
  const renamed = new Map<string, string>();
  for (const [name, line, settings] of entriesOf(parts, 'identityProviders', context)) {
    const wasKnown = new Set([...renamed.values(), ...Object.keys(context.draft.ports.taken.providers)]);
    const own = context.draft.provider({ name, line, settings });
    if (own !== undefined) renamed.set(name, own);
    if (own !== undefined && own !== name)
      note(
        line,
        name,
        'changed',
        wasKnown.has(own) ? `is the same as ${own}` : `is called ${own}: the id is used already`,
      );
  }
  for (const [id, line, settings] of entriesOf(parts, 'connections', context))
    takeConnection({ id, line, settings, renamed }, context.draft);
}

interface Connection {
  readonly id: string;
  readonly line: number;
  readonly settings: Record<string, unknown>;
  /** The ids of the file's providers, and what they are called now. */
  readonly renamed: ReadonlyMap<string, string>;
}

function takeConnection(connection: Connection, draft: Drafting): void {
  const { id, line, settings } = connection;
  const { agents, identityProvider: _named, ...rest } = settings;
  if (agents !== undefined)
    draft.note(line, id, 'notTaken', 'agents is not taken: you decide yourself who may use the connection');
  if (draft.ports.taken.connections.includes(id))
    draft.note(line, id, 'changed', 'gets another id, because the id is used already');
  const provider = providerOf(connection, draft);
  const needsProvider = provider === undefined && needsOne(id, rest, draft);
  const own = provider === undefined ? rest : { ...rest, identityProvider: provider };
  draft.connection({ name: id, line, settings: own, needsProvider });
}

/** Who signs in, where that is known; a name that nobody has is said. */
function providerOf({ id, line, settings, renamed }: Connection, draft: Drafting): string | undefined {
  const { agents: _agents, identityProvider: named, ...rest } = settings;
  if (named === undefined) {
    // The settings choose the only one that they have: it is named, because they may have others by then.
    const [only, ...more] = renamed.values();
    return more.length === 0 && only !== undefined && needsOne(id, rest, draft) ? only : undefined;
  }
  const inFile = typeof named === 'string' ? renamed.get(named) : undefined;
  if (inFile !== undefined) return inFile;
  if (typeof named === 'string' && Object.hasOwn(draft.ports.taken.providers, named)) return named;
  draft.note(
    line,
    id,
    'changed',
    'its identityProvider is neither in the file nor in your settings: choose who signs you in',
  );
  return undefined;
}

/** Whether it is the sign-in alone that is missing. */
function needsOne(id: string, settings: Record<string, unknown>, { ports }: Drafting): boolean {
  const isWrong = (needsProvider: boolean): boolean =>
    ports.judge({ providers: {}, connection: { id, settings, needsProvider } }).problems.length > 0;
  return isWrong(false) && !isWrong(true);
}

function entriesOf(
  parts: Members,
  key: string,
  context: Context,
): readonly [string, number, Record<string, unknown>][] {
  const { note } = context.draft;
  const part = parts.get(key);
  const members = part && membersOf(part.node, '', context);
  if (part && !members) note(part.line, '', 'broken', `${key} is no object with an entry for each id`);
  return Array.from(members ?? []).flatMap(([id, { line, node }]): [string, number, Record<string, unknown>][] => {
    const inner = ID.test(id) ? membersOf(node, id, context) : undefined;
    if (!ID.test(id)) note(line, id, 'broken', 'is not taken: an id has up to 40 lower-case letters, digits, - and _');
    else if (!inner) note(line, id, 'broken', 'is not taken: it is no object');
    else return [[id, line, plain(inner, id, context)]];
    return [];
  });
}

/** Members of an object with their lines; undefined for anything else. Of two equal keys the last one counts, as in JSON. */
function membersOf(node: Node, name: string, { draft, lineAt }: Context): Members | undefined {
  if (node.type !== 'object') return undefined;
  const members = new Map<string, { line: number; node: Node }>();
  for (const { offset, children } of node.children ?? []) {
    const key = children?.[0]?.value as unknown;
    const value = children?.[1];
    const line = lineAt(offset);
    if (typeof key !== 'string' || !value) continue;
    if (members.has(key)) draft.note(line, name, 'changed', `${shownKey(key)} stands there twice: this line counts`);
    if (key === '__proto__') draft.note(line, name, 'broken', '__proto__ is not taken: it is no setting');
    else members.set(key, { line, node: value });
  }
  return members;
}

/** The value without anything that is a secret by its name. */
function plain(members: Members, name: string, context: Context): Record<string, unknown> {
  const entries = Array.from(members).flatMap(([key, { line, node }]): [string, unknown][] => {
    const isText = node.type === 'string';
    const isSecret = SECRETS.test(key) || (isText && /^(?:token|serverToken)$/.test(key));
    if (!isSecret) return [[key, valueOf(node, name, context)]];
    context.draft.note(
      line,
      name,
      'notTaken',
      `${shownKey(key)} is not taken: a secret has no place in a file of a team. Ask its author to take it out, and run "Data Passport: Set ${key === 'clientSecret' ? 'Client' : 'Connection'} Secret"`,
    );
    return [];
  });
  return Object.fromEntries(entries);
}

function valueOf(node: Node, name: string, context: Context): unknown {
  const members = membersOf(node, name, context);
  if (members) return plain(members, name, context);
  if (node.type === 'array') return (node.children ?? []).map((child) => valueOf(child, name, context));
  return node.value as unknown;
}

function lineCounter(text: string): (offset: number) => number {
  const ends = Array.from(text.matchAll(/\n/g), ({ index }) => index);
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
