import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';

import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { fixtureConsentUrl } from './fixtureTools.ts';
import { type LabPlainServer, startPlainServer } from './plainServer.ts';

const info = { name: 'test', version: '1' };
const open = new Set<{ close(): Promise<void> }>();
const headersOf = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

async function start(): Promise<LabPlainServer> {
  const whois = (token: string): string | undefined => (token === 'token-a' ? 'alice' : undefined);
  const server = await startPlainServer({ revision: '2026-07-28', whois });
  open.add(server);
  return server;
}

afterEach(async () => {
  for (const each of [...open].toReversed()) await each.close().catch(() => undefined);
  open.clear();
});

suite('A plain server of 2026-07-28', () => {
  async function connectModern({ url }: LabPlainServer, token = 'token-a') {
    const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
    const client = new ClientV2(info, { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } });
    const heard: unknown[] = [];
    client.setRequestHandler('elicitation/create', ({ params }) => {
      heard.push('url' in params ? params.url : params.message);
      return { action: 'accept', content: { region: 'north' } };
    });
    client.setRequestHandler('sampling/createMessage', () => ({
      role: 'assistant',
      model: 'lab',
      content: { type: 'text', text: 'hello' },
    }));
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }));
    await client.connect(new TransportV2(new URL(url), headersOf(token)));
    open.add(client);
    const text = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
      const { content } = await client.callTool({ name, arguments: args });
      return (content as unknown as [{ text: string }])[0].text;
    };
    return { client, heard, text };
  }

  test('knows whose token came and asks by its results', async () => {
    const server = await start();
    const { client, heard, text } = await connectModern(server);
    const steps: unknown[] = [];
    await client.callTool({ name: 'progress' }, { onprogress: ({ progress }) => void steps.push(progress) });
    assert.deepEqual(
      {
        who: await text('whoami'),
        ask: await text('ask'),
        page: await text('ask_url'),
        sample: await text('sample'),
        roots: await text('roots'),
        heard,
        steps,
        read: (await client.readResource({ uri: 'note://today' })).contents[0],
        tokens: [...new Set(server.requests.map(({ token }) => token))],
      },
      {
        who: 'alice',
        ask: JSON.stringify({ action: 'accept', content: { region: 'north' } }),
        page: JSON.stringify({ action: 'accept', content: { region: 'north' } }),
        sample: JSON.stringify({ content: { type: 'text', text: 'hello' }, role: 'assistant', model: 'lab' }),
        roots: JSON.stringify({ roots: [{ uri: 'file:///work', name: 'work' }] }),
        heard: ['Which region?', fixtureConsentUrl],
        steps: [1, 2, 3],
        read: { uri: 'note://today', mimeType: 'text/plain', text: 'A note for alice' },
        tokens: ['token-a'],
      },
    );
  });

  test('notices that the client went away', async () => {
    const server = await start();
    const { client } = await connectModern(server);
    const stop = new AbortController();
    const given = client.callTool({ name: 'slow' }, { signal: stop.signal }).catch(() => 'given up');
    await server.untilCall('slow', 'running');
    stop.abort();
    await server.untilCall('slow', 'aborted');
    const { end } = await server.until(({ tool, end }) => tool === 'slow' && end !== 'open');
    assert.deepEqual([await given, end], ['given up', 'client left']);
  });

  test('has no word with an older client', async () => {
    const server = await start();
    const client = new ClientV1(info);
    await assert.rejects(client.connect(new TransportV1(new URL(server.url), headersOf('token-a'))));
    assert.deepEqual(
      server.requests.map(({ rpcMethod, status }) => ({ rpcMethod, status })),
      [{ rpcMethod: 'initialize', status: 400 }],
    );
  });
});
