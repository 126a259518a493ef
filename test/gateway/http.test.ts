import assert from 'node:assert/strict';
import { lstat, writeFile } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { refusal } from '../identity/flows/fixture.ts';
import { connectV1 } from './clients.ts';
import { CALLER_KEY, harness, type Harness } from './harness.ts';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function send(
  { address, headers }: Pick<Harness, 'address' | 'headers'>,
  options: { method?: string; path?: string; headers?: Readonly<Record<string, string>>; body?: string } = {},
): Promise<Answer> {
  const { body = JSON.stringify(initialize), ...more } = options;
  const sent: ClientRequest = request({
    ...address,
    method: 'POST',
    path: '/mcp',
    ...more,
    headers: { ...json, ...headers, ...more.headers },
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body, headers: response.headers }), reject);
    });
  });
  sent.end(more.method === 'GET' ? undefined : body);
  return answered;
}

/** Status line and headers that come back for bytes as they are. */
async function raw({ address }: Harness, bytes: string): Promise<string> {
  const socket: Socket =
    'socketPath' in address ? connect(address.socketPath) : connect(address.port ?? 0, address.host);
  socket.end(bytes);
  return text(socket);
}

async function refused(gateway: Harness, options: Parameters<typeof send>[1]): Promise<void> {
  const { status, body, headers } = await send(gateway, options);
  const told = Object.keys(headers)
    .filter((name) => name !== 'date')
    .sort();
  assert.deepEqual({ status, body, told }, { status: 404, body: '', told: ['connection', 'content-length'] });
}

async function works(gateway: Harness): Promise<void> {
  assert.equal((await send(gateway)).status, 200);
}

test('a request without the caller key, or with another one, is answered by a bare 404', async () => {
  await using gateway = await harness();
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    CALLER_KEY,
    `Basic ${CALLER_KEY}`,
    `Bearer ${CALLER_KEY}0`,
    `bearer ${CALLER_KEY}`,
  ]) {
    await refused(gateway, { headers: { authorization } });
  }
  await works(gateway);
});

test('a request for another host is refused on a socket and on TCP', async () => {
  await using socket = await harness();
  for (const host of ['evil.example', 'localhost:80', '127.0.0.1']) await refused(socket, { headers: { host } });
  await works(socket);
  await using tcp = await harness({ where: 'tcp' });
  for (const host of [
    'evil.example',
    'localhost',
    '127.0.0.1',
    '127.0.0.1:1',
    `127.0.0.1.evil.example:${tcp.url.port}`,
  ]) {
    await refused(tcp, { headers: { host } });
  }
  await works(tcp);
});

test('on TCP it listens on 127.0.0.1 and on no other address of the machine', async () => {
  await using gateway = await harness({ where: 'tcp' });
  const port = Number(gateway.url.port);
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((at) => at !== undefined && at.address !== '127.0.0.1' && !at.scopeid)
    .map((at) => at?.address ?? '');
  assert.equal(await refusal(port, '127.0.0.1'), undefined);
  // Where only one address of the loopback network is set up, there is no way to another one.
  assert.notEqual(await refusal(port, '127.0.0.2'), undefined);
  for (const address of others) assert.equal(await refusal(port, address), 'ECONNREFUSED', address);
});

test('a request that names an origin is refused, whichever it is', async () => {
  await using gateway = await harness();
  for (const origin of ['http://evil.example', 'null', 'vscode-webview://x', 'http://localhost', '']) {
    await refused(gateway, { headers: { origin } });
  }
  await works(gateway);
});

test('a preflight gets no permission', async () => {
  await using gateway = await harness();
  await refused(gateway, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } });
  await refused(gateway, { method: 'PUT' });
});

test('a body that is not declared as JSON is refused', async () => {
  await using gateway = await harness();
  for (const type of ['text/plain', 'application/jsonp', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
    await refused(gateway, { headers: { 'content-type': type } });
  }
  assert.equal((await send(gateway, { headers: { 'content-type': 'application/json; charset=utf-8' } })).status, 200);
});

test('a body that is too large, too deep, a batch, or no JSON object is refused, and the process goes on', async () => {
  await using gateway = await harness();
  const deep = `{"a":${'['.repeat(64)}${']'.repeat(64)}}`;
  for (const body of [
    '',
    'nonsense',
    '[]',
    `[${JSON.stringify(initialize)}]`,
    '1',
    'null',
    '"x"',
    deep,
    '{"jsonrpc":"2.0"}',
  ]) {
    const { status } = await send(gateway, { body });
    assert.ok(status === 404 || status === 400, `${body.slice(0, 20)}: ${status}`);
  }
  const large = JSON.stringify({ ...initialize, padding: 'x'.repeat(4 * 1024 * 1024) });
  const told = await raw(
    gateway,
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${CALLER_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n`,
  );
  assert.match(told, /^HTTP\/1\.1 404 /);
  const unsaid = await raw(
    gateway,
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${CALLER_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${(4 * 1024 * 1024 + 1).toString(16)}\r\n${'x'.repeat(4 * 1024 * 1024 + 1)}\r\n0\r\n\r\n`,
  );
  assert.match(unsaid, /^HTTP\/1\.1 404 /);
  await works(gateway);
});

test('brackets inside strings do not count as depth', async () => {
  await using gateway = await harness();
  const clientInfo = { name: `\\"${'['.repeat(100)}`, version: '1' };
  const body = JSON.stringify({ ...initialize, params: { ...initialize.params, clientInfo } });
  assert.equal((await send(gateway, { body })).status, 200);
});

test('headers that are too large, said twice or contradict each other are refused', async () => {
  await using gateway = await harness();
  const key = `Authorization: Bearer ${CALLER_KEY}`;
  const body = JSON.stringify(initialize);
  const length = `Content-Length: ${body.length}`;
  const type = 'Content-Type: application/json';
  const bad = [
    ['Host: localhost', 'Host: localhost', key, type, length],
    ['Host: localhost', key, key, type, length],
    ['Host: localhost', key, type, 'Authorization: Bearer other', length],
    ['Host: localhost', key, type, length, 'X-Database-Token: a', 'X-Database-Token: b'],
    ['Host: localhost', key, type, length, 'Transfer-Encoding: chunked'],
    ['Host: localhost', key, type, length, `X-Long: ${'x'.repeat(17_000)}`],
    ['Host: localhost', key, type, length, 'Expect: something'],
    [key, type, length],
  ];
  for (const headers of bad) {
    const told = await raw(gateway, `POST /mcp HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
    assert.match(told, /^HTTP\/1\.1 404 /, headers.join(', ').slice(0, 100));
    assert.ok(told.endsWith('\r\n\r\n'));
  }
  assert.match(await raw(gateway, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 404 /);
  const good = `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${key}\r\n${type}\r\n${length}\r\nConnection: close\r\n\r\n${body}`;
  assert.match(await raw(gateway, good), /^HTTP\/1\.1 200 /);
});

test('only /mcp and the endpoints of configured connections exist', async () => {
  await using gateway = await harness();
  for (const path of [
    '/',
    '/mcp/',
    '/mcp?x=1',
    '/mcp/other',
    '/mcp/sales/x',
    '/mcp/%E0%A4%A',
    '//mcp',
    '/register',
    '/.well-known/oauth-protected-resource',
  ]) {
    await refused(gateway, { path });
  }
  assert.equal((await send(gateway, { path: '/mcp/sales' })).status, 200);
});

test('a session id that is unknown, or of another endpoint, is refused', async () => {
  await using gateway = await harness();
  const { headers } = await send(gateway);
  const session = String(headers['mcp-session-id']);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  assert.equal((await send(gateway, { headers: { 'mcp-session-id': session }, body })).status, 200);
  await refused(gateway, { headers: { 'mcp-session-id': session }, body, path: '/mcp/sales' });
  await refused(gateway, { headers: { 'mcp-session-id': 'another' }, body });
  await refused(gateway, { body });
  await refused(gateway, { method: 'GET' });
  await refused(gateway, { method: 'DELETE' });
});

test('the socket is for its owner alone, and one left behind by a killed process is replaced', async () => {
  await using gateway = await harness();
  assert.equal((await lstat(gateway.path)).mode & 0o777, 0o600);
  // As after a kill: the file is there, and nobody listens on the new server's behalf.
  await gateway.gateway.listen({ kind: 'socket', path: gateway.path }, CALLER_KEY);
  await works(gateway);
});

test('a file that is no socket is never removed', async () => {
  await using gateway = await harness();
  const path = `${gateway.path}.txt`;
  await writeFile(path, 'precious');
  await assert.rejects(gateway.gateway.listen({ kind: 'socket', path }, CALLER_KEY), { code: 'EADDRINUSE' });
});

test('sessions beyond the limit push out the one that was quiet longest, and idle ones are dropped', async () => {
  await using gateway = await harness({ sessionLimits: { sessions: 2, idle: 60 } });
  const sessions: string[] = [];
  for (let index = 0; index < 3; index += 1) sessions.push(String((await send(gateway)).headers['mcp-session-id']));
  const body = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' });
  const alive = async (): Promise<(number | undefined)[]> =>
    Promise.all(sessions.map(async (id) => (await send(gateway, { headers: { 'mcp-session-id': id }, body })).status));
  assert.deepEqual(await alive(), [404, 200, 200]);
  gateway.time.now += 61_000;
  gateway.gateway.sweep();
  assert.deepEqual(await alive(), [404, 404, 404]);
});

test('a session with an open event stream is not idle', async () => {
  await using gateway = await harness({ sessionLimits: { sessions: 2, idle: 60 } });
  await using connected = await connectV1(gateway);
  await connected.client.ping();
  gateway.time.now += 61_000;
  gateway.gateway.sweep();
  await connected.client.ping();
});
