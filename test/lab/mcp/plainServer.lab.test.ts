import assert from 'node:assert/strict';
import { after, afterEach, suite, test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { fixtureConsentUrl, poisonedDescription, poisonedText } from './fixtureTools.ts';
import type { Revision } from './fixtureTypes.ts';
import { headerValues } from './journal.ts';
import { type LabPlainServer, startPlainServer } from './plainServer.ts';

const whois = (token: string): string | undefined => ({ 'token-a': 'alice', 'token-b': 'bob' })[token];
const info = { name: 'test', version: '1' };
const open = new Set<{ close(): Promise<void> }>();

async function start(revision: Revision): Promise<LabPlainServer> {
  const server = await startPlainServer({ revision, whois });
  open.add(server);
  return server;
}

const headersOf = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

/** A client of SDK v1 that takes everything that a server may ask. */
async function connect({ url, revision }: LabPlainServer, token = 'token-a') {
  const client = new Client(info, { capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} } });
  const heard: unknown[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    heard.push('url' in params ? params.url : params.message);
    return { action: 'accept', content: { region: 'north' } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'lab',
    content: { type: 'text', text: 'hello' },
  }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }));
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.level));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard.push('tools'));
  const transport =
    revision === '2024-11-05'
      ? new SSEClientTransport(new URL(url), headersOf(token))
      : new StreamableHTTPClientTransport(new URL(url), headersOf(token));
  await client.connect(transport);
  open.add(client);
  const text = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as [{ text: string }])[0].text;
  };
  return { client, heard, text };
}

async function closeAll(): Promise<void> {
  for (const each of [...open].toReversed()) await each.close().catch(() => undefined);
  open.clear();
}

/** Lets what was sent arrive. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

afterEach(closeAll);
after(closeAll);

for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const) {
  suite(`A plain server of ${revision}`, () => {
    test('knows whose token came, answers its tools and tells of what it does', async () => {
      const server = await start(revision);
      const { client, heard, text } = await connect(server);
      const steps: unknown[] = [];
      const { tools } = await client.listTools();
      await client.callTool({ name: 'progress' }, undefined, {
        onprogress: ({ progress }) => void steps.push(progress),
      });
      await client.setLoggingLevel('info');
      assert.deepEqual(
        {
          who: await text('whoami'),
          echo: await text('echo', { text: 'hi' }),
          big: (await text('big', { bytes: 300_000 })).length,
          poisoned: await text('poisoned'),
          described: tools.find(({ name }) => name === 'poisoned')?.description,
          steps,
          log: await text('log'),
          heard,
          executions: server.executions('whoami'),
        },
        {
          who: 'alice',
          echo: 'hi',
          big: 300_000,
          poisoned: poisonedText,
          described: poisonedDescription,
          steps: [1, 2, 3],
          log: 'logged',
          heard: ['info', 'error'],
          executions: 1,
        },
      );
    });

    test('asks what its revision lets it ask', async () => {
      const { heard, text } = await connect(await start(revision));
      const forms = revision >= '2025-06-18';
      const pages = revision >= '2025-11-25';
      const answered = JSON.stringify({ action: 'accept', content: { region: 'north' } });
      assert.deepEqual(
        {
          ask: await text('ask'),
          page: await text('ask_url'),
          sample: await text('sample'),
          roots: await text('roots'),
          heard,
        },
        {
          ask: forms ? answered : 'The client can not ask its user.',
          page: pages ? answered : 'The client can not show a page.',
          sample: JSON.stringify({ content: { type: 'text', text: 'hello' }, role: 'assistant', model: 'lab' }),
          roots: JSON.stringify({ roots: [{ uri: 'file:///work', name: 'work' }] }),
          heard: [...(forms ? ['Which region?'] : []), ...(pages ? [fixtureConsentUrl] : [])],
        },
      );
    });

    test('serves resources, prompts, pages and changes', async () => {
      const server = await start(revision);
      const { client, heard } = await connect(server);
      await client.subscribeResource({ uri: 'note://today' });
      server.touchResource('note://today');
      server.touchResource('image://dot');
      server.describeAs('echo', 'Another text');
      await until(() => heard.length === 2);
      server.setPageSize(2);
      const first = await client.listTools();
      const second = await client.listTools({ cursor: first.nextCursor });
      const read = await client.readResource({ uri: 'note://today' });
      const prompt = await client.getPrompt({ name: 'summarize', arguments: { table: 'orders' } });
      assert.deepEqual(
        {
          heard,
          names: [...first.tools, ...second.tools].map(({ name }) => name),
          echo: first.tools[1]?.description,
          read: read.contents,
          templates: (await client.listResourceTemplates()).resourceTemplates.length,
          prompt: prompt.messages[0]?.content,
          missing: await client.readResource({ uri: 'note://other' }).catch(({ code }: { code: unknown }) => code),
        },
        {
          heard: ['note://today', 'tools'],
          names: ['whoami', 'echo', 'slow', 'progress'],
          echo: 'Another text',
          read: [{ uri: 'note://today', mimeType: 'text/plain', text: 'A note for alice' }],
          templates: 1,
          prompt: { type: 'text', text: 'Summarize the table orders, short.' },
          missing: -32002,
        },
      );
    });

    test('notices that a call is given up, and answers a waiting one when it is told to', async () => {
      const server = await start(revision);
      const { client, text } = await connect(server);
      const stop = new AbortController();
      const given = client.callTool({ name: 'slow' }, undefined, { signal: stop.signal }).catch(() => 'given up');
      await server.untilCall('slow', 'running');
      stop.abort();
      await server.untilCall('slow', 'aborted');
      const answer = text('slow');
      await until(() => server.executions('slow') === 2);
      server.finishSlow('at last');
      assert.deepEqual(
        [await given, await answer, server.calls.map(({ state }) => state)],
        ['given up', 'at last', ['aborted', 'done']],
      );
    });

    test('refuses a missing, an unknown, a doubled and, when told to, a good token', async () => {
      const server = await start(revision);
      const status = async (...tokens: string[]): Promise<number> => {
        const headers: [string, string][] = tokens.map((token) => ['authorization', `Bearer ${token}`]);
        const { status, headers: answered } = await fetch(server.url, { method: 'POST', headers, body: '{}' });
        return answered.get('www-authenticate')?.startsWith('Bearer') === true ? status : -status;
      };
      const refused = [await status(), await status('token-x'), await status('token-a', 'token-b')];
      server.rejectNextTokens(1);
      assert.deepEqual([...refused, await status('token-a')], [401, 401, 401, 401]);
      assert.equal(await status('token-a').then((each) => each !== 401), true);
    });
  });
}

for (const revision of ['2025-03-26', '2025-06-18', '2025-11-25'] as const) {
  test(`A session of ${revision} is its user's, keeps to the revision and can be forgotten`, async () => {
    const server = await start(revision);
    const { client } = await connect(server);
    const { headers } = server.requests.at(-1) ?? { headers: [] };
    const session = headerValues({ headers }, 'mcp-session-id')[0] ?? '';
    const status = async (token: string, version: string): Promise<number> => {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-session-id': session,
          'mcp-protocol-version': version,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/list' }),
      });
      await response.text();
      return response.status;
    };
    const strict = revision === '2025-03-26' ? 200 : 400;
    const statuses = [
      await status('token-a', revision),
      await status('token-b', revision),
      await status('token-a', '2024-11-05'),
    ];
    await server.dropSessions();
    assert.deepEqual([...statuses, await status('token-a', revision), server.sessions()], [200, 404, strict, 404, 0]);
    await client.close();
  });
}

test('An answer can be cut, replaced and redirected, and the journal says how each one ended', async () => {
  const server = await start('2025-11-25');
  const { client, text } = await connect(server);
  server.replyRaw(503, { 'retry-after': '1' }, 'busy', 'tools/call');
  const busy = await text('whoami').catch((error: Error) => error.message.includes('busy'));
  server.redirectNext('http://127.0.0.1:9/');
  const redirected = await text('whoami').catch(() => 'failed');
  server.cutNextStream();
  const raced = client.callTool({ name: 'whoami' }, undefined, { timeout: 500 }).then(
    () => 'answered',
    () => 'lost',
  );
  assert.deepEqual([busy, redirected, await raced], [true, 'failed', 'lost']);
  const calls = server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call');
  assert.deepEqual(
    calls.map(({ status, end, tool, token }) => ({ status, end, tool, token })),
    [
      { status: 503, end: 'complete', tool: 'whoami', token: undefined },
      { status: 307, end: 'complete', tool: 'whoami', token: undefined },
      { status: 200, end: 'cut', tool: 'whoami', token: 'token-a' },
    ],
  );
  assert.equal(server.executions('whoami'), 1);
});

test('2025-03-26 takes batches and may answer in one', async () => {
  const server = await start('2025-03-26');
  server.batchAnswers();
  const base = {
    authorization: 'Bearer token-a',
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(server.url, { method: 'POST', headers: { ...base, ...headers }, body: JSON.stringify(body) });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info };
  const opened = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'whoami' } });
  const answer = await (await post([call(2), call(3)], session)).text();
  const data = answer.split('\n').filter((line) => line.startsWith('data: '));
  const ids = data.map((line) => (JSON.parse(line.slice(6)) as { id: number }[]).map(({ id }) => id));
  assert.match(await opened.text(), /"protocolVersion":"2025-03-26"/);
  assert.deepEqual(ids, [[2, 3]]);
});
