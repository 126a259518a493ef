import * as z from 'zod/mini';

import type { DatabaseSession, QueryOptions } from '../../connectors/connector.ts';
import { PassportError } from '../../core/errors.ts';
import type { Identity, Limits, Rows } from '../../core/result.ts';
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
  const input = z.strictObject({
    sql,
    maxRows: described(z.optional(z.int().check(z.minimum(1), z.maximum(MOST_ROWS))), 'Default: the limit'),
  });
  return [
    tool<QueryArguments>({
      name: 'query',
      title: 'Query Data',
      description:
        'Run one reading SQL statement as the signed-in user. Large results are cut; note says how to get more.',
      idempotent: true,
      input,
      output,
      page: RESULTS_URI,
      check,
      statement: (args) => args.sql,
      async run(run) {
        const { limits } = run.connection.wire;
        const { full, ...result } = await rowsOf(run, limits);
        // Rows or bytes: the page may have more of both.
        if (full) run.tellPage({ cutAt: 'rows', mostRows: pageLimits(limits).rows });
        return result;
      },
    }),
    tool<QueryArguments>({
      name: 'more_rows',
      title: 'More Rows',
      description: 'For the page of query.',
      idempotent: true,
      input,
      output,
      forPages: true,
      check,
      statement: (args) => args.sql,
      async run(run) {
        const limits = pageLimits(run.connection.wire.limits);
        const { full, ...result } = await rowsOf(run, limits);
        if (full) run.tellPage({ cutAt: full, mostRows: limits.rows });
        return result;
      },
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
      async run(run) {
        const { limits } = run.connection.wire;
        const ask: Ask = (session, options) => session.explain(run.arguments.sql, options);
        const { full: _full, ...result } = await answer(run, limits, ask);
        return result;
      },
    }),
  ];
}

interface QueryArguments {
  readonly sql: string;
  readonly maxRows?: number | undefined;
}

type Ask = (session: DatabaseSession, options: QueryOptions) => Promise<Rows>;

/** What a person scrolls through needs no bound that is made for a model. */
const pageLimits = (limits: Limits): Limits => ({
  ...limits,
  rows: Math.max(limits.rows, 10_000),
  bytes: Math.max(limits.bytes, 5_000_000),
});

function rowsOf(run: ToolRun<QueryArguments>, limits: Limits): ReturnType<typeof answer> {
  const { sql: statement, maxRows } = run.arguments;
  const rows = Math.min(maxRows ?? limits.rows, limits.rows);
  return answer(run, { ...limits, rows }, (session, options) => session.query(statement, options));
}

/** With the bound that there was more than, where there was. */
async function answer(
  run: ToolRun<unknown>,
  limits: Limits,
  ask: Ask,
): Promise<Output & { readonly full?: 'rows' | 'bytes' | undefined }> {
  const { ranAs, result } = await run.withSession(async (session, options) => ({
    result: await boundedRows(await ask(session, { ...options, maxRows: limits.rows }), limits),
    ranAs: { ...ranAsOf(session.identity), ...sharing(run.connection) },
  }));
  return { connection: run.connection.wire.id, ...result, elapsedMs: run.elapsedMs(), ranAs };
}

function ranAsOf({ user, role }: Identity): Output {
  return { user, ...(role !== undefined && { role }) };
}
