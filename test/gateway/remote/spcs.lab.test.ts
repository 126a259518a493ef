/**
 * Acceptance rows of MCP servers behind the ingress of Snowpark Container Services. Rows 5 to 9, how its rejections are told from
 * the app's own, are in spcsRejections.lab.test.ts; row 16 is in hosts.test.ts. Not here:
 *
 * 1   that an app has a password or a token of its own, and not both, is for its client to say: here it has a token source or none
 * 12  how a key pair becomes a token of an endpoint is a matter of the token source; here it is what the source gives
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';

import { type LabIdentityProvider, startIdentityProvider } from '../../lab/identityProvider.ts';
import { listen } from '../../lab/tokenServices/listen.ts';
import { anySettings, headersOf } from './databaseGround.ts';
import { counts, editorAt, found, readable, sent } from './evidence.ts';
import { remoteHarness, remoteWire } from './harness.ts';
import { ingressed } from './spcsGround.ts';

const HEADER = 'x-sf-spcs-authorization';

let provider: LabIdentityProvider;
let canary: Awaited<ReturnType<typeof listen>>;
const led: (string | undefined)[] = [];

before(async () => {
  provider = await startIdentityProvider();
  canary = await listen(
    createServer(({ url }: IncomingMessage, response) => {
      led.push(url);
      response.writeHead(200).end();
    }),
  );
});
after(async () => {
  await canary.close();
  await provider.close();
});

test('C1, C2: every request carries both tokens in exactly their forms, from the first one on', async () => {
  await using part = await ingressed(provider);
  const answer = await part.editor.call('whoami_app');
  await part.ingress.until(({ method }) => method === 'GET');
  await part.editor[Symbol.asyncDispose]();
  await part.gateway.gateway.replaceConnections([]);
  assert.equal(answer.text, 'alice');
  assert.deepEqual(Object.keys(counts(part.ingress.requests)).toSorted(), [
    'GET',
    'initialize',
    'notifications/initialized',
    'tools/call',
    'tools/list',
  ]);
  assert.deepEqual(
    [HEADER, 'authorization'].map((name) => [...new Set(sent(part.ingress.requests, name))].join()),
    [`Snowflake Token="${part.pat}"`, 'Bearer app-token-of-alice-1'],
  );
  assert.deepEqual(part.asked().toSorted(), ['server', 'token']);
});

test('C1: an app without a login of its own gets no Authorization, and the token of Snowflake alone', async () => {
  await using part = await ingressed(provider, { own: false });
  const answer = await part.editor.call('whoami_app');
  assert.equal(answer.text, 'anonymous');
  assert.deepEqual([...new Set(sent(part.ingress.requests, HEADER))], [`Snowflake Token="${part.pat}"`]);
  assert.deepEqual(
    sent(part.ingress.requests, 'authorization').filter((value) => value !== ''),
    [],
  );
  assert.deepEqual(part.asked(), ['token']);
});

test('C3: no other preset sends the header, and without a token it is not there', () => {
  const types = Object.keys(anySettings).filter((type) => headersOf(type)[HEADER] !== undefined);
  assert.deepEqual(types, ['mcp/spcs']);
});

test('C4: the app gets its own token untouched and knows the user from Snowflake, whose token goes no further', async () => {
  await using part = await ingressed(provider);
  await part.editor.call('whoami_app');
  assert.deepEqual([...new Set(sent(part.app.requests, 'authorization'))], ['Bearer app-token-of-alice-1']);
  assert.deepEqual([...new Set(sent(part.app.requests, 'sf-context-current-user'))], ['ALICE']);
  assert.deepEqual(found(JSON.stringify(part.app.requests), [part.pat]), []);
});

test('C10: a service that is not ready is told so, and one that can not be reached as well; neither is tried twice', async () => {
  await using part = await ingressed(provider);
  await part.editor.tools();
  part.ingress.setReady(false);
  const starting = await part.editor.call('echo', { text: 'x' });
  part.ingress.setReady(true);
  const next = await part.editor.call('echo', { text: 'x' });
  const calls = counts(part.ingress.requests)['tools/call'];
  await part.ingress.close();
  const gone = await part.editor.call('echo', { text: 'x' });
  assert.deepEqual([starting.code, next.text, gone.code], ['DP-MCP-NOT-READY', 'x', 'DP-MCP-UNREACHABLE']);
  assert.match(starting.text, /is not ready \(HTTP status 502\)/);
  assert.deepEqual([calls, part.asked().toSorted()], [2, ['server', 'token']]);
});

test('C11: a call whose connection is cut for silence is lost and not sent again; the next one works', async () => {
  await using part = await ingressed(provider);
  await part.editor.tools();
  part.ingress.setIdle(50);
  const lost = await part.editor.call('slow');
  part.ingress.setIdle(90_000);
  const next = await part.editor.call('echo', { text: 'still here' });
  const runs = part.app.requests.filter(({ tool }) => tool === 'slow').length;
  assert.deepEqual([lost.code, next.text, runs], ['DP-MCP-LOST', 'still here', 1]);
  assert.deepEqual(part.asked().toSorted(), ['server', 'token']);
});

test('C11: the stream of an editor that only listens comes back by itself after it was cut', async () => {
  await using part = await ingressed(provider);
  part.ingress.setIdle(50);
  await part.editor.tools();
  await part.ingress.until(({ method, end }) => method === 'GET' && end === 'cut');
  part.ingress.setIdle(90_000);
  const isStream = ({ method, status }: { method: string; status: number | undefined }) =>
    method === 'GET' && status === 200;
  await part.ingress.until((each) => isStream(each) && part.ingress.requests.filter(isStream).length > 1);
  assert.equal((await part.editor.call('echo', { text: 'x' })).text, 'x');
  assert.deepEqual(part.editor.problems, []);
});

test('C11: an answer that the ingress withholds is an error, not a result', async () => {
  await using part = await ingressed(provider);
  await part.editor.tools();
  part.app.replyRaw(200, { 'content-type': 'application/x-sh' }, 'exit', 'tools/call');
  const answer = await part.editor.call('echo', { text: 'x' });
  assert.deepEqual([answer.code, counts(part.ingress.requests)['tools/call']], ['DP-MCP-FORBIDDEN', 1]);
});

test('C12: a token of the endpoint, made from a key pair, goes in the same form as any other', async () => {
  await using part = await ingressed(provider, {
    mint: () => ({ token: 'endpoint-token-of-bob', kind: 'endpointToken' }),
  });
  await part.editor.call('whoami_app');
  assert.deepEqual([...new Set(sent(part.ingress.requests, HEADER))], ['Snowflake Token="endpoint-token-of-bob"']);
  assert.deepEqual([...new Set(sent(part.app.requests, 'sf-context-current-user'))], ['BOB']);
});

for (const status of [301, 302, 303, 307, 308] as const)
  test(`C14: a redirect (${status}) leads neither token anywhere`, async () => {
    await using part = await ingressed(provider);
    await part.editor.tools();
    part.ingress.redirectNext(`http://${canary.host}/steal`, status);
    const answer = await part.editor.call('echo', { text: 'x' });
    assert.deepEqual([answer.code, led], ['DP-MCP-REDIRECT', []]);
    assert.deepEqual([counts(part.ingress.requests)['tools/call'], part.asked().length], [1, 2]);
  });

test('C14: an address in the place of a cursor is asked for nothing: the next page is asked of the same server', async () => {
  await using part = await ingressed(provider);
  const next = `http://${canary.host}/mcp?page=2`;
  const page =
    (result: object) =>
    ({ rpcId }: { rpcId: unknown }) =>
      JSON.stringify({ jsonrpc: '2.0', id: rpcId, result });
  const json = { 'content-type': 'application/json' };
  const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });
  for (let round = 0; round < 2; round += 1) {
    part.app.replyRaw(200, json, page({ tools: [tool('echo')], nextCursor: next }), 'tools/list');
    part.app.replyRaw(200, json, page({ tools: [tool('other')] }), 'tools/list');
  }
  // Before the first call of a tool the list is read to its end.
  const answer = await part.editor.call('echo', { text: 'x' });
  const { nextCursor } = await part.editor.client.listTools();
  const { tools } = await part.editor.client.listTools({ cursor: nextCursor });
  const cursors = part.app.requests.filter(({ rpcMethod, body }) => rpcMethod === 'tools/list' && body.includes(next));
  assert.deepEqual(
    [answer.text, nextCursor, tools.map(({ name }) => name), cursors.length, led],
    ['x', next, ['other'], 2, []],
  );
});

test('C14: a place for messages on another host, as servers of 2024-11-05 name one, gets none', async () => {
  const old = await listen(
    createServer(({ method }: IncomingMessage, response) => {
      if (method !== 'GET') return response.writeHead(405).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.write(`event: endpoint\ndata: http://${canary.host}/messages\n\n`);
    }),
  );
  await using gateway = await remoteHarness(
    [remoteWire('app', 'mcp/spcs', { url: `http://${old.host}/sse` })],
    async () => ({ token: 'token-of-alice-0123456789' }),
  );
  await using editor = await editorAt(gateway, 'app');
  const answer = await editor.call('echo', { text: 'x' });
  await old.close();
  assert.deepEqual([answer.code?.startsWith('DP-MCP-'), led], [true, []]);
});

test('C15: neither token is in a log, an error or an answer, also when the app repeats both', async () => {
  await using part = await ingressed(provider);
  await part.editor.tools();
  const own = part.minted.server[0] ?? '';
  const echoed = await part.editor.call('echo', { text: `${part.pat} ${own}` });
  part.ingress.echoAuthorizationNext();
  await part.editor.call('echo', { text: 'x' });
  part.ingress.rejectWith('invalidToken');
  await part.editor.call('echo', { text: 'x' });
  assert.equal(echoed.text, '[redacted] [redacted]');
  assert.deepEqual(found(JSON.stringify(part.ingress.requests), [part.pat, own]), [part.pat, own]);
  assert.deepEqual(found(readable(part.gateway, part.editor), [part.pat, own]), []);
});

test('C17: the token is not read once: the next request carries the one that took its place', async () => {
  let current = '';
  await using part = await ingressed(provider, {
    mint: () => ({ token: current, kind: 'personalAccessToken', seconds: 0 }),
  });
  const [first, second] = [part.pat, part.ingress.issueProgrammaticToken('alice')];
  current = first;
  // The first try was without a token: a client that is told nothing new begins again.
  const editor = await editorAt(part.gateway, 'app');
  const before = await editor.call('whoami_app');
  part.ingress.revokeProgrammaticToken(first);
  current = second;
  const after = await editor.call('whoami_app');
  await editor[Symbol.asyncDispose]();
  const values = sent(part.ingress.requests, HEADER, 'tools/call');
  assert.deepEqual([before.text, after.text], ['alice', 'alice']);
  assert.deepEqual(
    values,
    [first, second].map((token) => `Snowflake Token="${token}"`),
  );
});
