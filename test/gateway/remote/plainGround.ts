import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { type RemoteHarness, remoteWire } from './harness.ts';

/** Whom the tokens of these tests belong to. */
export const whois = (token: string): string | undefined => /^token-of-(alice|bob)/.exec(token)?.[1];
export const mint = ({ subject }: { subject?: string | undefined }) =>
  Promise.resolve({ token: `token-of-${subject}-canary` });

/** A server of its own for each test, and what a connection to it looks like. */
export async function started() {
  const server = await startPlainServer({ revision: '2025-11-25', whois });
  const plain = (settings: Readonly<Record<string, unknown>> = {}) =>
    remoteWire('crm', 'mcp/generic', { url: server.url, ...settings });
  return { server, plain, [Symbol.asyncDispose]: () => server.close() };
}

export const call = (
  editor: Awaited<ReturnType<RemoteHarness['connect']>>,
  name: string,
  args: Record<string, unknown> = {},
) => editor.client.callTool({ name, arguments: args });

/** Resolves when the editor hears that the list of tools changed. */
export function changeOf(editor: Awaited<ReturnType<RemoteHarness['connect']>>): Promise<void> {
  return new Promise((resolve) => {
    editor.client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve());
  });
}
