import type { Draft, DraftConnection, Note, NoteKind } from '../core/importDraft.ts';
import type { ImportPorts, Verdict } from './format.ts';
import { idOf, uniqueId } from './ids.ts';
import { shownName, visible } from './visible.ts';

type Settings = Readonly<Record<string, unknown>>;

interface Place {
  /** As the file names it. */
  readonly name: string;
  readonly line: number;
}

/** A connection as a format found it. */
export interface Found extends Place {
  /** Wished for; a free one that is near to it is used. Default: made of the name. */
  readonly id?: string | undefined;
  readonly settings: Settings;
  /** Who signs the user in, where the file says so. */
  readonly provider?: { readonly id: string; readonly settings: Settings } | undefined;
  /** The user has to choose who signs them in. */
  readonly needsProvider?: boolean | undefined;
}

/** Collects what is taken from one file. */
export interface Drafting {
  readonly ports: ImportPorts;
  note(line: number, name: string, kind: NoteKind, text: string): void;
  /** Takes a connection in if the settings can hold it; says why where they can not. */
  connection(found: Found): void;
  /** Takes a provider in that the file describes itself. @returns the id that it has; undefined where the settings can not hold it, which is said */
  provider(found: Place & { readonly settings: Settings }): string | undefined;
  done(): Draft;
}

/** A file with more than this is not made by a person; the rest is counted. */
const MOST_CONNECTIONS = 200;
const MOST_NOTES = 1000;
/** A sentence of ours, and a name of the file in it. */
const LONGEST_TEXT = 500;

export function drafting(ports: ImportPorts): Drafting {
  const providers = new Map<string, Settings>();
  const connections: DraftConnection[] = [];
  const notes: Note[] = [];
  const said = new Set<string>();
  let further = 0;

  const note: Drafting['note'] = (line, name, kind, text) => {
    const same = JSON.stringify([line, name, text]);
    if (said.has(same)) return;
    said.add(same);
    if (notes.length < MOST_NOTES)
      notes.push({ line, name: shownName(name), kind, text: visible(text).slice(0, LONGEST_TEXT) });
    else further += 1;
  };

  /** An equal one is used again, whether the settings have it or the file. */
  function placed(id: string, settings: Settings): string {
    const known = [...Object.entries(ports.taken.providers), ...providers];
    const equal = known.find(([, other]) => isEqual(other, settings));
    return equal?.[0] ?? uniqueId(id, (other) => known.some(([taken]) => taken === other));
  }

  function keep(id: string, settings: Settings): void {
    if (!Object.hasOwn(ports.taken.providers, id)) providers.set(id, settings);
  }

  function connection(found: Found): void {
    const { name, line, needsProvider = false, provider } = found;
    if (connections.length >= MOST_CONNECTIONS) {
      note(line, name, 'notTaken', `is not taken: one import takes ${MOST_CONNECTIONS} connections at most`);
      return;
    }
    const isTaken = (id: string): boolean =>
      ports.taken.connections.includes(id) || connections.some((other) => other.id === id);
    const id = uniqueId(idOf(found.id ?? name, 'connection'), isTaken);
    const providerId = provider && placed(provider.id, provider.settings);
    const title = shownName(name);
    const settings = {
      ...(id !== title && title !== '' && { title }),
      ...found.settings,
      ...(providerId !== undefined && { identityProvider: providerId }),
    };
    const named = provider && providerId !== undefined ? { [providerId]: provider.settings } : namedBy(settings);
    const { problems, hosts, programs } = ports.judge({
      providers: named,
      connection: { id, settings, needsProvider },
    });
    // Without its provider the connection has none: that says nothing new.
    const others = problems.filter(({ path }) => path !== 'identityProvider');
    say(found, provider && others.length > 0 ? others : problems);
    if (problems.length > 0) return;
    if (provider && providerId !== undefined) keep(providerId, provider.settings);
    connections.push({
      id,
      ...(id !== title && { title }),
      settings,
      line,
      hosts,
      ...(programs && { programs }),
      needsProvider,
    });
  }

  /** What an entry says of its provider is the one thing that it is judged with. */
  function namedBy({ identityProvider: id }: Settings): Readonly<Record<string, unknown>> {
    const known = new Map([...Object.entries(ports.taken.providers), ...providers]);
    return typeof id === 'string' && known.has(id) ? { [id]: known.get(id) } : {};
  }

  function say({ line, name }: Place, problems: Verdict['problems']): void {
    for (const { path, problem } of problems)
      note(line, name, 'broken', `is not taken: ${path === '' ? 'it' : path} ${problem}`);
  }

  function provider({ name, line, settings }: Place & { readonly settings: Settings }): string | undefined {
    const own = placed(name, settings);
    const { problems } = ports.judge({ providers: { [own]: settings } });
    say({ name, line }, problems);
    if (problems.length > 0) return undefined;
    keep(own, settings);
    return own;
  }

  function done(): Draft {
    const last = notes.at(-1);
    if (further > 0 && last) notes.push({ ...last, name: '', text: `and ${further} lines more that are not taken` });
    // A stable sort: notes of one line stay in their order.
    return {
      providers: Object.fromEntries(providers),
      connections,
      notes: notes.toSorted((one, other) => one.line - other.line),
    };
  }

  return { ports, note, connection, provider, done };
}

function isEqual(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
