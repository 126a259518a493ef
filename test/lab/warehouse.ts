import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { LabUserName } from './sampleData.ts';
import { createAccount } from './snowflake/account.ts';
import { createDatabase } from './snowflake/database.ts';
import { createLogins, type LoginOptions } from './snowflake/login.ts';
import { createProtocol, type ProtocolLevers } from './snowflake/protocol.ts';
import { createResultChunks } from './snowflake/results.ts';
import { createSessions } from './snowflake/sessions.ts';
import { createStatements, type Statement } from './snowflake/statements.ts';

export interface WarehouseOptions extends LoginOptions {
  /** Default: any free one. */
  readonly port?: number;
  /**
   * Starts as an account that nobody has set up: whose tokens it takes, who has which role and what roles may read is what an
   * administrator says in SQL, and nothing before that. `issuer`, `jwksUri` and `audience` do not count.
   */
  readonly unconfigured?: boolean;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** A statement that runs longer is polled for; default 1000. */
  readonly syncMilliseconds?: number;
  /** How long one poll waits for the result; default 2000 (the real server: 45 s). */
  readonly pollMilliseconds?: number;
}

export interface WarehouseSession {
  readonly id: string;
  readonly user: string;
  readonly role: string;
  readonly client: string;
}

export interface WarehouseStatement {
  readonly queryId: string;
  readonly sessionId: string;
  readonly user: string;
  readonly role: string;
  readonly text: string;
  readonly queryTag: string;
  /** `running`, `success`, or the code of the error. */
  readonly outcome: string;
}

/** Plays Snowflake: the drivers' protocol in front of DuckDB with the sample data. */
export interface LabWarehouse {
  /** For the driver's `accessUrl`. */
  readonly url: string;
  readonly port: number;
  /** Open sessions, oldest first. */
  sessions(): readonly WarehouseSession[];
  /** Statements that execute at this moment. */
  running(): readonly WarehouseStatement[];
  /** Every statement since the start, oldest first. */
  statements(): readonly WarehouseStatement[];
  /** Logins tried so far. */
  readonly logins: number;
  /** Telemetry requests received so far. */
  readonly telemetry: number;
  /** Session tokens are answered with 390112; a driver renews them by the master token. */
  expireSessions(): void;
  /** Ends every session and what runs in it. */
  terminateSessions(code?: '390104' | '390111'): void;
  /** Every login fails with this code until it is undefined again. */
  refuseLogins(code: string | undefined): void;
  /** Answers to statements come this much later. */
  stall(milliseconds: number): void;
  /** Everything is answered with this HTTP status until it is undefined again. */
  failWithHttp(status: number | undefined): void;
  /** Sessions, results and running statements are lost; data, address and log stay. */
  restart(): void;
  /** A programmatic access token; bound to one role where given. */
  issueProgrammaticToken(user: LabUserName, role?: string): string;
  revokeProgrammaticToken(token: string): void;
  /** A programmatic access token of an administrator, for an account that is set up by SQL. */
  issueAdministratorToken(): string;
  /** What roles were granted there, such as `USAGE ON DATABASE LAB TO ROLE ANALYST`. */
  grants(): readonly string[];
  /** Specification of an MCP server that was made there, by its full name. */
  mcpServer(name: string): string | undefined;
  /** For key-pair logins. */
  registerPublicKey(user: LabUserName, publicKeyPem: string): void;
  /** Rows behind the curtain, in DuckDB's SQL, unfiltered and unlogged: `SELECT * FROM COFFEE.SCRATCH`. */
  inspect(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Whoever starts it closes it. */
export async function startWarehouse(options: WarehouseOptions): Promise<LabWarehouse> {
  const { port = 0, host = '127.0.0.1', syncMilliseconds = 1000, pollMilliseconds = 2000 } = options;
  const database = await createDatabase();
  const account = options.unconfigured === true ? createAccount() : undefined;
  const logins = createLogins(options, account);
  const sessions = createSessions();
  const statements = createStatements(database, account);
  const chunks = createResultChunks();
  const levers: ProtocolLevers = {
    refuseLogins: undefined,
    stallMilliseconds: 0,
    httpFailure: undefined,
    syncMilliseconds,
    pollMilliseconds,
    telemetry: 0,
    logins: 0,
  };
  let url = '';
  const handle = createProtocol({ logins, sessions, statements, chunks, levers, baseUrl: () => url });
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;
  url = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;

  function endEverything(code: '390104' | '390111'): void {
    statements.abortWhere(() => true);
    sessions.terminate(code);
  }

  return {
    url,
    port: actualPort,
    sessions: () => sessions.list().map(({ id, user, role, client }) => ({ id, user, role, client })),
    running: () => statements.log.filter(({ state }) => state === 'running').map(describe),
    statements: () => statements.log.map(describe),
    get logins() {
      return levers.logins;
    },
    get telemetry() {
      return levers.telemetry;
    },
    expireSessions: () => sessions.expire(),
    terminateSessions: (code = '390111') => endEverything(code),
    refuseLogins(code) {
      levers.refuseLogins = code;
    },
    stall(milliseconds) {
      levers.stallMilliseconds = milliseconds;
    },
    failWithHttp(status) {
      levers.httpFailure = status;
    },
    restart() {
      endEverything('390104');
      statements.forget();
      chunks.clear();
    },
    issueProgrammaticToken: (user, role) => logins.issueProgrammaticToken(user, role),
    issueAdministratorToken: () => logins.issueAdministratorToken(),
    grants: () => [...(account?.grants ?? [])],
    mcpServer: (name) => account?.mcpServers.get(name),
    revokeProgrammaticToken: (token) => logins.revokeProgrammaticToken(token),
    registerPublicKey: (user, pem) => logins.registerPublicKey(user, pem),
    inspect: (sql) => database.inspect(sql),
    async close() {
      statements.abortWhere(() => true);
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
      await Promise.all(statements.log.map(({ outcome }) => outcome));
      database.close();
    },
  };
}

function describe(statement: Statement): WarehouseStatement {
  const { queryId, session, user, role, text, queryTag, state } = statement;
  return { queryId, sessionId: session.id, user, role, text, queryTag, outcome: state };
}
