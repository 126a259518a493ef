import type { Connection } from '../core/connection.ts';
import { type Disposable, signal } from '../core/ports.ts';
import { type BindingTables, type Reach, reachOf } from './binding.ts';

/** What the extension remembers between its runs, without secrets: the editor's global state. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** A connection whose secrets would go where the user has not agreed to. */
export interface Unconfirmed {
  readonly connection: Connection;
  readonly reach: Reach;
  /** What was agreed to before; absent where the connection is new. */
  readonly before: Reach | undefined;
}

/**
 * Which places and programs the user has agreed to, for each connection. It is asked where settings change, never in a tool call;
 * who signs in or enters a secret agrees to the connections that are new by then, never to a changed one.
 */
export interface Confirmations {
  /** What stands between a connection and its credential; undefined when nothing does. */
  check(connection: Connection): Unconfirmed | undefined;
  confirm(connections: readonly Connection[]): Promise<void>;
  /** Takes those in that nobody was ever asked about. */
  adopt(connections: readonly Connection[]): Promise<void>;
  onDidChange(listener: () => void): Disposable;
}

const KEY = 'confirmedConnections';

export function createConfirmations({ memory, ...tables }: BindingTables & { readonly memory: Memory }): Confirmations {
  const changes = signal<void>();

  function all(): Readonly<Record<string, Reach>> {
    const stored = memory.get(KEY);
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, Reach>) : {};
  }

  function before(connection: Connection): Reach | undefined {
    const known = all();
    return Object.hasOwn(known, connection.id) ? known[connection.id] : undefined;
  }

  async function confirm(connections: readonly Connection[]): Promise<void> {
    if (connections.length === 0) return;
    const added = connections.map((connection) => [connection.id, reachOf(connection, tables)] as const);
    await memory.update(KEY, { ...all(), ...Object.fromEntries(added) });
    changes.fire();
  }

  return {
    check(connection) {
      const reach = reachOf(connection, tables);
      const known = before(connection);
      return known && isWithin(reach, known) ? undefined : { connection, reach, before: known };
    },
    confirm,
    adopt: (connections) =>
      confirm(
        connections.filter((connection) => !before(connection) && reachOf(connection, tables).program === undefined),
      ),
    onDidChange: changes.on,
  };
}

/** Fewer places are no news; another program, or another argument, is. */
function isWithin(reach: Reach, known: Reach): boolean {
  const places = Array.isArray(known.places) ? known.places : [];
  return (
    reach.places.every((place) => places.includes(place)) &&
    (reach.program === undefined || JSON.stringify(reach.program) === JSON.stringify(known.program))
  );
}
