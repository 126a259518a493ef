import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { remoteHarness, textOf } from './harness.ts';
import { call, changeOf, mint, started } from './plainGround.ts';

describe('Nobody signed in', () => {
  test('the server is there with the tools that the user knows, a call shows the sign-in card, and the sign-in is announced', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using first = await gateway.connect('crm');
    const known = await first.client.listTools();
    const remembered = gateway.remembered.at(-1)?.facts;
    await gateway.signOut('alice');
    await using later = await remoteHarness([{ ...plain(), subject: undefined, remembered }], () =>
      assert.fail('a token was minted for nobody'),
    );
    await using editor = await later.connect('crm', { elicitation: { url: {} } });
    const offline = await editor.client.listTools();
    const answer = await call(editor, 'whoami').then(
      () => assert.fail('the call went on'),
      (error: { code: number; data: unknown }) => error,
    );
    assert.deepEqual(offline.tools, known.tools);
    assert.equal(answer.code, -32042);
    assert.match(JSON.stringify(answer.data), /http:\/\/127\.0\.0\.1:1\/signin/);
    const changed = changeOf(editor);
    await later.gateway.replaceConnections([plain()]);
    await changed;
  });

  test('an editor that shows no card gets an error that names the command', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([{ ...plain(), subject: undefined }], mint);
    await using editor = await gateway.connect('crm');
    const { tools } = await editor.client.listTools();
    const answer = await call(editor, 'whoami');
    assert.deepEqual(tools, []);
    assert.equal(answer.isError, true);
    assert.match(textOf(answer), /^DP-SIGN-IN-REQUIRED: .*"Data Passport: Sign In"/);
  });

  test('a sign-out ends a running call, and the next user starts a conversation of their own', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    const running = call(editor, 'slow');
    await server.untilCall('slow', 'running');
    await gateway.signOut('alice');
    const ended = await running;
    await gateway.signIn([{ ...plain(), subject: 'bob' }]);
    const bob = await call(editor, 'whoami');
    assert.match(textOf(ended), /^DP-MCP-CANCELED: /);
    assert.match(textOf(bob), /bob/);
    await server.untilCall('slow', 'aborted');
  });

  test('one user never sees the list of another', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    server.addTool({
      name: 'for_alice',
      description: 'A',
      inputSchema: { type: 'object' },
      run: () => ({ content: [] }),
    });
    await editor.client.listTools();
    server.removeTool('for_alice');
    await gateway.signIn([{ ...plain(), subject: 'bob' }]);
    const { tools } = await editor.client.listTools();
    await gateway.signOut('bob');
    const offline = await editor.client.listTools();
    assert.ok(!tools.some(({ name }) => name === 'for_alice'));
    assert.ok(!offline.tools.some(({ name }) => name === 'for_alice'));
  });
});
