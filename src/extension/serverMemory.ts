import { hash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as z from 'zod/mini';

import type { Connection } from '../core/connection.ts';
import type { ToolChange } from '../core/link.ts';
import { type Disposable, type Log, signal } from '../core/ports.ts';
import { bindingOf } from './binding.ts';
import type { ServerFacts } from './gatewayChild.ts';
import { mergedFacts } from './mergedFacts.ts';
import type { Problem } from './settingProblems.ts';
import type { ConnectionTables } from './slots.ts';

/** Bytes of one file: what the gateway tells is 1.5 MB at most, and twice as long at most as a text in a file. */
const LARGEST = 4_000_000;
/** Users that are remembered for one connection. */
const MOST_USERS = 10;
const VERSION = 1;
const SETTING = 'dataPassport.connections';

const schema = z.object({ version: z.literal(VERSION), server: z.string(), facts: z.string() });

export interface ServerMemoryDeps extends ConnectionTables {
  /** Made on first use, for its owner alone. */
  readonly folder: string;
  readonly connections: () => readonly Connection[];
  readonly log: Log;
}

/**
 * What remote MCP servers said of themselves when a user used them: one file for each connection and user, without secrets, so that
 * the next gateway knows the tools before the server answers, and notices when they change. Nothing here throws.
 */
export interface ServerMemory {
  /**
   * JSON that the gateway made, of this user; where nobody is signed in, of the last one.
   * @param subject of the sign-in, whatever secret the connection has beside it
   */
  recall(connection: Connection, subject: string | undefined): string | undefined;
  /** Keeps it, unless the settings of the connection are others by now. What another window took later stays. */
  remember(said: ServerFacts): void;
  /** Tools that this user has to see before they are used; known while the window is open. */
  withheld(connection: Connection, subject: string | undefined): readonly ToolChange[];
  /** Removes what belongs to connections that are gone; one whose settings are wrong for a moment is not. */
  forgetOthers(connections: readonly Connection[], problems: readonly Problem[]): void;
  /** What is withheld changed. */
  onDidChange(listener: () => void): Disposable;
}

export function createServerMemory({ folder, connections, log, ...tables }: ServerMemoryDeps): ServerMemory {
  const changes = signal<void>();
  const withheld = new Map<string, ServerFacts>();

  /** The server itself: with other settings of the same one, what it said still holds. */
  function serverOf({ type, settings }: Connection): string | undefined {
    const connector = tables.connectors[type];
    if (connector?.serves !== 'mcp') return undefined;
    return hash('sha256', JSON.stringify(connector.server(settings).reach), 'base64url');
  }

  function read(name: string, server: string): string | undefined {
    const file = join(folder, name);
    if (statSync(file).size > LARGEST) return undefined;
    const { data } = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return data?.server === server ? data.facts : undefined;
  }

  /** Files of one connection, the newest first. */
  function filesOf(id: string): readonly string[] {
    return readdirSync(folder)
      .filter((name) => name.startsWith(prefixOf(id)))
      .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
      .toSorted((one, other) => other.at - one.at)
      .map(({ name }) => name);
  }

  function write(connection: string, subject: string, text: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Whole or not at all: another window may read it now.
    const draft = join(folder, `draft-${randomUUID()}`);
    try {
      writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
      renameSync(draft, join(folder, nameOf(connection, subject)));
    } finally {
      rmSync(draft, { force: true });
    }
    for (const name of filesOf(connection).slice(MOST_USERS)) rmSync(join(folder, name), { force: true });
  }

  /** What can not be read is not known, and what can not be written is not remembered. */
  function attempt<T>(what: string, connection: string | undefined, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      if (reason !== 'ENOENT') log.warn(what, { connection, reason });
      return undefined;
    }
  }

  return {
    recall(connection, subject) {
      const server = serverOf(connection);
      if (server === undefined) return undefined;
      const { id } = connection;
      return attempt('What an MCP server said before can not be read', id, () => {
        if (subject !== undefined) return read(nameOf(id, subject), server);
        const [last] = filesOf(id);
        return last === undefined ? undefined : read(last, server);
      });
    },
    remember(said) {
      const { connection: id, binding, subject, facts } = said;
      const connection = connections().find((each) => each.id === id);
      const server = connection && serverOf(connection);
      if (!connection || server === undefined || bindingOf(connection, tables) !== binding) return;
      withheld.set(id, said);
      const name = nameOf(id, subject);
      const known = attempt('What an MCP server said before can not be read', id, () => read(name, server));
      const text = [mergedFacts(facts, known), facts]
        .map((each) => JSON.stringify({ version: VERSION, server, facts: each }))
        .find((each) => Buffer.byteLength(each) <= LARGEST);
      if (text === undefined)
        log.warn('What an MCP server says of itself is too large to be remembered', { connection: id });
      else attempt('What an MCP server says can not be remembered', id, () => write(id, subject, text));
      changes.fire();
    },
    withheld(connection, subject) {
      const known = withheld.get(connection.id);
      const isSame = known?.subject === subject && known?.binding === bindingOf(connection, tables);
      return known && isSame ? known.withheld : [];
    },
    forgetOthers(those, problems) {
      const broken = problems.map(({ path }) => path).filter((path) => path.startsWith(SETTING));
      // Nobody can tell which ones are gone.
      if (broken.includes(SETTING)) return;
      const kept = new Set([...those.map(({ id }) => id), ...broken.map((path) => path.split('.')[2] ?? '')]);
      for (const id of withheld.keys()) if (!kept.has(id)) withheld.delete(id);
      const prefixes = [...kept].map(prefixOf);
      attempt('What MCP servers said before can not be removed', undefined, () => {
        for (const name of readdirSync(folder))
          if (!name.startsWith('draft-') && !prefixes.some((prefix) => name.startsWith(prefix)))
            rmSync(join(folder, name), { force: true });
      });
    },
    onDidChange: changes.on,
  };
}

const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);

const prefixOf = (connection: string): string => `${digest(connection)}-`;

/** Says neither the connection nor the user. */
const nameOf = (connection: string, subject: string): string => `${prefixOf(connection)}${digest(subject)}.json`;
