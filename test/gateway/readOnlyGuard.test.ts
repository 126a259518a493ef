import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import type { SqlDialect } from '../../src/core/sql.ts';
import { readOnlyGuard } from '../../src/gateway/readOnlyGuard.ts';
import { techniques } from './guard/statements.ts';

interface Sample {
  readonly dialect: SqlDialect;
  readonly sql: string;
  readonly verdict: 'read' | 'write';
}

const corpus = (
  JSON.parse(readFileSync(new URL('../data/sql-guard-corpus.json', import.meta.url), 'utf8')) as Sample[]
).filter(({ dialect }) => ['postgresql', 'snowflake'].includes(dialect));
const own = techniques.map(({ dialect, technique, reads, refused }) => ({
  title: `${dialect}: ${technique}`,
  samples: [
    ...reads.map((sql): Sample => ({ dialect, sql, verdict: 'read' })),
    ...refused.map((sql): Sample => ({ dialect, sql, verdict: 'write' })),
  ],
}));
const reads = [...corpus, ...own.flatMap(({ samples }) => samples)].filter(({ verdict }) => verdict === 'read');
const writes = corpus.filter(({ verdict }) => verdict === 'write');

/** The statements whose verdict is not the one that was asked for. */
function wrong(samples: readonly Sample[]): string[] {
  return samples
    .filter(({ sql, dialect, verdict }) => (readOnlyGuard(sql, dialect).verdict === 'read') !== (verdict === 'read'))
    .map(({ dialect, sql, verdict }) => `${dialect} ${verdict}: ${sql}`);
}

function mutated(samples: readonly Sample[], verdict: Sample['verdict'], change: (sql: string) => string): Sample[] {
  return samples.map(({ dialect, sql }) => ({ dialect, sql: change(sql), verdict }));
}

const withoutEnd = (sql: string): string => sql.replace(/[\s;]+$/, '');
const isQuery = ({ sql }: Sample): boolean => /^\s*(?:\(|select|with|values)/i.test(sql) && !sql.includes('->>');
const endsInLineComment = ({ sql }: Sample): boolean => /(?:--|\/\/)[^\n]*$/.test(sql);

suite('the read-only guard', () => {
  test('gives every statement of the corpus its verdict', () => {
    assert.equal(corpus.length, 133);
    assert.deepEqual(wrong(corpus), []);
  });

  for (const { title, samples } of own) {
    test(`knows reads from the rest in ${title}`, () => {
      assert.deepEqual(wrong(samples), []);
    });
  }

  test('lets a read through in comments, white space and parentheses', () => {
    const queries = reads.filter((sample) => isQuery(sample) && !endsInLineComment(sample));
    assert.deepEqual(
      [
        ...wrong(mutated(reads, 'read', (sql) => `/* DROP TABLE t; */ \t\n-- DELETE\n${sql}\n/* ' */ -- "`)),
        ...wrong(mutated(queries, 'read', (sql) => `((\n${withoutEnd(sql)}\n))`)),
        ...wrong(mutated(queries, 'read', (sql) => `SELECT * FROM (\n${withoutEnd(sql)}\n) x`)),
        ...wrong(mutated(queries, 'read', (sql) => `WITH w AS (\n${withoutEnd(sql)}\n) SELECT * FROM w`)),
        ...wrong(mutated(queries, 'read', (sql) => `EXPLAIN ${sql}`)),
      ],
      [],
    );
  });

  test('does not care about the case of keywords', () => {
    const plain = reads.filter(({ sql }) => !/['"$@\\]/.test(sql));
    assert.deepEqual(
      [
        ...wrong(mutated(plain, 'read', (sql) => sql.toLowerCase())),
        ...wrong(mutated(plain, 'read', (sql) => sql.toUpperCase())),
        ...wrong(mutated(writes, 'write', (sql) => sql.toLowerCase())),
        ...wrong(mutated(writes, 'write', (sql) => sql.toUpperCase())),
      ],
      [],
    );
  });

  test('refuses a second statement after every read', () => {
    assert.deepEqual(
      [
        ...wrong(mutated(reads, 'write', (sql) => `${sql}\n; DROP TABLE t`)),
        ...wrong(mutated(reads, 'write', (sql) => `${sql}\n;/* */COMMIT;`)),
        ...wrong(mutated(reads, 'write', (sql) => `DROP TABLE t; ${sql}`)),
      ],
      [],
    );
  });

  test('refuses every write inside of a read', () => {
    const wraps = [
      (sql: string) => `WITH w AS (${sql}\n) SELECT 1`,
      (sql: string) => `WITH v AS (SELECT 1), w AS (${sql}\n) SELECT * FROM w`,
      (sql: string) => `WITH v AS (SELECT 1) ${sql}`,
      (sql: string) => `EXPLAIN ${sql}`,
      (sql: string) => `EXPLAIN ANALYZE ${sql}`,
      (sql: string) => `EXPLAIN (ANALYZE) ${sql}`,
      (sql: string) => `/* a */ ${sql} /* b */`,
    ];
    const chains = [
      (sql: string) => `SELECT 1 ->> ${sql}`,
      (sql: string) => `SHOW TABLES ->> ${sql}\n->> SELECT * FROM $1`,
    ];
    const snowflake = writes.filter(({ dialect }) => dialect === 'snowflake');
    assert.deepEqual(
      [
        ...wraps.flatMap((wrap) => wrong(mutated(writes, 'write', wrap))),
        ...chains.flatMap((chain) => wrong(mutated(snowflake, 'write', chain))),
      ],
      [],
    );
  });

  test('says where the refused word stands, and echoes no more than that word', () => {
    assert.deepEqual(readOnlyGuard("SELECT 'token-1', pg_sleep(1)", 'postgresql'), {
      verdict: 'refused',
      reason: 'The function PG_SLEEP is not allowed: it does more than read.',
      at: 18,
    });
    assert.deepEqual(readOnlyGuard('SELECT 1; DROP TABLE t', 'snowflake'), {
      verdict: 'refused',
      reason: 'Only one statement is allowed.',
      at: 8,
    });
    assert.deepEqual(readOnlyGuard('SELECT 1 ->> DELETE FROM t', 'snowflake'), {
      verdict: 'refused',
      reason: 'DELETE does not begin a statement that only reads.',
      at: 13,
    });
    assert.deepEqual(readOnlyGuard('SELECT U&"pg\\005fsleep"(1)', 'postgresql'), {
      verdict: 'refused',
      reason: 'The function PG_SLEEP is not allowed: it does more than read.',
      at: 7,
    });
    assert.deepEqual(readOnlyGuard('WITH x AS (SELECT 1) "a secret" FROM x', 'postgresql'), {
      verdict: 'refused',
      reason: 'This is not allowed here: only a query is.',
      at: 21,
    });
  });

  test('answers hostile input of any size without recursion', () => {
    const depth = 49_000;
    const hostile = [
      '('.repeat(depth),
      `SELECT ${'('.repeat(depth)}1`,
      `WITH x AS ${'('.repeat(depth)}`,
      `SELECT 1 ${'/*'.repeat(depth)}`,
      `SELECT '${"''".repeat(depth)}`,
      `SELECT "${'""'.repeat(depth)}`,
      `SELECT ${"E'a'\n".repeat(depth)}'`,
      `SELECT E'a'${' '.repeat(depth)}"`,
      `SELECT ${'$a'.repeat(depth)};;x`,
      `SELECT ${'a$$'.repeat(depth)};x`,
      `SELECT ${'U&"'.repeat(depth)};x`,
      `${';'.repeat(depth)}SELECT 1`,
    ];
    const verdicts = hostile.flatMap((sql) =>
      (['postgresql', 'snowflake'] as const).map((dialect) => readOnlyGuard(sql, dialect).verdict),
    );
    assert.deepEqual(new Set(verdicts), new Set(['refused']));
    const deep = `SELECT ${'('.repeat(depth)}1${')'.repeat(depth)}`;
    assert.deepEqual(readOnlyGuard(deep, 'postgresql'), { verdict: 'read' });
  });
});
