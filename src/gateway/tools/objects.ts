import * as z from 'zod/mini';

import { described, path, text, type Tool, tool } from './tool.ts';

/** More names than this help nobody: the caller narrows by path or pattern. */
const MOST_OBJECTS = 500;

export const objectTools: readonly Tool[] = [
  tool({
    name: 'list_objects',
    title: 'List Data Objects',
    description: 'List the databases, schemas, tables and views that the user can see.',
    idempotent: true,
    input: z.strictObject({
      path: described(
        z.optional(path(0, 2)),
        'Container, names from the outermost inwards, such as ["SALES","PUBLIC"]; absent: where the connection stands',
      ),
      pattern: described(z.optional(z.string().check(z.maxLength(300))), 'Part of a name, case ignored'),
    }),
    output: {
      properties: {
        connection: text,
        objects: {
          type: 'array',
          items: { type: 'object', properties: { name: text, qualifiedName: text, kind: text, comment: text } },
        },
        truncated: { type: 'boolean' },
        note: text,
      },
      required: ['objects', 'truncated'],
    },
    async run(run) {
      const { path: names = [], pattern = '' } = run.arguments;
      const most = Math.min(MOST_OBJECTS, run.connection.wire.limits.rows);
      const found = await run.withSession((session, options) =>
        // One more than wanted shows whether there are more.
        session.list(names, pattern, { ...options, maxRows: most + 1 }),
      );
      const truncated = found.length > most;
      return {
        connection: run.connection.wire.id,
        objects: found.slice(0, most),
        truncated,
        ...(truncated && { note: `There are more than ${most} objects. Narrow with path or pattern.` }),
      };
    },
  }),
  tool({
    name: 'describe_object',
    title: 'Describe Data Object',
    description: 'Show the columns, types and comments of a table or view.',
    idempotent: true,
    input: z.strictObject({ path: described(path(1, 3), 'Names from the outermost inwards; the last is the object') }),
    output: {
      properties: {
        connection: text,
        qualifiedName: text,
        kind: text,
        comment: text,
        columns: {
          type: 'array',
          items: {
            type: 'object',
            properties: { name: text, type: text, nullable: { type: 'boolean' }, comment: text },
          },
        },
      },
      required: ['qualifiedName', 'columns'],
    },
    async run(run) {
      const found = await run.withSession((session, options) => session.describe(run.arguments.path, options));
      return { connection: run.connection.wire.id, ...found };
    },
  }),
];
