import * as z from 'zod/mini';

import type { DatabaseSession, QueryOptions } from '../../connectors/connector.ts';
import { PassportError } from '../../core/errors.ts';
import type { Identity, Rows } from '../../core/result.ts';
import type { SqlDialect } from '../../core/sql.ts';
import { boundedRows } from '../boundedRows.ts';
import type { Configured } from '../connectionTable.ts';
import type { Verdict } from '../readOnlyGuard.ts';
import { described, type Output, text, type Tool, tool, type ToolRun, whole } from './tool.ts';

export type Guard = (sql: string, dialect: SqlDialect) => Verdict;

const LONGEST_STATEMENT = 100_000;
const sql = z.string().check(z.minLength(1), z.maxLength(LONGEST_STATEMENT));

const output: Tool['output'] = {
  properties: {
    connection: text,
    columns: { type: 'array', items: { type: 'object', properties: { name: text, type: text } } },
    rows: { type: 'array', items: { type: 'array' } },
    rowCount: whole,
    truncated: { type: 'boolean' },
    note: text,
    elapsedMs: whole,
    ranAs: { type: 'object', properties: { user: text, role: text } },
  },
  required: ['columns', 'rows', 'truncated', 'ranAs'],
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
        'Run one read-only SQL statement as the signed-in user, in the dialect of the connection. Results are cut at a limit: see note.',
      idempotent: true,
      input: z.strictObject({
        sql: described(sql, 'One SELECT, WITH, SHOW, DESCRIBE or EXPLAIN statement'),
        maxRows: described(z.optional(z.int().check(z.positive())), 'At most the limit of the connection'),
      }),
      output,
      check,
      statement: (args) => args.sql,
      run: (run) => answer(run, run.arguments.maxRows, (session, options) => session.query(run.arguments.sql, options)),
    }),
    tool({
      name: 'explain',
      title: 'Explain Query',
      description: 'Show the plan of a read-only SQL statement without running it.',
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
  const rows = Math.min(maxRows ?? limits.rows, limits.rows);
  const { ranAs, result } = await run.withSession(async (session, options) => ({
    result: await boundedRows(await ask(session, { ...options, maxRows: rows }), { ...limits, rows }),
    ranAs: ranAsOf(session.identity),
  }));
  return { connection: id, ...result, elapsedMs: run.elapsedMs(), ranAs };
}

function ranAsOf({ user, role }: Identity): Output {
  return { user, ...(role !== undefined && { role }) };
}
