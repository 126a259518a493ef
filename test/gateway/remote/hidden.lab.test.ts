import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { editorHeaders, rawRequest } from './evidence.ts';
import { type RemoteHarness, remoteHarness } from './harness.ts';
import { mint, started } from './plainGround.ts';

/** What comes back for a request of an editor, without what differs from moment to moment. */
async function answerTo(
  gateway: RemoteHarness,
  connection: string,
  wish: { method?: string; session?: string; body?: object },
) {
  const { session, ...request } = wish;
  const { status, headers, body } = await rawRequest(gateway, connection, {
    ...request,
    headers: editorHeaders(gateway, session),
  });
  return { status, body, headers: headers.replace(/Date\n.*/, 'Date') };
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'editor', version: '1' } },
};
const whoami = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami', arguments: {} } };

describe('A remote MCP server that agents may not use', () => {
  test('is a bare 404 for them, as if there were none, and no token is asked for', async () => {
    await using setup = await started();
    await using gateway = await remoteHarness([{ ...setup.plain(), hidden: true }], mint);
    for (const wish of [
      { body: initialize },
      { body: whoami },
      { method: 'GET' },
      { method: 'DELETE' },
      { session: 'any', body: whoami },
    ]) {
      const answer = await answerTo(gateway, 'crm', wish);
      assert.deepEqual([answer.status, answer.body], [404, '']);
      assert.deepEqual(answer, await answerTo(gateway, 'nowhere', wish));
    }
    assert.deepEqual([gateway.asked, setup.server.requests], [[], []]);
  });

  test('answers no more in a session from before it was taken from them', async () => {
    await using setup = await started();
    await using gateway = await remoteHarness([setup.plain()], mint);
    await using editor = await gateway.connect('crm');
    const session = editor.transport.sessionId ?? '';
    assert.equal((await answerTo(gateway, 'crm', { session, body: whoami })).status, 200);
    await gateway.gateway.replaceConnections([{ ...setup.plain(), hidden: true }]);
    const { status, body } = await answerTo(gateway, 'crm', { session, body: whoami });
    assert.deepEqual([status, body, setup.server.executions('whoami')], [404, '', 1]);
  });

  test('is still there for the user, who may test it', async () => {
    await using setup = await started();
    await using gateway = await remoteHarness([{ ...setup.plain(), hidden: true }], mint);
    await gateway.gateway.whoami('crm');
    assert.deepEqual([...new Set(setup.server.requests.map(({ token }) => typeof token))], ['string']);
    assert.equal(gateway.asked[0]?.connection, 'crm');
  });
});
