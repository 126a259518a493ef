import type * as z from 'zod/mini';

import type { HostRule } from '../core/connection.ts';
import type { Credential, CredentialKind } from '../core/credential.ts';
import type { NetworkFacts } from '../core/network.ts';
import { once } from '../core/once.ts';
import type { Log } from '../core/ports.ts';
import type { DatabaseObject, Identity, Limits, ObjectDescription, Offer, Rows } from '../core/result.ts';
import type { Need } from '../core/signIn.ts';
import type { SqlDialect } from '../core/sql.ts';
import type { RemoteServer } from './mcp/server.ts';

/**
 * When the other side sees the credential, which decides pooling and renewal:
 * `perConnect` at login only (a session outlives its token, so the pool ends it), `perRequest` with every request.
 */
export type Injection = 'perConnect' | 'perRequest';

/** HTTP, over TLS where the place is secure, or PostgreSQL's own beginning, which asks for TLS first. */
export type Greeting = 'web' | 'postgres';

/** What a program that serves a connection gets, beside its arguments. */
export interface ProgramTerms {
  readonly cwd?: string | undefined;
  /** `NAME=value`, sorted. */
  readonly environment: readonly string[];
  /** The variable that gets the token itself. */
  readonly tokenVariable?: string | undefined;
  /** The variable that gets an address in place of the token, and where what is asked there goes on to. */
  readonly api?: { readonly variable: string; readonly url: string } | undefined;
}

/** What the extension and the gateway know of a kind of connection. `Settings` is what the zod schema returns; it is plain data and crosses between processes. */
interface ConnectorFacts<Settings> {
  readonly type: string;
  /** Tells the entries of one type apart: its key in the table is then `<type>/<preset>`. */
  readonly preset?: string | undefined;
  readonly label: string;
  /** One sentence for the settings editor. Default: the label. */
  readonly about?: string | undefined;
  readonly settings: z.ZodMiniType<Settings>;
  /** Kinds of credential that it can use, the usual one first. */
  readonly accepts: readonly CredentialKind[];
  /** Whether it can with these settings. Default: all that it accepts. */
  takes?(settings: Settings, kind: CredentialKind): boolean;
  /** Whether it can do with a second credential, of the server itself: the setting `serverToken`, the slot {@link SERVER_SLOT}. Default: no. */
  readonly secondCredential?: boolean | undefined;
  /** The credential of the setting `token`, by its slot; what the user's token settings leave open is taken from here. */
  credentials(settings: Settings): Readonly<Record<string, Need>>;
  /** The only places that the credentials may go. */
  destinations(settings: Settings): readonly HostRule[];
  /** What `token claims`, tooltips and tool descriptions say of the role that is asked for, if any. */
  role(settings: Settings): string | undefined;
  /** Bounds that fit its results better than the usual ones; those of the user come first. */
  readonly limits?: Partial<Limits> | undefined;
  /** Program and arguments that are run for the connection: shown to the user before the first time. Default: none. */
  program?(settings: Settings): readonly string[] | undefined;
  /** What that program gets of us, which is as much to agree to as its arguments. Default: nothing. */
  programTerms?(settings: Settings): ProgramTerms | undefined;
  /** The database that the token is for, where the token goes to somebody who is not that database. Default: nobody. */
  handsOn?(settings: Settings): string | undefined;
}

/** A kind of database, without its driver. */
export interface DatabaseConnector<Settings = unknown> extends ConnectorFacts<Settings> {
  readonly serves: 'sql';
  /** The grammar that the read-only guard judges statements by. */
  readonly dialect: SqlDialect;
  readonly injection: Injection;
  /** Settings that its user can choose among what the database offers, such as `role`. Default: none. */
  readonly choices?: readonly string[] | undefined;
  /** How a server begins to speak, for whoever looks at the way to it. Default: not known. */
  readonly greeting?: Greeting | undefined;
  /** A setting that the session does without although queries need it, and what is missing then. Default: nothing. */
  lacks?(identity: Identity): { readonly setting: string; readonly problem: string } | undefined;
  /** Loads session code and driver; called on first use in the gateway, never in the extension. */
  load(): Promise<SessionModule<Settings>>;
}

/** A kind of remote MCP server: the editor gets one more server for each connection. */
export interface McpConnector<Settings = unknown> extends ConnectorFacts<Settings> {
  readonly serves: 'mcp';
  /** How it is reached and what it wants on each request. Pure: no request is made here. */
  server(settings: Settings): RemoteServer;
}

export type Connector<Settings = unknown> = DatabaseConnector<Settings> | McpConnector<Settings>;

/**
 * Asks for the credential of a slot at the moment of need. `rejected`: the one that the other side has just refused; `leastLife`:
 * seconds that it should still live.
 */
export type CredentialSupplier = (
  slot: string,
  why: { rejected?: Credential | undefined; leastLife?: number | undefined; signal: AbortSignal },
) => Promise<Credential>;

export interface SessionContext {
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  readonly credentials: CredentialSupplier;
  /** For drivers that speak HTTP; a proxy does not apply to any other protocol. */
  readonly network: NetworkFacts;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The session file's export. */
export interface SessionModule<Settings> {
  /**
   * Logs in as the credential's user. The caller owns the session and closes it.
   *
   * A rejected credential is not retried here: throw DP-DATABASE-REFUSED and the pool asks for another one once.
   * Whatever was opened is released before this throws.
   * @throws PassportError DP-DATABASE-UNREACHABLE, -INSECURE, -CERTIFICATE, -REFUSED, -ROLE; whatever the supplier throws
   */
  open(settings: Settings, context: SessionContext): Promise<DatabaseSession>;
}

export interface QueryOptions {
  readonly signal: AbortSignal;
  /** Rows that the caller will take at most: the session may fetch one more to see whether there are more. */
  readonly maxRows: number;
  /** Seconds after which the database itself should give up; the caller's own signal comes as well. */
  readonly seconds: number;
  /** Marks the statement in the database's own history, where it can be marked. Harmless text. */
  readonly tag?: string | undefined;
}

/**
 * One login of one user. Statements run one at a time; the pool sees to that.
 *
 * Every method takes a signal that reaches the database: when it aborts, the statement is gone from the database within a
 * second and the method rejects with the signal's reason. Errors are PassportErrors (DP-DATABASE-PERMISSION, -STATEMENT,
 * -ROLE, -LOST, DP-OBJECT-UNKNOWN …). After DP-DATABASE-LOST or DP-DATABASE-REFUSED `usable` is false.
 */
export interface DatabaseSession {
  /** What the database said at login; no round trip. */
  readonly identity: Identity;
  /** False when the session may not be used for another statement. */
  readonly usable: boolean;
  /** Asks the database again who we are. */
  whoami(signal: AbortSignal): Promise<Identity>;
  /** Runs one statement that the guard let pass, in a read-only transaction where the database has one. */
  query(statement: string, options: QueryOptions): Promise<Rows>;
  /** The plan of a statement that the guard let pass, without running it. */
  explain(statement: string, options: QueryOptions): Promise<Rows>;
  /**
   * What lies in a container: databases, schemas, or tables and views.
   * @param path from the outermost name inwards; empty means where the connection stands
   * @param pattern part of a name, compared without case; empty means all
   */
  list(path: readonly string[], pattern: string, options: QueryOptions): Promise<readonly DatabaseObject[]>;
  /** @param path of a table or view, one to three names @throws PassportError DP-OBJECT-UNKNOWN */
  describe(path: readonly string[], options: QueryOptions): Promise<ObjectDescription>;
  /**
   * What the database offers its user for one of the connector's `choices`, in the order of their names, and what the session uses
   * now. Every connector that has `choices` has it.
   */
  choices?(setting: string, options: QueryOptions): Promise<Offer>;
  /** Never throws. Ends whatever runs. */
  close(): Promise<void>;
}

/** A connector as its file writes it: its schema is built when it is first asked for, because most are never used. */
type Recipe<Entry extends { readonly settings: unknown }> = Omit<Entry, 'settings'> & {
  readonly settings: () => Entry['settings'];
};

/** Seals a connector's own settings type before it enters the table. */
export function connector<Settings>(recipe: Recipe<DatabaseConnector<Settings>>): DatabaseConnector;
export function connector<Settings>(recipe: Recipe<McpConnector<Settings>>): McpConnector;
export function connector<Settings>(
  recipe: Recipe<DatabaseConnector<Settings>> | Recipe<McpConnector<Settings>>,
): Connector {
  const { settings, ...rest } = recipe;
  const built = once(settings);
  const sealed = {
    ...rest,
    get settings() {
      return built();
    },
  };
  return sealed;
}
