import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { remoteHarness, remoteWire, textOf } from './harness.ts';

const revisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;

for (const revision of revisions) {
  describe(`A server of ${revision} behind the gateway, for an editor of 2025-11-25`, () => {
    test('lists its tools and answers calls as the user', async () => {
      const server = await startPlainServer({
        revision,
        whois: (token) => (token === 'token-of-alice' ? 'alice' : undefined),
      });
      await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], () =>
        Promise.resolve({ token: 'token-of-alice' }),
      );
      await using editor = await gateway.connect('crm');
      const { tools } = await editor.client.listTools();
      const names = tools.map(({ name }) => name);
      const answer = await editor.client.callTool({ name: 'whoami', arguments: {} });
      assert.ok(names.includes('whoami'), names.join());
      assert.match(textOf(answer), /alice/);
      await server.close();
    });
  });
}
