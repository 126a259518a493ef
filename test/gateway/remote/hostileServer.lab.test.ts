import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';

import { startPlainServer } from '../../lab/mcp/plainServer.ts';
import { listen } from '../../lab/tokenServices/listen.ts';
import { remoteHarness, remoteWire, textOf } from './harness.ts';
import { call, mint, started, whois } from './plainGround.ts';

interface Rpc {
  readonly id?: number;
  readonly method?: string;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly message: Rpc;
}

const tools = [{ name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } }];
const usual = (message: Rpc): unknown =>
  message.method === 'initialize'
    ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'raw', version: '1' } }
    : { tools };

/** A server that does as a test says; `answer` returns true for what it answered itself. */
async function rawServer(answer: (asked: Asked) => boolean) {
  const seen: (readonly [method: string, rpc: string | undefined, token: string | undefined])[] = [];
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const message = request.method === 'POST' ? ((await json(request)) as Rpc) : {};
    seen.push([request.method ?? '', message.method, request.headers.authorization]);
    if (answer({ request, response, message })) return;
    if (request.method !== 'POST') return void response.writeHead(405).end();
    if (message.id === undefined) return void response.writeHead(202).end();
    const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, result: usual(message) });
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' }).end(text);
  }
  const { host, close } = await listen(
    createServer((request, response) => void handle(request, response).catch(() => response.destroy())),
  );
  return { url: `http://${host}/mcp`, seen, [Symbol.asyncDispose]: close };
}

describe('A server that does not keep to the protocol', () => {
  test('can not answer a request that is not the current one, to get tools past the user', async () => {
    const foreign = { jsonrpc: '2.0', id: 99, method: 'ping', result: { tools: [{ name: 'evil' }] } };
    await using server = await rawServer(({ response, message }) => {
      if (message.method !== 'tools/call') return false;
      const events = [foreign, { jsonrpc: '2.0', id: 98, result: { tools: 'x'.repeat(40_000) } }];
      const answer = { jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text: 'done' }] } };
      const text = [...events, answer].map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
      return true;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    const heard: unknown[] = [];
    const { transport } = editor;
    const receive = transport.onmessage?.bind(transport);
    Object.assign(transport, {
      onmessage: (message: Parameters<NonNullable<typeof receive>>[0]) => {
        heard.push(message);
        receive?.(message);
      },
    });
    const answer = await call(editor, 'echo');
    assert.equal(textOf(answer), 'done');
    const text = JSON.stringify(heard);
    assert.ok(!text.includes('evil') && !text.includes('xxxx'), text.slice(0, 500));
  });

  test('whose stream breaks off while the token ends has the call once, and no second time with the new token', async () => {
    let calls = 0;
    await using server = await rawServer(({ request, response, message }) => {
      if (message.method === 'tools/call') {
        calls += 1;
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: 1\nretry: 100\ndata: \n\n');
        return true;
      }
      if (request.method === 'GET' && request.headers['last-event-id'] === '1') {
        response.writeHead(401).end();
        return true;
      }
      return false;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    const answer = await call(editor, 'echo');
    assert.match(textOf(answer), /^DP-MCP-LOST: /);
    assert.equal(calls, 1);
  });

  test('that answers 400 to a session that it has forgotten is begun with anew', async () => {
    let session = 0;
    await using server = await rawServer(({ request, response, message }) => {
      if (message.method === 'initialize') session += 1;
      if (message.method !== 'tools/call') return false;
      if (session === 1) {
        const error = { code: -32000, message: 'Bad Request: No valid session ID provided' };
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
        return true;
      }
      assert.ok(request.headers['mcp-session-id']);
      const result = { content: [{ type: 'text', text: 'found again' }] };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
      return true;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    assert.equal(textOf(await call(editor, 'echo')), 'found again');
  });

  test('that nests an answer deeper than any program copies it has it cut there, however harmless its text is', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await using server = await rawServer(({ response, message }) => {
      if (message.method !== 'tools/call') return false;
      const result = `{"content":[{"type":"text","text":"done"}],"structuredContent":{"deep":${deep}}}`;
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${message.id},"result":${result}}`);
      return true;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    const answer = await call(editor, 'echo');
    assert.match(textOf(answer), /^done/);
    assert.ok(JSON.stringify(answer).length < 2000);
  });

  test('that pretty-prints its answers is understood, in a stream as well', async () => {
    await using server = await rawServer(({ response, message }) => {
      if (message.method !== 'tools/call') return false;
      const result = { content: [{ type: 'text', text: 'over\nseveral lines' }] };
      const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, result }, undefined, 2);
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: ${text.replaceAll('\n', '\ndata: ')}\n\n`);
      return true;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    assert.equal(textOf(await call(editor, 'echo')), 'over\nseveral lines');
  });

  test('that switches protocols in the place of an answer fails the call', async () => {
    await using server = await rawServer(({ response, message }) => {
      if (message.method !== 'tools/call') return false;
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      return true;
    });
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
    await using editor = await gateway.connect('crm');
    assert.match(textOf(await call(editor, 'echo')), /^DP-MCP-LOST: /);
  });
});

describe('Conversations', () => {
  test('first calls at the same time are all answered, over one stream of events as well', async () => {
    for (const revision of ['2024-11-05', '2025-11-25'] as const) {
      const server = await startPlainServer({ revision, whois });
      await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url: server.url })], mint);
      await using editor = await gateway.connect('crm');
      const answers = await Promise.all(['a', 'b', 'c', 'd'].map((text) => call(editor, 'echo', { text })));
      assert.deepEqual(answers.map(textOf), ['a', 'b', 'c', 'd']);
      await server.close();
    }
  });

  test('a sign-out ends the session at the server, with the token that it was held with', async () => {
    await using setup = await started();
    const { server, plain } = setup;
    await using gateway = await remoteHarness([plain()], mint);
    await using editor = await gateway.connect('crm');
    await call(editor, 'whoami');
    const asked = gateway.asked.length;
    await gateway.signOut('alice');
    const goodbye = await server.until(({ method }) => method === 'DELETE');
    assert.equal(goodbye.token, 'token-of-alice-canary');
    assert.equal(gateway.asked.length, asked);
  });

  test('a limit that is raised counts at once', async () => {
    await using setup = await started();
    const { plain } = setup;
    const narrow = { ...plain(), limits: { rows: 1, cellLength: 100, bytes: 10_000, seconds: 60 } };
    await using gateway = await remoteHarness([narrow], mint);
    await using editor = await gateway.connect('crm');
    assert.match(textOf(await call(editor, 'big', { bytes: 20_000 })), /Cut by Data Passport/);
    await gateway.gateway.replaceConnections([{ ...narrow, limits: { ...narrow.limits, bytes: 1_000_000 } }]);
    assert.equal(textOf(await call(editor, 'big', { bytes: 20_000 })).length, 20_000);
  });

  test('a client that began while nobody was signed in begins again, because the server offers more than it was told', async () => {
    await using setup = await started();
    const { plain } = setup;
    await using gateway = await remoteHarness([{ ...plain(), subject: undefined }], mint);
    await using early = await gateway.connect('crm');
    assert.equal(early.client.getServerCapabilities()?.resources, undefined);
    await gateway.signIn([plain()]);
    assert.match(textOf(await call(early, 'whoami')), /alice/);
    await assert.rejects(call(early, 'whoami'), { code: 404 });
    await using again = await gateway.connect('crm');
    assert.ok(again.client.getServerCapabilities()?.resources);
  });
});
