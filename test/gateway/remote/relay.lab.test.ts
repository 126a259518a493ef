import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { describe, test } from 'node:test';

import { headerValues } from '../../lab/mcp/journal.ts';
import { listen } from '../../lab/tokenServices/listen.ts';
import { remoteHarness, textOf } from './harness.ts';
import { call, mint, started } from './plainGround.ts';

describe('What passes and what does not', () => {
  test('of the headers of the editor none goes on but those of the protocol', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain({ headers: { 'X-Region': 'eu' } })], mint);
    await using editor = await gateway.connect('crm');
    const before = server.requests.length;
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x' } },
    });
    const hostile = {
      'x-database-token': 'token-of-bob-hostile',
      'x-sf-spcs-authorization': 'Snowflake Token="hostile"',
      cookie: 'session=hostile',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-publisher-bypass-authorize': 'true',
      'x-region': 'hostile',
    };
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        gateway.urlOf('crm'),
        {
          method: 'POST',
          headers: {
            ...gateway.headers,
            ...hostile,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': editor.transport.sessionId ?? '',
          },
        },
        (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        },
      );
      sent.once('error', reject).end(body);
    });
    const arrived = server.requests.slice(before).filter(({ tool }) => tool === 'echo');
    assert.equal(status, 200);
    assert.equal(arrived.length, 1);
    const names = arrived.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase())).toSorted();
    assert.deepEqual(names, [
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'mcp-protocol-version',
      'mcp-session-id',
      'user-agent',
      'x-region',
    ]);
    assert.deepEqual(
      arrived.map((each) => headerValues(each, 'authorization')),
      [['Bearer token-of-alice-canary']],
    );
    assert.deepEqual(
      arrived.map((each) => headerValues(each, 'x-region')),
      [['eu']],
    );
  });

  test('a redirect is not followed, and the token goes nowhere', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    const canary: string[] = [];
    const elsewhere = await listen(
      createServer((incoming, response) => {
        canary.push(incoming.url ?? '');
        response.end();
      }),
    );
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    await call(editor, 'echo', { text: 'one' });
    for (const status of [302, 307] as const) {
      server.redirectNext(`http://${elsewhere.host}/taken`, status);
      const answer = await call(editor, 'echo', { text: 'two' });
      assert.match(textOf(answer), /^DP-MCP-REDIRECT: /);
    }
    await elsewhere.close();
    assert.deepEqual(canary, []);
  });

  test('a server that repeats the token in an error, or in an answer, gives nothing away', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    await call(editor, 'echo', { text: 'one' });
    server.echoAuthorizationNext();
    const failed = await call(editor, 'echo', { text: 'two' });
    const token = 'token-of-alice-canary';
    const forms = `${token} ${encodeURIComponent(token)} ${btoa(token)}`;
    server.replyRaw(200, { 'content-type': 'application/json' }, ({ rpcId }) =>
      JSON.stringify({ jsonrpc: '2.0', id: rpcId, result: { content: [{ type: 'text', text: forms }] } }),
    );
    const repeated = await call(editor, 'echo', { text: 'three' });
    assert.match(textOf(failed), /^DP-MCP-STATUS: /);
    assert.match(textOf(repeated), /\[redacted\]/);
    const all = JSON.stringify([failed, repeated, gateway.lines, gateway.uses.map(({ error }) => error?.facts())]);
    assert.ok(!all.includes('canary') && !all.includes(btoa(token).replace(/=+$/, '')), all);
  });

  test('texts that could act, and characters that nobody sees, become inert', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    const { tools } = await editor.client.listTools();
    const poisoned = tools.find(({ name }) => name === 'poisoned');
    const answer = textOf(await call(editor, 'poisoned'));
    assert.doesNotMatch(poisoned?.description ?? '', /[\u200b\u202a-\u202e\u{e0000}-\u{e007f}]/u);
    assert.equal(poisoned?.annotations?.readOnlyHint, undefined);
    assert.ok(!answer.includes('\u001b'));
    assert.doesNotMatch(answer, /!\[|\]\(command:|<img/);
    assert.match(answer, /Sunny/);
  });

  test('a server that the user trusts says what it says', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([plain({ trusted: true })], mint);
    await using editor = await gateway.connect('crm');
    const { tools } = await editor.client.listTools();
    const answer = textOf(await call(editor, 'poisoned'));
    assert.equal(tools.find(({ name }) => name === 'poisoned')?.annotations?.readOnlyHint, true);
    assert.match(answer, /!\[map\]/);
  });

  test('an answer that is larger than the limit is cut, and says so', async () => {
    await using setup = await started();
    const { plain } = setup;
    const wire = { ...plain(), limits: { rows: 1, cellLength: 100, bytes: 10_000, seconds: 60 } };
    await using gateway = await remoteHarness([wire], mint);
    await using editor = await gateway.connect('crm');
    const answer = await call(editor, 'big', { bytes: 2_000_000 });
    assert.ok(JSON.stringify(answer).length <= 10_000);
    assert.match(textOf(answer), /Cut by Data Passport/);
  });

  test('a large harmless answer comes through byte for byte', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    const answer = await call(editor, 'big', { bytes: 900_000 });
    assert.equal(textOf(answer), 'x'.repeat(900_000));
  });

  test('what is not allowed is refused here, with the setting to change', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain({ allow: [] })], mint);
    await using editor = await gateway.connect('crm');
    const before = server.requests.length;
    const refused = await editor.client.listResources().catch((error: Error) => error);
    assert.match(refused instanceof Error ? refused.message : '', /does not support resources|DP-MCP-NOT-ALLOWED/);
    assert.equal(server.requests.slice(before).filter(({ rpcMethod }) => rpcMethod === 'resources/list').length, 0);
  });
});
