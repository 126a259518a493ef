import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';

import type { PassportError } from '../../src/core/errors.ts';
import { connectV1, connectV2 } from './clients.ts';
import { wire } from './fakeDatabase.ts';
import { harness, type Harness } from './harness.ts';

const sql = 'wait';
const ran = ['open alice', 'query alice wait', 'cancel'];

/** Resolves when the fake database has seen this. */
async function seen({ database }: Harness, event: string): Promise<void> {
  while (!database.events.includes(event)) await new Promise((resolve) => setImmediate(resolve));
}

function lastError(gateway: Harness): PassportError['code'] | undefined {
  return gateway.uses.at(-1)?.error?.code;
}

for (const [name, open] of [
  ['the previous SDK', (gateway: Harness) => connectV1(gateway)],
  ['the current SDK (2025-11-25)', (gateway: Harness) => connectV2(gateway, 'legacy')],
  ['the current SDK (2026-07-28)', (gateway: Harness) => connectV2(gateway, 'auto')],
] as const) {
  test(`a call that a client of ${name} cancels is gone from the database`, async () => {
    await using gateway = await harness();
    await using connected = await open(gateway);
    const stop = new AbortController();
    const failed = assert.rejects(connected.query(sql, stop.signal));
    await seen(gateway, 'query alice wait');
    stop.abort();
    await failed;
    await seen(gateway, 'cancel');
    assert.deepEqual(gateway.database.events, ran);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(lastError(gateway), 'DP-QUERY-CANCELED');
    // The session is whole and serves the next call.
    await connected.query('a');
    assert.deepEqual(gateway.database.events, [...ran, 'query alice a']);
  });
}

test('a client that is suddenly gone takes its statement with it', async () => {
  await using gateway = await harness();
  await using connected = await connectV1(gateway);
  const sent = request({
    ...gateway.address,
    method: 'POST',
    path: '/mcp',
    headers: {
      ...gateway.headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': connected.transport.sessionId,
    },
  });
  sent.on('error', () => undefined);
  const call = { jsonrpc: '2.0', id: 'x', method: 'tools/call', params: { name: 'query', arguments: { sql } } };
  sent.end(JSON.stringify(call));
  await seen(gateway, 'query alice wait');
  sent.destroy();
  await seen(gateway, 'cancel');
  assert.deepEqual(gateway.database.events, ran);
});

test('a session that is deleted takes its statements with it', async () => {
  await using gateway = await harness();
  await using connected = await connectV1(gateway);
  const call = connected.client.callTool({ name: 'query', arguments: { sql } });
  call.catch(() => undefined);
  await seen(gateway, 'query alice wait');
  await connected.transport.terminateSession();
  await seen(gateway, 'cancel');
  assert.equal(gateway.gateway.counts().mcpSessions, 0);
});

test('a statement over its time limit ends with a sentence that names the limit', async () => {
  const limits = { rows: 1, cellLength: 100, bytes: 1000, seconds: 0.01 };
  await using gateway = await harness({ connections: [wire('sales', { limits })] });
  await using connected = await connectV1(gateway);
  const { isError, structuredContent } = await connected.client.callTool({ name: 'query', arguments: { sql } });
  const { error } = structuredContent as { error: { code: string; message: string } };
  assert.deepEqual(
    [isError, error.code, error.message],
    [true, 'DP-QUERY-TIMEOUT', 'The statement ran longer than 0.01 seconds on sales and was canceled.'],
  );
  assert.deepEqual(gateway.database.events, ran);
});

test('a sign-out cancels the running statement, closes its session, and says so to the caller', async () => {
  await using gateway = await harness({
    connections: [wire('sales'), wire('other', { identityProvider: 'partner', subject: 'bob' })],
  });
  await using connected = await connectV1(gateway);
  const { client } = connected;
  await client.callTool({ name: 'query', arguments: { connection: 'other', sql: 'a' } });
  const call = client.callTool({ name: 'query', arguments: { connection: 'sales', sql } });
  await seen(gateway, 'query alice wait');
  await gateway.gateway.signedOut('corp');
  assert.deepEqual(gateway.database.events, ['open bob', 'query bob a', ...ran, 'close alice']);
  const { structuredContent } = await call;
  assert.equal((structuredContent as { error: { code: string } }).error.code, 'DP-QUERY-CANCELED');
});

test('a connection that now belongs to another user ends what ran as the first; other settings let it finish', async () => {
  await using gateway = await harness();
  await using connected = await connectV1(gateway);
  const first = connected.client.callTool({ name: 'query', arguments: { sql } });
  await seen(gateway, 'query alice wait');
  await gateway.gateway.replaceConnections([wire('sales', { subject: 'bob' })]);
  assert.equal((await first).isError, true);
  assert.deepEqual(gateway.database.events, [...ran, 'close alice']);
  const second = connected.client.callTool({ name: 'query', arguments: { sql } });
  await seen(gateway, 'query bob wait');
  await gateway.gateway.replaceConnections([wire('sales', { subject: 'bob', settings: { host: 'new.example' } })]);
  gateway.database.finish();
  assert.equal((await second).isError, undefined);
  assert.deepEqual(gateway.database.events.slice(ran.length + 1), ['open bob', 'query bob wait', 'close bob']);
});

test('a gateway that stops cancels what runs, says so, and closes every session', async () => {
  await using gateway = await harness();
  await using connected = await connectV1(gateway);
  const call = connected.client.callTool({ name: 'query', arguments: { sql } });
  await seen(gateway, 'query alice wait');
  await gateway.gateway.close();
  assert.deepEqual(gateway.database.events, [...ran, 'close alice']);
  const { structuredContent } = await call;
  assert.equal((structuredContent as { error: { code: string } }).error.code, 'DP-QUERY-CANCELED');
  assert.deepEqual(gateway.gateway.counts(), { databaseSessions: 0, mcpSessions: 0 });
});

test('a call that takes long is answered as an event stream that is kept alive, with progress for who asked', async (context) => {
  await using gateway = await harness();
  await using connected = await connectV1(gateway);
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const sent = request({
    ...gateway.address,
    method: 'POST',
    path: '/mcp',
    headers: {
      ...gateway.headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': connected.transport.sessionId,
    },
  });
  const params = { name: 'query', arguments: { sql }, _meta: { progressToken: 'p' } };
  sent.end(JSON.stringify({ jsonrpc: '2.0', id: 'x', method: 'tools/call', params }));
  await seen(gateway, 'query alice wait');
  context.mock.timers.tick(5000);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  assert.deepEqual([response.statusCode, response.headers['content-type']], [200, 'text/event-stream']);
  let body = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  context.mock.timers.tick(15_000);
  gateway.database.finish();
  await once(response, 'end');
  assert.ok(body.includes(': keep-alive\n\n'), body);
  const messages = body.split('\n').filter((line) => line.startsWith('data: '));
  const parsed = messages.map((line) => JSON.parse(line.slice(6)) as { params?: object; id?: string });
  assert.deepEqual(parsed[0]?.params, { progressToken: 'p', progress: 5, message: 'Running for 5 seconds' });
  assert.equal(parsed.at(-1)?.id, 'x');
});
