import type { Params } from './fixtureTypes.ts';
import type { SnowflakeCaller } from './snowflakeTokens.ts';

/** Snowflake cuts results of SQL and of functions off here. */
export const truncatedAt = 250 * 1024;

export interface SnowflakeTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: object;
  /** The one argument that it can't do without. */
  readonly needs: string;
  run(args: Params, caller: SnowflakeCaller): SnowflakeResult;
}

export interface SnowflakeResult {
  readonly content: readonly [{ readonly type: 'text'; readonly text: string }];
  readonly isError: boolean;
}

const properties = (names: Readonly<Record<string, object>>, required: readonly string[]): object => ({
  type: 'object',
  properties: names,
  required,
});

const json = (value: object): SnowflakeResult => ({
  content: [{ type: 'text', text: JSON.stringify(value).slice(0, truncatedAt) }],
  isError: false,
});

export const failed = (text: string): SnowflakeResult => ({ content: [{ type: 'text', text }], isError: true });

/** Tools of one kind each; their arguments as Snowflake documents them for the kind. */
export function snowflakeTools(writes: () => boolean): readonly SnowflakeTool[] {
  return [
    {
      name: 'sql-exec',
      title: 'Run SQL',
      description: 'Runs SQL.',
      inputSchema: properties({ sql: { type: 'string', description: 'SQL to run' } }, ['sql']),
      needs: 'sql',
      run({ sql }, { user, role }) {
        const statement = String(sql);
        // What a read-only tool says is not documented; these are the words of the database.
        if (!writes() && !/^\s*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN)\b/i.test(statement))
          return failed('SQL access control error: The tool is read-only.');
        const cell = /^\s*SELECT BIG\b/i.test(statement) ? 'x'.repeat(truncatedAt * 2) : statement;
        return json({ result_set: { data: [[user.name.toUpperCase(), role, cell]] } });
      },
    },
    {
      name: 'analyst',
      title: 'Orders',
      description: 'Turns questions about orders into SQL, which it does not run.',
      inputSchema: properties({ message: { type: 'string' } }, ['message']),
      needs: 'message',
      run: ({ message }) => json({ text: String(message), sql: 'SELECT SUM(AMOUNT) FROM COFFEE.ORDERS' }),
    },
    {
      name: 'search',
      title: 'Products',
      description: 'Searches products.',
      inputSchema: properties(
        {
          query: { type: 'string' },
          columns: { type: 'array', items: { type: 'string' } },
          limit: { type: 'integer' },
        },
        ['query'],
      ),
      needs: 'query',
      run({ query, columns = ['NAME'], limit = 10 }) {
        const row = Object.fromEntries((columns as string[]).map((column) => [column, String(query)]));
        return json({ results: Array.from({ length: Math.min(Number(limit), 2) }, () => row) });
      },
    },
    {
      name: 'restock',
      title: 'Restock',
      description: 'Orders bags of a product.',
      inputSchema: properties({ product_id: { type: 'number' }, bags: { type: 'number' } }, ['product_id', 'bags']),
      needs: 'product_id',
      run: ({ product_id: product, bags }, { user }) =>
        json({ result: `${String(bags)} bags of ${String(product)} for ${user.name.toUpperCase()}` }),
    },
  ];
}
