import * as z from 'zod/mini';

import type { Identity } from '../../core/result.ts';
import { type Overview, text, type Tool, tool } from './tool.ts';

export const whoami: Tool = tool({
  name: 'whoami',
  title: 'Who Am I',
  description: 'Ask the database which user and role queries run as.',
  idempotent: true,
  input: z.strictObject({}),
  output: {
    properties: { connection: text, user: text, role: text, details: { type: 'object' } },
    required: ['user'],
  },
  async run(run) {
    const identity = await run.withSession((session, { signal }) => session.whoami(signal));
    return { connection: run.connection.wire.id, ...plain(identity) };
  },
});

function plain({ user, role, details }: Identity): Record<string, unknown> {
  return { user, ...(role !== undefined && { role }), ...(Object.keys(details).length > 0 && { details }) };
}

export const listConnections: Overview = {
  name: 'list_connections',
  title: 'List Data Connections',
  description:
    'List the configured connections: id for the other tools, kind of database, and whether the user is signed in.',
  idempotent: true,
  output: {
    properties: {
      connections: {
        type: 'array',
        items: {
          type: 'object',
          properties: { id: text, title: text, type: text, role: text, signedIn: { type: 'boolean' } },
        },
      },
    },
    required: ['connections'],
  },
  list: (connections) => ({
    connections: connections.map(({ wire, connector, role }) => ({
      id: wire.id,
      ...(wire.title !== wire.id && { title: wire.title }),
      type: connector.label,
      ...(role !== undefined && { role }),
      signedIn: wire.subject !== undefined,
    })),
  }),
};
