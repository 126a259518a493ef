import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { remoteHarness, remoteWire, textOf } from './harness.ts';
import { call, mint, started, whois } from './plainGround.ts';

describe('When the server fails', () => {
  test('a stream that is cut before its answer is not sent again', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    await editor.client.listTools();
    server.cutNextStream();
    const answer = await call(editor, 'whoami');
    assert.match(textOf(answer), /^DP-MCP-LOST: .*may have run/);
    assert.equal(server.executions('whoami'), 1);
  });

  test('a server that is down is named, its known tools stay, and it is found again', async () => {
    const mine = await startPlainServer({ revision: '2025-11-25', whois });
    const wire = remoteWire('crm', 'mcp/generic', { url: mine.url });
    await using gateway = await remoteHarness([wire], mint);
    await using editor = await gateway.connect('crm');
    const { tools } = await editor.client.listTools();
    await mine.close();
    const answer = await call(editor, 'whoami');
    const offline = await editor.client.listTools();
    assert.match(textOf(answer), /^DP-MCP-(?:UNREACHABLE|LOST): /);
    assert.deepEqual(offline.tools, tools);
  });

  test('a call that takes too long is ended on both sides', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    const wire = { ...plain(), limits: { rows: 1, cellLength: 100, bytes: 10_000, seconds: 1 } };
    await using gateway = await remoteHarness([wire], mint);
    await using editor = await gateway.connect('crm');
    const answer = await call(editor, 'slow');
    await server.untilCall('slow', 'aborted');
    assert.match(textOf(answer), /^DP-MCP-TIMEOUT: .* 1 seconds/);
  });

  test('a page of HTML, and an answer that is not JSON-RPC, are told as such', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    await editor.client.listTools();
    server.htmlNext();
    const page = await call(editor, 'whoami');
    server.replyRaw(200, { 'content-type': 'application/json' }, '{"hello":"world"}');
    const other = await call(editor, 'whoami');
    assert.match(textOf(page), /^DP-MCP-ANSWER: .*text\/html/);
    assert.match(textOf(other), /^DP-MCP-ANSWER: /);
  });
});
