import * as z from 'zod/mini';

import type { ProgramTerms } from '../connectors/connector.ts';
import type { Connection } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import { type Disposable, type Memory, signal } from '../core/ports.ts';
import { type Reach, reachOf } from './binding.ts';
import type { ConnectionTables } from './slots.ts';

/** A connection whose secrets would go where the user has not agreed to. */
export interface Unconfirmed {
  readonly connection: Connection;
  readonly reach: Reach;
  /** What was agreed to before; absent where the connection is new. */
  readonly before: Reach | undefined;
}

/** A connection as a dialog or a box showed it. */
export interface Shown {
  readonly connection: Connection;
  readonly reach: Reach;
}

/**
 * Which places and programs the user has agreed to, for each connection, and who may use a token in their name. It is asked where
 * settings change, never in a tool call. Who signs in agrees to the places of the connections that are new by then, never to a
 * changed one or one that they were asked about; who enters a secret agrees to the places that its box names. A program, and
 * somebody else who gets the token of a database, take a word of their own.
 */
export interface Confirmations {
  /** What stands between a connection and its credential; undefined when nothing does. */
  check(connection: Connection): Unconfirmed | undefined;
  /**
   * The user agrees to what they were shown.
   * @throws PassportError DP-CONNECTION-CHANGED where the settings say something else by now: nothing is confirmed then
   */
  confirm(shown: readonly Shown[]): Promise<void>;
  /** The user is asked about these: from now on only their own word takes them in. */
  asked(connections: readonly Connection[]): Promise<void>;
  /** Takes those in that nobody was ever asked about. */
  adopt(connections: readonly Connection[]): Promise<void>;
  onDidChange(listener: () => void): Disposable;
}

const KEY = 'confirmedConnections';
const texts = z.array(z.string());
const reachSchema = z.object({
  places: texts,
  programs: z.optional(z.array(texts)),
  programTerms: z.optional(
    z.object({
      cwd: z.optional(z.string()),
      environment: texts,
      tokenVariable: z.optional(z.string()),
      api: z.optional(z.object({ variable: z.string(), url: z.string() })),
    }),
  ),
  handsOn: z.optional(z.object({ database: z.string(), audience: z.optional(z.string()), scopes: texts })),
});

export function createConfirmations({
  memory,
  ...tables
}: ConnectionTables & { readonly memory: Memory }): Confirmations {
  const changes = signal<void>();

  function all(): Readonly<Record<string, unknown>> {
    const stored = memory.get(KEY);
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  }

  /** What nobody wrote like this counts as nothing agreed to. */
  function before({ id }: Connection): Reach | undefined {
    const known = all();
    return Object.hasOwn(known, id) ? (reachSchema.safeParse(known[id]).data ?? { places: [] }) : undefined;
  }

  async function remember(entries: readonly (readonly [id: string, reach: Reach])[]): Promise<void> {
    if (entries.length === 0) return;
    await memory.update(KEY, { ...all(), ...Object.fromEntries(entries) });
    changes.fire();
  }

  return {
    check(connection) {
      const reach = reachOf(connection, tables);
      const known = before(connection);
      return known && isWithin(reach, known) ? undefined : { connection, reach, before: known };
    },
    async confirm(shown) {
      const changed = shown.find(
        ({ connection, reach }) => JSON.stringify(reachOf(connection, tables)) !== JSON.stringify(reach),
      );
      if (changed) throw new PassportError('DP-CONNECTION-CHANGED', { connection: changed.connection.id });
      await remember(shown.map(({ connection, reach }) => [connection.id, reach]));
    },
    asked: (connections) =>
      remember(connections.flatMap((connection) => (before(connection) ? [] : [[connection.id, { places: [] }]]))),
    adopt: (connections) =>
      remember(
        connections.flatMap((connection) => {
          const reach = reachOf(connection, tables);
          return before(connection) || !isPlain(reach) ? [] : [[connection.id, reach]];
        }),
      ),
    onDidChange: changes.on,
  };
}

/** Whether nothing but places is to be agreed to. */
export function isPlain({ programs, programTerms, handsOn }: Reach): boolean {
  return programs === undefined && programTerms === undefined && handsOn === undefined;
}

/** What of a reach the user has not agreed to. Less than before is no news; another program, another argument, or another thing that it gets, is. */
export function newsOf(reach: Reach, known: Reach = { places: [] }): Reach {
  const runs = new Set(known.programs?.map((program) => JSON.stringify(program)));
  const places = reach.places.filter((place) => !known.places.includes(place));
  const programs = reach.programs?.filter((program) => !runs.has(JSON.stringify(program))) ?? [];
  const { programTerms, handsOn } = reach;
  const isAsBefore = termsKey(programTerms) === termsKey(known.programTerms);
  const isKnown =
    handsOn?.database === known.handsOn?.database &&
    handsOn?.audience === known.handsOn?.audience &&
    handsOn?.scopes.every((scope) => known.handsOn?.scopes.includes(scope));
  return {
    places,
    ...(programs.length > 0 && { programs }),
    ...(programTerms && !isAsBefore && { programTerms }),
    ...(handsOn && !isKnown && { handsOn }),
  };
}

/** The same terms in the same words, whoever wrote them down. */
function termsKey({ cwd, environment = [], tokenVariable, api }: Partial<ProgramTerms> = {}): string {
  return JSON.stringify([cwd, environment, tokenVariable, api?.variable, api?.url]);
}

function isWithin(reach: Reach, known: Reach): boolean {
  const news = newsOf(reach, known);
  return news.places.length === 0 && isPlain(news);
}
