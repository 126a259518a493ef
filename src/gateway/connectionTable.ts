import { hash } from 'node:crypto';

import type { Connector, DatabaseConnector, McpConnector } from '../connectors/connector.ts';
import { PassportError } from '../core/errors.ts';
import type { WireConnection } from '../core/link.ts';

/** A connection with the connector that serves it. */
interface ConfiguredAs<Kind extends Connector> {
  readonly wire: WireConnection;
  readonly connector: Kind;
  readonly role: string | undefined;
  /** Changes with everything that a database session was opened with, except its user. */
  readonly fingerprint: string;
  /** Its user in audit lines. */
  readonly principal: string | undefined;
}

/** A connection to a database. */
export type Configured = ConfiguredAs<DatabaseConnector>;

/** A connection to a remote MCP server. */
export type ConfiguredServer = ConfiguredAs<McpConnector>;

/** What is added to whoever a statement ran as, where that is nobody's name. */
export function sharing({ wire }: Configured): { readonly sharedIdentity?: true } {
  return wire.shared ? { sharedIdentity: true } : {};
}

/** Names something in an audit line without telling it. */
export function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 16);
}

export interface TableChange {
  /** Ids whose sessions may finish what they run, but serve nobody after that. */
  readonly retired: readonly string[];
  /** Ids whose sessions end at once: the connection is gone or belongs to another user now. */
  readonly ended: readonly string[];
}

export interface ConnectionTable {
  /** The databases that agents may use, in the order of the settings. */
  offered(): readonly Configured[];
  /** What a connection is; undefined where there is none. */
  serves(id: string): Connector['serves'] | undefined;
  /** Whether agents may use it. */
  isOffered(id: string): boolean;
  /** A database. @throws PassportError DP-CONNECTION-UNKNOWN, naming those that agents may use */
  get(id: string): Configured;
  /** The same for an agent, to whom one that it may not use is none. @throws PassportError DP-CONNECTION-UNKNOWN */
  forAgent(id: string): Configured;
  /** A remote MCP server. @throws PassportError DP-CONNECTION-UNKNOWN */
  server(id: string): ConfiguredServer;
  /** Replaces all. A connection of a type that nobody knows is left out. */
  replace(connections: readonly WireConnection[]): TableChange;
}

export function connectionTable(connectors: Readonly<Record<string, Connector>>): ConnectionTable {
  let entries: ReadonlyMap<string, ConfiguredAs<Connector>> = new Map();

  function configured(wire: WireConnection): ConfiguredAs<Connector> | undefined {
    const connector = Object.hasOwn(connectors, wire.type) ? connectors[wire.type] : undefined;
    if (!connector) return undefined;
    const facts = JSON.stringify([
      wire.type,
      wire.binding,
      wire.settings,
      wire.unconfirmed ?? false,
      // A relay keeps to what it began with.
      ...(connector.serves === 'mcp' ? [wire.limits, wire.title] : []),
    ]);
    return {
      wire,
      connector,
      role: connector.role(wire.settings),
      fingerprint: hash('sha256', facts, 'base64url'),
      principal: wire.subject === undefined ? undefined : digest(wire.subject),
    };
  }

  const offered = (): readonly Configured[] =>
    [...entries.values()].filter(isDatabase).filter(({ wire }) => !wire.hidden);

  function unknown(id: string, known: readonly ConfiguredAs<Connector>[]): PassportError {
    const names = known.map(({ wire }) => wire.id).join(', ') || 'none';
    return new PassportError('DP-CONNECTION-UNKNOWN', { connection: id.slice(0, 100), known: names });
  }

  return {
    offered,
    isOffered(id) {
      const found = entries.get(id);
      return found !== undefined && !found.wire.hidden;
    },
    serves: (id) => entries.get(id)?.connector.serves,
    get(id) {
      const found = entries.get(id);
      if (found && isDatabase(found)) return found;
      throw unknown(id, offered());
    },
    forAgent(id) {
      const found = offered().find(({ wire }) => wire.id === id);
      if (found) return found;
      throw unknown(id, offered());
    },
    server(id) {
      const found = entries.get(id);
      if (found && isServer(found)) return found;
      throw unknown(id, [...entries.values()].filter(isServer));
    },
    replace(connections) {
      const next = new Map<string, ConfiguredAs<Connector>>();
      for (const wire of connections) {
        const entry = configured(wire);
        if (entry) next.set(wire.id, entry);
      }
      const retired: string[] = [];
      const ended: string[] = [];
      for (const [id, old] of entries) {
        const now = next.get(id);
        if (!now || now.wire.subject !== old.wire.subject) ended.push(id);
        else if (now.fingerprint !== old.fingerprint) retired.push(id);
      }
      entries = next;
      return { retired, ended };
    },
  };
}

function isDatabase(entry: ConfiguredAs<Connector>): entry is Configured {
  return entry.connector.serves === 'sql';
}

function isServer(entry: ConfiguredAs<Connector>): entry is ConfiguredServer {
  return entry.connector.serves === 'mcp';
}
