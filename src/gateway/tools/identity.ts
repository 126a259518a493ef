import * as z from 'zod/mini';

import type { Identity } from '../../core/result.ts';
import { sharing } from '../connectionTable.ts';
import { shortText } from '../shortText.ts';
import { flag, listOf, type Overview, record, text, type Tool, tool } from './tool.ts';

export const whoami: Tool = tool({
  name: 'whoami',
  title: 'Who Am I',
  description: 'Ask the database which user and role queries run as.',
  idempotent: true,
  input: z.strictObject({}),
  output: { user: text, role: text, sharedIdentity: flag, details: { type: 'object' } },
  async run(run) {
    const identity = await run.withSession((session, { signal }) => session.whoami(signal));
    return { connection: run.connection.wire.id, ...plain(identity), ...sharing(run.connection) };
  },
});

function plain({ user, role, details }: Identity): Record<string, unknown> {
  return { user, ...(role !== undefined && { role }), ...(Object.keys(details).length > 0 && { details }) };
}

/** Characters of an account's name. */
const LONGEST_NAME = 100;

export const listConnections: Overview = {
  name: 'list_connections',
  title: 'List Data Connections',
  description: 'List the connections: id for the other tools, kind of database, account and role that it runs as.',
  idempotent: true,
  output: {
    connections: listOf(
      record({
        id: text,
        'title?': text,
        type: text,
        'account?': text,
        'role?': text,
        signedIn: flag,
        'sharedIdentity?': flag,
      }),
    ),
  },
  list: (connections) => ({
    connections: connections.map(({ wire, connector, role }) => ({
      id: wire.id,
      ...(wire.title !== wire.id && { title: wire.title }),
      type: connector.label,
      ...(wire.account !== undefined && { account: shortText(wire.account, LONGEST_NAME) }),
      ...(role !== undefined && { role }),
      signedIn: wire.subject !== undefined,
      ...(wire.shared && { sharedIdentity: true }),
    })),
  }),
};
