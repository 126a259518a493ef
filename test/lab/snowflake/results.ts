import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { databaseName } from './database.ts';
import type { Cell } from './encoding.ts';
import type { WarehouseError } from './errors.ts';
import type { Statement, StatementOutcome, StatementResult } from './statements.ts';

const compress = promisify(gzip);

/** The envelope of every answer of the v1 protocol, HTTP 200 in success and failure alike. */
export interface Envelope {
  readonly data: unknown;
  readonly code: string | null;
  readonly message: string | null;
  readonly success: boolean;
}

export interface ResultChunks {
  /** Keeps the rows of a large result for the driver to fetch from unguessable addresses. */
  add(rows: StatementResult['rows']): Promise<readonly ChunkDescription[]>;
  /** Compressed body: rows separated by commas, without outer brackets. */
  get(path: string): Buffer | undefined;
  clear(): void;
}

export interface ChunkDescription {
  readonly path: string;
  readonly rowCount: number;
  readonly uncompressedSize: number;
  readonly compressedSize: number;
}

/** Rows that come with the answer itself; the rest are chunks. */
const inlineRows = 1000;
const chunkRows = 5000;

export function createResultChunks(): ResultChunks {
  const bodies = new Map<string, Buffer>();
  return {
    async add(rows) {
      const chunks: ChunkDescription[] = [];
      for (let start = inlineRows; start < rows.length; start += chunkRows) {
        const part = rows.slice(start, start + chunkRows);
        const text = JSON.stringify(part).slice(1, -1);
        const body = await compress(text);
        const path = `/results/${randomUUID()}`;
        bodies.set(path, body);
        chunks.push({
          path,
          rowCount: part.length,
          uncompressedSize: Buffer.byteLength(text),
          compressedSize: body.length,
        });
      }
      return chunks;
    },
    get: (path) => bodies.get(path),
    clear: () => bodies.clear(),
  };
}

/** Values that the driver needs to read dates, times and binary. */
export const formatParameters = [
  { name: 'TIMEZONE', value: 'UTC' },
  { name: 'DATE_OUTPUT_FORMAT', value: 'YYYY-MM-DD' },
  { name: 'TIME_OUTPUT_FORMAT', value: 'HH24:MI:SS' },
  { name: 'TIMESTAMP_OUTPUT_FORMAT', value: 'YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM' },
  { name: 'TIMESTAMP_NTZ_OUTPUT_FORMAT', value: 'YYYY-MM-DD HH24:MI:SS.FF3' },
  { name: 'TIMESTAMP_LTZ_OUTPUT_FORMAT', value: '' },
  { name: 'TIMESTAMP_TZ_OUTPUT_FORMAT', value: '' },
  { name: 'BINARY_OUTPUT_FORMAT', value: 'HEX' },
  { name: 'CLIENT_SESSION_KEEP_ALIVE', value: false },
  { name: 'CLIENT_RESULT_CHUNK_SIZE', value: 160 },
  { name: 'CLIENT_TELEMETRY_ENABLED', value: true },
];

export function failure(error: WarehouseError, queryId?: string): Envelope {
  const data = { errorCode: error.code, sqlState: error.sqlState, queryId: queryId ?? null, internalError: false };
  return { data, code: error.code, message: error.message, success: false };
}

export function success(data: unknown): Envelope {
  return { data, code: null, message: null, success: true };
}

/** Still running: the driver asks again at the address given. */
export function inProgress(statement: Statement, isAsync: boolean): Envelope {
  return {
    data: {
      getResultUrl: `/queries/${statement.queryId}/result`,
      queryId: statement.queryId,
      queryAbortsAfterSecs: 300,
      progressDesc: null,
      ...finalPlace(statement),
    },
    code: isAsync ? '333334' : '333333',
    message: 'Query execution in progress.',
    success: true,
  };
}

export async function finished(
  statement: Statement,
  outcome: StatementOutcome,
  chunks: ResultChunks,
  baseUrl: string,
): Promise<Envelope> {
  if ('error' in outcome) return failure(outcome.error, statement.queryId);
  const { columns, rows, statementTypeId } = outcome.result;
  const later = await chunks.add(rows);
  const inline: readonly (readonly Cell[])[] = rows.slice(0, inlineRows);
  return success({
    parameters: formatParameters,
    rowtype: columns,
    rowset: inline,
    total: rows.length,
    returned: rows.length,
    queryId: statement.queryId,
    databaseProvider: null,
    numberOfBinds: 0,
    arrayBindSupported: false,
    statementTypeId,
    version: 1,
    queryResultFormat: 'json',
    queryContext: { entries: [] },
    ...finalPlace(statement),
    ...(later.length === 0
      ? {}
      : { chunks: later.map(({ path, ...sizes }) => Object.assign(sizes, { url: baseUrl + path })), chunkHeaders: {} }),
  });
}

function finalPlace({ session }: Statement): Record<string, string | null> {
  return {
    finalDatabaseName: session.database ?? databaseName,
    finalSchemaName: session.schema,
    finalWarehouseName: session.warehouse,
    finalRoleName: session.role,
  };
}
