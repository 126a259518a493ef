import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { Account } from './account.ts';
import { administer, lackedToRead } from './administration.ts';
import {
  describeQuery,
  explainParts,
  explainQuery,
  forbiddenName,
  showQuery,
  significant,
  type CatalogQuery,
} from './catalog.ts';
import { columnNames } from './columnNames.ts';
import type { Database } from './database.ts';
import { databaseName } from './database.ts';
import { translate, type Bindings } from './dialect.ts';
import { encodeCell, rowType, type Cell, type RowType } from './encoding.ts';
import {
  canceled,
  divisionByZero,
  emptyStatement,
  fromDatabaseError,
  insufficientPrivileges,
  invalidIdentifier,
  missingObject,
  statementCount,
  syntaxError,
  timedOut,
  unknownQuery,
  WarehouseError,
} from './errors.ts';
import { identifierName, splitStatements, stringValue } from './lexer.ts';
import { runSessionCommand } from './sessionCommands.ts';
import { sqlContext, type Session } from './sessions.ts';

export interface StatementRequest {
  readonly requestId: string;
  readonly text: string;
  readonly bindings?: Bindings;
  /** Of this statement alone; upper-case names. */
  readonly parameters?: ReadonlyMap<string, string>;
  readonly describeOnly?: boolean;
}

export interface StatementResult {
  readonly columns: readonly RowType[];
  readonly rows: readonly (readonly Cell[])[];
  readonly statementTypeId: number;
}

export type StatementOutcome = { readonly result: StatementResult } | { readonly error: WarehouseError };

/** A statement that was sent, for the log and for the protocol. */
export interface Statement {
  readonly queryId: string;
  readonly requestId: string;
  readonly session: Session;
  readonly user: string;
  readonly role: string;
  readonly text: string;
  readonly queryTag: string;
  /** `running`, `success`, or the code of the error. */
  state: string;
  /** Forgotten once enough later statements have come. */
  outcome: Promise<StatementOutcome>;
  /** Ends the statement with this error if it still runs. */
  abort(reason: WarehouseError): void;
}

export interface Statements {
  /** Starts it, or gives back the one that this request has already started. */
  submit(session: Session, request: StatementRequest): Statement;
  /** A statement of this user: nobody sees another's. */
  find(session: Session, queryId: string): Statement | undefined;
  cancelRequest(session: Session, requestId: string): boolean;
  abortWhere(matches: (statement: Statement) => boolean): void;
  /** Oldest first. */
  readonly log: readonly Statement[];
  /** As after a restart: results are lost; the log stays for the test. */
  forget(): void;
}

const select = 4096;
const typeIds: Readonly<Record<string, number>> = { INSERT: 12_544, UPDATE: 12_800, DELETE: 13_056, MERGE: 13_312 };
const otherTypeId = 24_576;
const readers = /^(?:SELECT|WITH|VALUES|\()$/u;
const writers =
  /^(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|DROP|UNDROP|ALTER|COMMENT|GRANT|REVOKE|COPY|PUT|GET|REMOVE|RM)$/u;
const sessionCommands = /^(?:USE|SET|UNSET|BEGIN|START|COMMIT|ROLLBACK)$/u;
const longestStatementSeconds = 172_800;
/** Results kept for those who ask again; a long bench must not fill the memory. */
const keptResults = 200;

/** @param account what administrators do in it counts; without one everybody may read, and nobody administers */
export function createStatements(database: Database, account?: Account): Statements {
  const log: Statement[] = [];
  let known = new Map<string, Statement>();

  async function run(session: Session, request: StatementRequest, signal: AbortSignal): Promise<StatementResult> {
    const texts = splitStatements(request.text);
    if (texts.length === 0) throw emptyStatement();
    const wanted = Number(parameter(session, request, 'MULTI_STATEMENT_COUNT') ?? '1');
    if (wanted !== 0 && texts.length !== wanted) throw statementCount(texts.length, wanted);
    let result: StatementResult | undefined;
    for (const text of texts) result = await runOne(session, { ...request, text }, signal);
    if (result === undefined) throw emptyStatement();
    return result;
  }

  async function runOne(session: Session, request: StatementRequest, signal: AbortSignal): Promise<StatementResult> {
    const words = significant(request.text);
    const first = words[0]?.text.toUpperCase() ?? '';
    const second = words[1]?.text.toUpperCase() ?? '';
    if (first === 'CALL')
      return runOne(session, { ...request, text: request.text.replace(/call/iu, 'SELECT') }, signal);
    if (first === 'EXECUTE' && second === 'IMMEDIATE') {
      return runOne(session, { ...request, text: stringValue(words[2]?.text ?? "''") }, signal);
    }
    if (sessionCommands.test(first) || (first === 'ALTER' && second === 'SESSION')) {
      return status(runSessionCommand(request.text, session));
    }
    const administered = account && administer(request.text, { session, account });
    if (administered) return told(administered.columns, administered.rows);
    const connection = await database.connect(sqlContext(session));
    const interrupt = setInterval(() => {
      if (signal.aborted) connection.interrupt();
    }, 25);
    try {
      if (first === 'SHOW') return await runCatalog(connection, showQuery(request.text, session));
      if (first === 'DESC' || first === 'DESCRIBE') {
        return await runCatalog(connection, describeQuery(request.text, session));
      }
      const forbidden = forbiddenName(request.text, session);
      if (forbidden !== undefined) throw missingObject(forbidden);
      const lacked =
        account && words.some(({ text }) => /^from$/iu.test(text)) ? lackedToRead(session, account) : undefined;
      if (lacked !== undefined) throw missingObject(lacked);
      if (first === 'EXPLAIN') return await runExplain(connection, request);
      if (readers.test(first)) return await runQuery(connection, request, signal);
      if (writers.test(first)) return await runWrite(connection, request, session);
      throw syntaxError(words[0]?.text ?? '<EOF>');
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof WarehouseError ? error : qualified(fromDatabaseError(error), session);
    } finally {
      clearInterval(interrupt);
      connection.closeSync();
    }
  }

  async function runQuery(
    connection: DuckDBConnection,
    request: StatementRequest,
    signal: AbortSignal,
  ): Promise<StatementResult> {
    const { sql, waitMilliseconds } = translate(request.text, request.bindings);
    if (request.describeOnly === true) return read(connection, `SELECT * FROM (${sql}) LIMIT 0`, request.text);
    if (waitMilliseconds > 0) await sleep(waitMilliseconds, undefined, { signal });
    return read(connection, sql, request.text);
  }

  async function runExplain(connection: DuckDBConnection, request: StatementRequest): Promise<StatementResult> {
    const { format, statement } = explainParts(request.text);
    // DuckDB's own EXPLAIN checks names and types, and runs nothing.
    await connection.run(`EXPLAIN ${translate(statement, request.bindings).sql}`);
    const named = new Set(significant(statement).map(({ text }) => identifierName(text)));
    const tables = await connection.runAndReadAll(
      `SELECT TABLE_CATALOG || '.' || TABLE_SCHEMA || '.' || TABLE_NAME, TABLE_NAME FROM ${databaseName}._META.TABLES`,
    );
    const scanned = tables.getRows().flatMap(([path, name]) => (named.has(String(name)) ? [String(path)] : []));
    return read(connection, explainQuery(format, scanned));
  }

  async function runWrite(
    connection: DuckDBConnection,
    request: StatementRequest,
    session: Session,
  ): Promise<StatementResult> {
    const words = significant(request.text).map(({ text }) => text.toUpperCase());
    const [verb = ''] = words;
    const { sql } = translate(request.text, request.bindings);
    const name = words.find(
      (word, index) =>
        index > 0 &&
        !/^(?:INTO|FROM|TABLE|VIEW|OR|REPLACE|TEMPORARY|TRANSIENT|IF|NOT|EXISTS|SCHEMA|OVERWRITE)$/u.test(word),
    );
    if (session.role !== 'MANAGER' || !/^(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|DROP|ALTER)$/u.test(verb)) {
      throw insufficientPrivileges(
        verb === 'CREATE' ? 'schema' : 'table',
        verb === 'CREATE' ? (session.schema ?? '') : (name ?? ''),
      );
    }
    const result = await connection.run(sql).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : '';
      throw /can only (?:insert|update|delete)|is not a table|Existing object/iu.test(message)
        ? insufficientPrivileges('table', name ?? '')
        : error;
    });
    const typeId = typeIds[verb];
    if (typeId === undefined) return status('Statement executed successfully.');
    const done = { INSERT: 'inserted', UPDATE: 'updated', DELETE: 'deleted' }[verb] ?? 'changed';
    const column = { ...plainColumn(`number of rows ${done}`), type: 'fixed', precision: 19, scale: 0 };
    return { columns: [column], rows: [[String(result.rowsChanged)]], statementTypeId: typeId };
  }

  return {
    log,
    submit(session, request) {
      const key = `${session.id}/${request.requestId}`;
      const started = known.get(key);
      if (started !== undefined) return started;
      const controller = new AbortController();
      const seconds = Number(parameter(session, request, 'STATEMENT_TIMEOUT_IN_SECONDS') ?? '0');
      const deadline = setTimeout(
        () => controller.abort(timedOut(seconds)),
        (seconds > 0 ? Math.min(seconds, longestStatementSeconds) : longestStatementSeconds) * 1000,
      );
      const statement: Statement = {
        queryId: randomUUID(),
        requestId: request.requestId,
        session,
        user: session.user,
        role: session.role,
        text: request.text,
        queryTag: parameter(session, request, 'QUERY_TAG') ?? '',
        state: 'running',
        abort: (reason) => controller.abort(reason),
        outcome: run(session, request, controller.signal)
          .then(
            (result): StatementOutcome => ({ result }),
            (error: unknown): StatementOutcome => ({ error: reasonOf(error, controller.signal) }),
          )
          .then((outcome) => {
            clearTimeout(deadline);
            statement.state = 'error' in outcome ? outcome.error.code : 'success';
            return outcome;
          }),
      };
      session.lastQueryId = statement.queryId;
      known.set(key, statement);
      known.set(statement.queryId, statement);
      log.push(statement);
      const old = log.at(-keptResults);
      if (old !== undefined && old.state !== 'running') {
        known.delete(`${old.session.id}/${old.requestId}`);
        known.delete(old.queryId);
        old.outcome = Promise.resolve({ error: unknownQuery() });
      }
      return statement;
    },
    find(session, queryId) {
      const statement = known.get(queryId);
      return statement?.user === session.user ? statement : undefined;
    },
    cancelRequest(session, requestId) {
      const statement = known.get(`${session.id}/${requestId}`);
      statement?.abort(canceled());
      return statement !== undefined;
    },
    abortWhere(matches) {
      for (const statement of log) if (statement.state === 'running' && matches(statement)) statement.abort(canceled());
    },
    forget() {
      known = new Map();
    },
  };
}

async function runCatalog(connection: DuckDBConnection, query: CatalogQuery): Promise<StatementResult> {
  const { subject } = query;
  if (subject !== undefined) {
    const { schema, name } = subject;
    const view = name === '' ? 'SCHEMATA' : 'TABLES';
    const found = await connection.runAndReadAll(
      `SELECT 1 FROM ${databaseName}._META.${view} WHERE ${view === 'TABLES' ? 'TABLE_SCHEMA' : 'SCHEMA_NAME'} = $1 ${name === '' ? '' : 'AND TABLE_NAME = $2'}`,
      name === '' ? [schema] : [schema, name],
    );
    if (found.currentRowCount === 0)
      throw missingObject([databaseName, schema, name].filter((part) => part !== '').join('.'));
  }
  return read(connection, query.sql);
}

/** Runs a query. Without the text that the user wrote, the columns keep the names that the query gives them. */
async function read(connection: DuckDBConnection, sql: string, written?: string): Promise<StatementResult> {
  const reader = await connection.runAndReadAll(sql);
  const types = reader.columnTypes();
  const names = written === undefined ? reader.columnNames() : columnNames(written, reader.columnNames());
  const rows = reader.getRows();
  // DuckDB goes on with infinity where the server stops.
  if (sql.includes('/') && rows.some((row) => row.some((cell) => cell === Infinity || cell === -Infinity))) {
    throw divisionByZero();
  }
  return {
    columns: types.map((type, index) => rowType(names[index] ?? '', type)),
    rows: rows.map((row) => row.map(encodeCell)),
    statementTypeId: select,
  };
}

function status(message: string): StatementResult {
  return told(['status'], [[message]]);
}

function told(names: readonly string[], rows: readonly (readonly string[])[]): StatementResult {
  return { columns: names.map(plainColumn), rows, statementTypeId: otherTypeId };
}

function plainColumn(name: string): RowType {
  return {
    name,
    type: 'text',
    nullable: true,
    precision: null,
    scale: null,
    length: 16_777_216,
    byteLength: 16_777_216,
  };
}

function parameter(session: Session, request: StatementRequest, name: string): string | undefined {
  return request.parameters?.get(name) ?? session.parameters.get(name);
}

function reasonOf(error: unknown, signal: AbortSignal): WarehouseError {
  if (signal.aborted && signal.reason instanceof WarehouseError) return signal.reason;
  return fromDatabaseError(error);
}

/** The server names a missing object in full. */
function qualified(error: WarehouseError, session: Session): WarehouseError {
  const name = error.code === '002003' ? /Object '([^'.]+)'/u.exec(error.message)?.[1] : undefined;
  if (name === undefined || session.schema === null) return error;
  return name.startsWith('"') ? invalidIdentifier(name) : missingObject(`${databaseName}.${session.schema}.${name}`);
}
