import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as TransportV2 } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const program = fileURLToPath(new URL('stdioServer.ts', import.meta.url));
const info = { name: 'test', version: '1' };

test('it tells its token by digest, its environment by name, what its home answers, and ends when told to crash', async (t) => {
  const home = createServer((request, response) => void response.end(`${request.url}`)).listen(0, '127.0.0.1');
  await once(home, 'listening');
  t.after(() => home.close());
  const token = 'secret-token';
  const env = { DP_TOKEN: token, DP_HOME: `http://127.0.0.1:${(home.address() as AddressInfo).port}` };
  const transport = new StdioClientTransport({ command: process.execPath, args: [program], env, stderr: 'pipe' });
  const written = new Promise((resolve) => {
    transport.stderr?.once('data', (chunk: Buffer) => resolve(chunk.toString()));
  });
  const client = new Client(info);
  await client.connect(transport);
  t.after(() => client.close());
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as [{ text: string }])[0].text;
  };
  const names = JSON.parse(await call('environment')) as string[];
  const answers = {
    who: JSON.parse(await call('whoami')) as unknown,
    names: names.filter((name) => name.startsWith('DP_')),
    home: JSON.parse(await call('fetch_home')) as unknown,
    echo: await call('echo', { text: 'hi' }),
    complain: await call('complain', { text: 'a line' }),
  };
  const ended = new Promise<void>((onclose) => {
    Object.assign(client, { onclose });
  });
  const crash = await call('crash').catch(() => 'crashed');
  await ended;
  assert.deepEqual(
    { ...answers, crash, written: await written },
    {
      who: { sha256: createHash('sha256').update(token).digest('hex'), pid: (answers.who as { pid: number }).pid },
      names: ['DP_HOME', 'DP_TOKEN'],
      home: { status: 200, body: '/me' },
      echo: 'hi',
      complain: 'written',
      crash: 'crashed',
      written: 'a line\n',
    },
  );
});

test('it speaks with clients of 2026-07-28 too', async (t) => {
  const client = new ClientV2(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new TransportV2({ command: process.execPath, args: [program] }));
  t.after(() => client.close());
  const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hi' } });
  assert.deepEqual(content, [{ type: 'text', text: 'hi' }]);
});
