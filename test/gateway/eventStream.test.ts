import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { harness, type Harness, subjects } from './harness.ts';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function post({ address, headers }: Harness, message: object, session?: string): Promise<IncomingMessage> {
  const named = session === undefined ? {} : { 'mcp-session-id': session };
  const sent = request({ ...address, method: 'POST', path: '/mcp', headers: { ...json, ...headers, ...named } });
  sent.end(JSON.stringify(message));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

async function initialize(gateway: Harness): Promise<string> {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const response = await post(gateway, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
  await text(response);
  const session = String(response.headers['mcp-session-id']);
  (await post(gateway, { jsonrpc: '2.0', method: 'notifications/initialized' }, session)).resume();
  return session;
}

/** Opens the event stream of a session and collects what comes. */
async function events({ address, headers }: Harness, session: string) {
  const named = { accept: 'text/event-stream', 'mcp-session-id': session };
  const sent: ClientRequest = request({ ...address, path: '/mcp', headers: { ...headers, ...named } });
  sent.on('error', () => undefined).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  assert.deepEqual([response.statusCode, response.headers['content-type']], [200, 'text/event-stream']);
  let body = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  response.on('error', () => undefined);
  return {
    body: () => body,
    close: () => sent.destroy(),
    async hears(part: string): Promise<void> {
      while (!body.includes(part)) await once(response, 'data');
    },
  };
}

const two = subjects({ sales: 'alice', hr: 'alice' });
const one = subjects({ sales: 'alice' });

test('what happens while the event stream is away is told when it is back', async () => {
  await using gateway = await harness();
  const session = await initialize(gateway);
  await gateway.gateway.replaceConnections(two);
  const stream = await events(gateway, session);
  await stream.hears('notifications/tools/list_changed');
  stream.close();
});

test('a second event stream does not end the first, and hears instead of it', async () => {
  await using gateway = await harness();
  const session = await initialize(gateway);
  const first = await events(gateway, session);
  const second = await events(gateway, session);
  await gateway.gateway.replaceConnections(two);
  await second.hears('notifications/tools/list_changed');
  assert.doesNotMatch(first.body(), /list_changed/);
  second.close();
  // The gateway notices the loss in its own time; what it sends by then goes to whoever is left.
  await gateway.gateway.replaceConnections(one);
  while (!first.body().includes('list_changed')) {
    await gateway.gateway.replaceConnections(two);
    await gateway.gateway.replaceConnections(one);
    await new Promise((resolve) => setImmediate(resolve));
  }
  first.close();
});

test('an id that is still in use is refused without disturbing the first call', async () => {
  await using gateway = await harness();
  const session = await initialize(gateway);
  const call = (sql: string): object => ({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'query', arguments: { sql } },
  });
  const first = post(gateway, call('wait'), session);
  while (!gateway.database.events.includes('query alice wait')) await new Promise((resolve) => setImmediate(resolve));
  const second = await post(gateway, call('a'), session);
  assert.equal(second.statusCode, 200);
  const refusal = JSON.parse(await text(second)) as { error: { code: number } };
  assert.equal(refusal.error.code, -32600);
  gateway.database.finish();
  const answer = JSON.parse(await text(await first)) as { result: { structuredContent: { rows: unknown } } };
  assert.deepEqual(answer.result.structuredContent.rows, [[1]]);
  assert.deepEqual(gateway.database.events, ['open alice', 'query alice wait']);
});

test('a request that is no message of the protocol is refused, and an unknown method is answered', async () => {
  await using gateway = await harness();
  const session = await initialize(gateway);
  for (const message of [{}, { jsonrpc: '1.0', id: 1, method: 'ping' }, { jsonrpc: '2.0', id: {}, method: 'ping' }]) {
    assert.equal((await post(gateway, message, session)).statusCode, 404);
  }
  const unknown = await post(gateway, { jsonrpc: '2.0', id: 2, method: 'nothing/known' }, session);
  assert.equal(unknown.statusCode, 200);
  assert.equal((JSON.parse(await text(unknown)) as { error: { code: number } }).error.code, -32601);
});
