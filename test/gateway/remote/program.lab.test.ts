import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { listen } from '../../lab/tokenServices/listen.ts';
import { remoteHarness, remoteWire, textOf } from './harness.ts';

const program = join(import.meta.dirname, '..', '..', 'lab', 'mcp', 'stdioServer.ts');
const settings = { command: process.execPath, args: [program] };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const json = (result: unknown): Record<string, unknown> => JSON.parse(textOf(result)) as Record<string, unknown>;

test('a program gets the token in the variable of the user and in no other, and nothing of ours that could hold a secret', async () => {
  process.env['SECRET_OF_THE_EDITOR'] = 'not for programs';
  const wire = remoteWire('tool', 'mcp/stdio', { ...settings, tokenVariable: 'DP_TOKEN', env: { REGION: 'eu' } });
  await using gateway = await remoteHarness([wire], () => Promise.resolve({ token: 'token-of-alice' }));
  await using editor = await gateway.connect('tool');
  const who = json(await editor.client.callTool({ name: 'whoami', arguments: {} }));
  const names = JSON.parse(textOf(await editor.client.callTool({ name: 'environment', arguments: {} }))) as string[];
  delete process.env['SECRET_OF_THE_EDITOR'];
  assert.equal(who['sha256'], sha256('token-of-alice'));
  assert.ok(names.includes('DP_TOKEN') && names.includes('REGION'));
  assert.deepEqual(
    names.filter((name) => /SECRET|NODE_|ELECTRON|VSCODE|npm_|NODE_CHANNEL/i.test(name)),
    [],
  );
});

test('a program whose token ends is started anew with a fresh one, and nobody notices', async () => {
  let minted = 0;
  const wire = remoteWire('tool', 'mcp/stdio', { ...settings, tokenVariable: 'DP_TOKEN' });
  await using gateway = await remoteHarness([wire], () => {
    minted += 1;
    return Promise.resolve({ token: `token-number-${minted}`, seconds: 2 });
  });
  await using editor = await gateway.connect('tool');
  const first = json(await editor.client.callTool({ name: 'whoami', arguments: {} }));
  let next = first;
  while (next['pid'] === first['pid']) next = json(await editor.client.callTool({ name: 'whoami', arguments: {} }));
  assert.equal(first['sha256'], sha256('token-number-1'));
  assert.notEqual(next['sha256'], first['sha256']);
  assert.equal(next['sha256'], sha256(`token-number-${minted}`));
});

test('a program that ends in a call fails that call, is not called twice, and is there for the next one', async () => {
  const wire = remoteWire('tool', 'mcp/stdio', { ...settings, tokenVariable: 'DP_TOKEN' });
  await using gateway = await remoteHarness([wire], () => Promise.resolve({ token: 'token-of-alice' }));
  await using editor = await gateway.connect('tool');
  const crash = await editor.client.callTool({ name: 'crash', arguments: {} });
  const after = await editor.client.callTool({ name: 'echo', arguments: { text: 'still here' } });
  assert.equal(crash.isError, true);
  assert.match(textOf(crash), /^DP-MCP-PROGRAM: /);
  assert.equal(textOf(after), 'still here');
});

test('a program that is not there is named, with what to do', async () => {
  const wire = remoteWire('tool', 'mcp/stdio', { command: '/nowhere/mcp-server', tokenVariable: 'DP_TOKEN' });
  await using gateway = await remoteHarness([wire], () => Promise.resolve({ token: 'token-of-alice' }));
  await using editor = await gateway.connect('tool');
  const answer = await editor.client.callTool({ name: 'echo', arguments: {} });
  assert.match(textOf(answer), /^DP-MCP-PROGRAM: The program \/nowhere\/mcp-server of tool is not there\./);
});

test('a program that was given an address of the gateway reaches its service as the user and never has the token', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const known = request.headers.authorization === 'Bearer token-of-alice' && request.url === '/base/me';
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{"me":"alice"}');
  });
  const service = await listen(server);
  const api = { variable: 'DP_HOME', url: `http://${service.host}/base` };
  await using gateway = await remoteHarness([remoteWire('tool', 'mcp/stdio', { ...settings, api })], () =>
    Promise.resolve({ token: 'token-of-alice' }),
  );
  await using editor = await gateway.connect('tool');
  const me = json(await editor.client.callTool({ name: 'fetch_home', arguments: {} }));
  const who = json(await editor.client.callTool({ name: 'whoami', arguments: {} }));
  await service.close();
  assert.deepEqual(me, { status: 200, body: '{"me":"alice"}' });
  assert.deepEqual(seen, ['Bearer token-of-alice']);
  assert.equal(who['sha256'], null);
});
