import * as z from 'zod/mini';

import { boundedItems } from '../boundedItems.ts';
import { shortText } from '../shortText.ts';
import { described, flag, listOf, path, record, text, type Tool, tool } from './tool.ts';

/** More names than this help nobody: the caller narrows by path or pattern. */
const MOST_OBJECTS = 500;
/** PostgreSQL has at most 1600 in a table. */
const MOST_COLUMNS = 2000;

export const objectTools: readonly Tool[] = [
  tool({
    name: 'list_objects',
    title: 'List Data Objects',
    description: 'List databases, schemas, or the tables and views in one.',
    idempotent: true,
    input: z.strictObject({
      path: described(z.optional(path(0, 2)), 'Database or schema, from the outside in: ["SALES","PUBLIC"]'),
      pattern: described(z.optional(z.string()), 'Part of a name, case ignored'),
    }),
    output: {
      objects: listOf(record({ name: text, qualifiedName: text, kind: text, 'comment?': text })),
      truncated: flag,
      note: text,
    },
    async run(run) {
      const { path: names = [], pattern = '' } = run.arguments;
      const { id, limits } = run.connection.wire;
      const most = Math.min(MOST_OBJECTS, limits.rows);
      const found = await run.withSession((session, options) =>
        // One more than wanted shows whether there are more.
        session.list(names, pattern, { ...options, maxRows: most + 1 }),
      );
      const { items, truncated, note } = boundedItems(found, { ...limits, items: most, kind: 'objects' });
      const narrower = items.length < found.length ? ' Narrow with path or pattern.' : '';
      return { connection: id, objects: items, truncated, ...(note !== undefined && { note: note + narrower }) };
    },
  }),
  tool({
    name: 'describe_object',
    title: 'Describe Data Object',
    description: 'Show the columns, types and comments of a table or view.',
    idempotent: true,
    input: z.strictObject({ path: described(path(1, 3), 'Names from the outside in') }),
    output: {
      qualifiedName: text,
      kind: text,
      comment: text,
      columns: listOf(record({ name: text, type: text, nullable: flag, 'comment?': text })),
      truncated: flag,
      note: text,
    },
    async run(run) {
      const found = await run.withSession((session, options) => session.describe(run.arguments.path, options));
      const { id, limits } = run.connection.wire;
      const { qualifiedName, kind, comment } = found;
      const bounds = { ...limits, items: MOST_COLUMNS, kind: 'columns' };
      const { items, ...cut } = boundedItems(found.columns, bounds);
      return {
        connection: id,
        qualifiedName,
        kind,
        ...(comment !== undefined && { comment: shortText(comment, limits.cellLength) }),
        columns: items,
        ...cut,
      };
    },
  }),
];
