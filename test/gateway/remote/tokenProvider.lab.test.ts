/**
 * Acceptance rows of Airflow's token provider for MCP connections (apache/airflow#68104), here the token source of a connection:
 * servers behind HTTP and their event streams. Programs (rows 6 and 7) are in tokenProgram.lab.test.ts, settings (row 8) in
 * tokenProvider.test.ts.
 *
 * 3   the provider is called once there and its token kept for as long as its hook lives; here each request has a token that is good
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { credential } from '../../../src/core/credential.ts';
import { PassportError } from '../../../src/core/errors.ts';
import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { madeUpSource } from '../../support/madeUpSource.ts';
import { startSource } from '../../tokens/harness.ts';
import { counts, editorAt, found, readable, sent } from './evidence.ts';
import { type Mint, remoteHarness, remoteWire } from './harness.ts';

type Revision = Parameters<typeof startPlainServer>[0]['revision'];

/** A server that takes every token, a gateway with one connection to it, and an editor. */
async function provided(mint: Mint, settings: object = {}, revision: Revision = '2025-11-25') {
  const server = await startPlainServer({ revision, whois: () => 'alice' });
  const wire = remoteWire('crm', 'mcp/generic', { url: server.url, ...settings });
  const gateway = await remoteHarness([wire], mint);
  const askedBefore = gateway.asked.length;
  const editor = await editorAt(gateway, 'crm');
  return {
    server,
    wire,
    gateway,
    editor,
    askedBefore,
    async [Symbol.asyncDispose]() {
      await editor[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

const always =
  (token: string): Mint =>
  async () => ({ token });

/** A token each time. */
function counting(seconds: number): Mint {
  let minted = 0;
  return async () => {
    minted += 1;
    return { token: `token-number-${minted}`, seconds };
  };
}

test('D1: the source is asked when a token is needed, and no setting and no connection holds one', async () => {
  await using part = await provided(always('token-of-alice-0123456789'));
  await part.editor.call('whoami');
  assert.deepEqual([part.askedBefore, part.gateway.asked.length], [0, 1]);
  assert.deepEqual(found(JSON.stringify(part.wire), ['token-of-alice-0123456789']), []);
});

for (const revision of ['2024-11-05', '2025-11-25', '2026-07-28'] as const)
  test(`D2: every request to a server of ${revision} carries the token as Authorization: Bearer`, async () => {
    await using part = await provided(always('token-of-alice-0123456789'), {}, revision);
    const answer = await part.editor.call('whoami');
    assert.equal(answer.text, 'alice');
    assert.deepEqual([...new Set(sent(part.server.requests, 'authorization'))], ['Bearer token-of-alice-0123456789']);
  });

test('D2: the token wins over a fixed header of the same name', async () => {
  const settings = {
    header: 'X-Api-Key',
    template: 'key {token}',
    headers: { 'x-API-key': 'fixed', 'X-Region': 'eu' },
  };
  await using part = await provided(always('token-of-alice-0123456789'), settings);
  await part.editor.tools();
  // The server wants another header than that, so nobody gets in; what matters is what arrived.
  assert.deepEqual(
    ['x-api-key', 'x-region', 'authorization'].map((name) => [...new Set(sent(part.server.requests, name))].join()),
    ['key token-of-alice-0123456789', 'eu', ''],
  );
});

test('D3: each request has a token of its own where tokens live no longer', async () => {
  await using part = await provided(counting(0));
  for (let round = 0; round < 5; round += 1) await part.editor.call('whoami');
  const values = sent(part.server.requests, 'authorization');
  assert.equal(values.length > 7 && new Set(values).size, values.length);
  assert.deepEqual(
    part.gateway.asked.map(({ rejected }) => rejected).filter((id) => id !== undefined),
    [],
  );
});

test('D3: a token that the server refuses in the middle is replaced once, in the request that it was refused in', async () => {
  await using part = await provided(counting(600));
  await part.editor.tools();
  part.server.rejectNextTokens(1);
  const answer = await part.editor.call('whoami');
  part.server.rejectNextTokens(2);
  const refused = await part.editor.call('whoami');
  assert.deepEqual([answer.text, refused.code, part.server.executions('whoami')], ['alice', 'DP-MCP-REFUSED', 1]);
  assert.deepEqual(
    [sent(part.server.requests, 'authorization', 'tools/call'), part.gateway.asked.map(({ rejected }) => rejected)],
    [['1', '2', '2', '3'].map((number) => `Bearer token-number-${number}`), [undefined, 'token 1', 'token 2']],
  );
});

describe('A source that gives no token', () => {
  const values: Record<string, unknown> = {
    'an empty token': '',
    nothing: undefined,
    'a number': 12_345_678,
    'an object': { token: 'inner' },
    'a space': ' ',
    'two words': 'two words',
    'a line end': 'token\r\nx-injected: yes',
    'a null byte': 'token\0',
    'letters beyond ASCII': 'tökén-of-alice',
    'a token with a space around it': ' token-of-alice',
    'a token that fits into no header': 'x'.repeat(70_000),
  };
  const presets = {
    'mcp/generic': {},
    'mcp/databaseGateway': { database: 'warehouse.example' },
    'mcp/spcs': {},
  };
  for (const [what, value] of Object.entries(values))
    test(`D4: nothing is sent when the source gives ${what}`, async () => {
      for (const [type, more] of Object.entries(presets)) {
        const server = await startPlainServer({ revision: '2025-11-25', whois: () => 'alice' });
        const wire = remoteWire('crm', type, { url: server.url, ...more });
        const gateway = await remoteHarness([wire], async () => ({ token: value as string }));
        const editor = await editorAt(gateway, 'crm');
        const answer = await editor.call('whoami');
        await editor[Symbol.asyncDispose]();
        await gateway[Symbol.asyncDispose]();
        await server.close();
        assert.deepEqual([type, answer.code, server.requests.length], [type, 'DP-MCP-HEADER', 0]);
        assert.doesNotMatch(answer.text, /injected|two words|tökén|12345678|inner/);
      }
      // The source's own gate is in front of that: it names the source.
      const source = madeUpSource(() =>
        Promise.resolve(credential({ kind: 'bearer', token: value as string }, { id: 'x' })),
      );
      const running = startSource(source, { name: 'command', settings: {}, signIn: {} as never });
      const { code, message } = await running.fails();
      assert.deepEqual([code, running.known], ['DP-TOKEN-INVALID', []]);
      assert.match(message, /^The token source command gave sales something that is not a token \(/);
    });
});

describe('A server that repeats the token', () => {
  const token = 'token/of+alice==0123456789';
  const forms = [token, encodeURIComponent(token), Buffer.from(token).toString('base64')];

  for (const revision of ['2025-11-25', '2026-07-28'] as const)
    test(`D5: the token is masked in results, errors, log lines and progress of a server of ${revision}, however it is written`, async () => {
      await using part = await provided(always(token), {}, revision);
      const text = forms.join(' and ');
      const plain = { type: 'object' } as const;
      part.server.addTool({
        name: 'repeat',
        description: `Repeats ${text}`,
        inputSchema: plain,
        async run(_, { log, notify, progressToken }) {
          await log('error', `log of ${text}`);
          if (progressToken !== undefined)
            await notify('notifications/progress', { progressToken, progress: 1, message: `progress of ${text}` });
          return { content: [{ type: 'text', text }], structuredContent: { [token]: text }, _meta: { text } };
        },
      });
      part.server.addTool({
        name: 'fail',
        description: 'Fails.',
        inputSchema: plain,
        run: () => ({ isError: true, content: [{ type: 'text', text: `failed with ${text}` }] }),
      });
      const heard: unknown[] = [];
      const { client } = part.editor;
      Object.assign(client, { fallbackNotificationHandler: async (told: unknown) => void heard.push(told) });
      // The list is read before the first call, by whoever reads it.
      await part.editor.call('fail');
      await client.setLoggingLevel('debug');
      const { tools } = await client.listTools();
      const onprogress = (told: unknown): void => void heard.push(told);
      const result = await client.callTool({ name: 'repeat', arguments: {} }, undefined, { onprogress });
      const failure = await part.editor.call('fail');
      part.server.replyRaw(500, { 'content-type': 'text/plain' }, text, 'tools/call');
      const error = await part.editor.call('fail');
      const all = JSON.stringify([tools, result, failure, error, heard]);
      assert.deepEqual(found(JSON.stringify(part.server.requests), [token]), [token]);
      assert.match(all, /Repeats \[redacted\] and \[redacted\] and \[redacted\]/);
      assert.match(failure.text, /^failed with \[redacted\]/);
      assert.ok(error.code === 'DP-MCP-STATUS' && heard.length > 0, JSON.stringify(heard));
      assert.deepEqual(found(all, [token]), []);
      assert.deepEqual(found(readable(part.gateway, part.editor), [token]), []);
    });

  test('D5: the token is masked in what a server says of itself, for the editor and where it is remembered', async () => {
    const server = await startPlainServer({ revision: '2025-11-25', whois: () => 'alice' });
    const [first = '', second = '', third = ''] = forms;
    const body = ({ rpcId: id }: { rpcId: unknown }) =>
      JSON.stringify({
        jsonrpc: '2.0',
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {}, experimental: { echo: { third } } },
          serverInfo: { name: 'crm', version: '1', title: `For ${first}` },
          instructions: `Use ${second}`,
        },
      });
    server.replyRaw(200, { 'content-type': 'application/json' }, body, 'initialize');
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], always(token));
    await using editor = await editorAt(gateway, 'crm');
    const { client } = editor;
    while (gateway.remembered.length === 0) await sleep(10);
    const said = JSON.stringify([
      client.getServerVersion(),
      client.getInstructions(),
      client.getServerCapabilities(),
      gateway.remembered.map(({ facts }) => facts),
    ]);
    await server.close();
    assert.equal(client.getInstructions(), 'Use [redacted]');
    assert.ok(gateway.remembered.length > 0);
    assert.deepEqual(found(said, [token]), []);
  });
});

test('D5: half a token does not come through where a server refuses to begin', async () => {
  const opaque = `opaque-${'0123456789abcdef'.repeat(30)}`;
  const server = await startPlainServer({ revision: '2025-11-25', whois: () => 'alice' });
  const body = ({ rpcId: id }: { rpcId: unknown }) =>
    JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: `Not with ${opaque}` } });
  for (let round = 0; round < 2; round += 1)
    server.replyRaw(200, { 'content-type': 'application/json' }, body, 'initialize');
  await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], always(opaque));
  await using editor = await editorAt(gateway, 'crm');
  const answer = await editor.call('whoami');
  await server.close();
  assert.match(answer.text, /^DP-MCP-ANSWER: .*refuses to begin a conversation: Not with \[redacted\]/);
  assert.doesNotMatch(readable(gateway, editor), /opaque-0/);
});

test('D9: a test of the connection is a conversation: it tells the server and its tools, or what is wrong', async () => {
  let problem: PassportError | undefined;
  await using part = await provided(async () => {
    if (problem) throw problem;
    return { token: 'token-of-alice-0123456789', seconds: 0 };
  });
  const { details } = await part.gateway.gateway.whoami('crm');
  const tools = await part.editor.tools();
  problem = new PassportError('DP-MCP-REFUSED', { connection: 'crm', host: 'x' });
  const before = part.server.requests.length;
  await assert.rejects(part.gateway.gateway.whoami('crm'), { code: 'DP-MCP-REFUSED' });
  assert.equal(details?.['tools'], String(tools.length));
  assert.ok(details?.['server'] !== null && part.server.requests.length === before);
});

test('D10: the editor tells servers apart by the name of the connection, and their tools keep their own names', async () => {
  await using part = await provided(always('token-of-alice-0123456789'));
  const { name = '', title = '' } = part.editor.client.getServerVersion() ?? {};
  assert.deepEqual([name, title.startsWith('crm (')], ['crm', true]);
  assert.ok((await part.editor.tools()).includes('whoami'));
});

describe('A source that throws', () => {
  test('D4: an error of ours is told with its code, and nothing is sent', async () => {
    await using part = await provided(async () => {
      throw new PassportError('DP-TOKEN-INVALID', {
        source: 'command',
        connection: 'crm',
        problem: 'it is empty',
        path: 'x',
      });
    });
    const answer = await part.editor.call('whoami');
    assert.deepEqual([answer.code, part.server.requests], ['DP-TOKEN-INVALID', []]);
  });

  test('D5: any other error is told without its words, which may hold a secret', async () => {
    await using part = await provided(async () => {
      throw new TypeError('refused refresh-token-of-alice-0123456789');
    });
    const answer = await part.editor.call('whoami');
    assert.deepEqual([answer.code, part.server.requests], ['DP-INTERNAL', []]);
    assert.deepEqual(found(readable(part.gateway, part.editor), ['refresh-token-of-alice-0123456789']), []);
  });

  test('D3: in the middle ends the calls that need it and no others, and the next one works', async () => {
    let fails = false;
    await using part = await provided(async () => {
      if (fails)
        throw new PassportError('DP-TOKEN-INVALID', { source: 'x', connection: 'crm', problem: 'y', path: 'z' });
      return { token: 'token-of-alice-0123456789', seconds: 0 };
    });
    const before = await part.editor.call('whoami');
    fails = true;
    const failed = await part.editor.call('whoami');
    const listed = await part.editor.tools();
    fails = false;
    const after = await part.editor.call('whoami');
    assert.deepEqual([before.text, failed.code, after.text], ['alice', 'DP-TOKEN-INVALID', 'alice']);
    assert.ok(listed.includes('whoami'));
    assert.equal(counts(part.server.requests)['tools/call'], 2);
  });
});
