import * as z from 'zod/mini';

import type { DatabaseSession, QueryOptions } from '../../connectors/connector.ts';
import { PassportError } from '../../core/errors.ts';
import type { Identity, Rows } from '../../core/result.ts';
import type { SqlDialect } from '../../core/sql.ts';
import { boundedRows } from '../boundedRows.ts';
import { type Configured, sharing } from '../connectionTable.ts';
import type { Verdict } from '../readOnlyGuard.ts';
import { RESULTS_URI } from '../resultsPage.ts';
import { described, flag, listOf, type Output, record, text, type Tool, tool, type ToolRun, whole } from './tool.ts';

export type Guard = (sql: string, dialect: SqlDialect) => Verdict;

const LONGEST_STATEMENT = 100_000;
/** More are cut at the limit of the connection in any case. */
const MOST_ROWS = 1_000_000;
const sql = z.string().check(z.minLength(1), z.maxLength(LONGEST_STATEMENT));

const output: Tool['output'] = {
  columns: listOf(record({ name: text, type: text })),
  rows: listOf({ type: 'array' }),
  rowCount: whole,
  truncated: flag,
  note: text,
  elapsedMs: whole,
  ranAs: record({ user: text, 'role?': text, 'sharedIdentity?': flag }),
};

export function queryTools(guard: Guard): readonly Tool[] {
  const check = (args: { readonly sql: string }, { connector }: Configured): void => {
    const verdict = guard(args.sql, connector.dialect);
    if (verdict.verdict === 'read') return;
    const detail = `at character ${verdict.at + 1}`;
    throw new PassportError('DP-READ-ONLY', { reason: verdict.reason.replace(/\.$/, '') }, { detail });
  };
  return [
    tool<{ sql: string; maxRows?: number | undefined }>({
      name: 'query',
      title: 'Query Data',
      description:
        'Run one reading SQL statement as the signed-in user. Large results are cut; note says how to get more.',
      idempotent: true,
      input: z.strictObject({
        sql,
        maxRows: described(z.optional(z.int().check(z.minimum(1), z.maximum(MOST_ROWS))), 'Default: the limit'),
      }),
      output,
      page: RESULTS_URI,
      check,
      statement: (args) => args.sql,
      run: (run) => answer(run, run.arguments.maxRows, (session, options) => session.query(run.arguments.sql, options)),
    }),
    tool({
      name: 'explain',
      title: 'Explain Query',
      description: 'Show the plan of a reading statement without running it.',
      idempotent: true,
      input: z.strictObject({ sql }),
      output,
      check,
      statement: (args) => args.sql,
      run: (run) => answer(run, undefined, (session, options) => session.explain(run.arguments.sql, options)),
    }),
  ];
}

async function answer(
  run: ToolRun<unknown>,
  maxRows: number | undefined,
  ask: (session: DatabaseSession, options: QueryOptions) => Promise<Rows>,
): Promise<Output> {
  const { id, limits } = run.connection.wire;
  const shared = sharing(run.connection);
  const rows = Math.min(maxRows ?? limits.rows, limits.rows);
  const {
    ranAs,
    result: { full, ...result },
  } = await run.withSession(async (session, options) => ({
    result: await boundedRows(await ask(session, { ...options, maxRows: rows }), { ...limits, rows }),
    ranAs: { ...ranAsOf(session.identity), ...shared },
  }));
  if (full) run.tellPage({ cutAt: full, mostRows: limits.rows });
  return { connection: id, ...result, elapsedMs: run.elapsedMs(), ranAs };
}

function ranAsOf({ user, role }: Identity): Output {
  return { user, ...(role !== undefined && { role }) };
}
