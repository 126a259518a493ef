/**
 * Acceptance rows of servers that log in to a database with the token of `X-Database-Token`, as malloydata/publisher#650 does: what
 * the gateway does with such a server. Rows 16 and 18 to 26 are in databaseGatewayNever.lab.test.ts. Not here:
 *
 * 7   how the server keeps the token of a request is its own matter; row 8 shows what comes of it
 * 12  which connection objects the server makes anew is its own matter
 * 27  when the server makes its sessions is its own matter
 * Configuration errors of the server's Snowflake connections: no such connection is configured here
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';

import { decodeJwt } from 'jose';

import { connectors } from '../../../src/connectors/index.ts';
import type { LabDatabaseGateway } from '../../lab/mcp/databaseGateway.ts';
import { regionsOf } from '../../lab/sampleData.ts';
import {
  aliceAt,
  anySettings,
  type DatabaseGround,
  databaseGround,
  gatewayWire,
  headersOf,
  noPostgres,
} from './databaseGround.ts';
import { counts, editorAt, found, readable, sent } from './evidence.ts';
import { remoteHarness } from './harness.ts';

const ME = 'SELECT current_user AS me';
const me = (user: string): string => JSON.stringify([{ me: user }]);

suite('A database gateway', { skip: noPostgres }, () => {
  let ground: DatabaseGround;
  let server: LabDatabaseGateway;

  before(async () => {
    ground = await databaseGround();
  });
  after(() => ground?.close());
  beforeEach(async () => {
    server = await ground.server();
  });
  afterEach(() => server.close());

  const alone = (mint?: (user: string) => Promise<string>) =>
    aliceAt(server.url, mint ?? ((user) => ground.mint(user)));

  test('A1: a server without sessions is used without one, and nothing is missing', async () => {
    await using part = await alone();
    const tools = await part.editor.tools();
    const answer = await part.editor.call('run_query', { sql: ME });
    await part.editor[Symbol.asyncDispose]();
    assert.deepEqual([tools, answer.text], [['run_query'], me('alice')]);
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`).filter((line) => line !== 'GET /mcp'),
      // initialize, its notification, the list, the call; no goodbye to a session that never was.
      Array.from({ length: 4 }, () => 'POST /mcp'),
    );
    assert.deepEqual(
      sent(server.requests, 'mcp-session-id').filter((value) => value !== ''),
      [],
    );
  });

  test('A2: an answer that comes as one event reaches the editor as it was, without a problem', async () => {
    await using part = await alone();
    const sql = "SELECT 'ü' || chr(10) || 'data: x' AS odd, 3.50::numeric AS amount";
    const answer = await part.editor.call('run_query', { sql });
    assert.deepEqual(answer, { text: '[{"odd":"ü\\ndata: x","amount":"3.50"}]' });
    assert.deepEqual(part.editor.problems, []);
  });

  test('A3: every request takes both kinds of answer, so that none is refused with 406', async () => {
    await using part = await alone();
    await part.editor.call('run_query', { sql: ME });
    const posts = server.requests.filter(({ method }) => method === 'POST');
    assert.deepEqual([...new Set(sent(posts, 'accept'))], ['application/json, text/event-stream']);
    assert.deepEqual(
      posts.map(({ status }) => status).filter((status) => status !== 200 && status !== 202),
      [],
    );
  });

  test('A4: 405 for an event stream is no error, and a failure of the server is told as one, without a second try', async () => {
    await using part = await alone();
    const refused = await server.until(({ method, status }) => method === 'GET' && status !== undefined);
    await part.editor.tools();
    const body = '{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal server error"},"id":null}';
    server.replyRaw(500, { 'content-type': 'application/json' }, body, 'tools/call');
    const failed = await part.editor.call('run_query', { sql: ME });
    const next = await part.editor.call('run_query', { sql: ME });
    assert.deepEqual(
      [refused.status, failed.code, next.text, part.editor.problems],
      [405, 'DP-MCP-STATUS', me('alice'), []],
    );
    assert.match(failed.text, /HTTP status 500\. Detail: Internal server error /);
    assert.deepEqual(
      [counts(server.requests)['GET'], counts(server.requests)['tools/call'], part.gateway.asked.length],
      [1, 2, 1],
    );
  });

  test('A5: a call that the editor cancels is ended at the server as well', async () => {
    await using part = await alone();
    await part.editor.tools();
    const holder = await ground.postgres.admin.connect();
    await holder.query('SELECT pg_advisory_lock(5)');
    const stop = new AbortController();
    const canceled = part.editor.call('run_query', { sql: 'SELECT pg_advisory_lock(5)' }, { signal: stop.signal });
    await server.until(({ rpcMethod, status }) => rpcMethod === 'tools/call' && status === 200);
    stop.abort();
    await assert.rejects(canceled);
    const { end } = await server.until(({ rpcMethod, end }) => rpcMethod === 'tools/call' && end !== 'open');
    await holder.query('SELECT pg_advisory_unlock(5)');
    holder.release();
    await ground.quiet();
    assert.equal(end, 'client left');
  });

  test('A6: the token is the whole value of one X-Database-Token, on every request, and nowhere else in it', async () => {
    await using part = await alone();
    await part.editor.tools();
    await part.editor.call('run_query', { sql: ME });
    const [token = ''] = part.tokens;
    assert.deepEqual([...new Set(sent(server.requests, 'x-database-token'))], [token]);
    const elsewhere = server.requests.map(({ headers, path, body }) => [
      path,
      body,
      headers.filter(([name]) => name !== 'x-database-token'),
    ]);
    assert.deepEqual(found(JSON.stringify(elsewhere), [token]), []);
  });

  test('A8: calls of two people at once each run as their own, with a token of their own for every request', async () => {
    const wires = ['alice', 'bob'].map((user) => gatewayWire(user, server.url, { subject: user, account: user }));
    const mint = async ({ subject = '' }) => ({ token: await ground.mint(subject), seconds: 0 });
    await using gateway = await remoteHarness(wires, mint);
    await using alice = await editorAt(gateway, 'alice');
    await using bob = await editorAt(gateway, 'bob');
    await Promise.all([alice.tools(), bob.tools()]);
    const jobs = Array.from({ length: 60 }, async (_, index) => {
      const [user, editor] = index % 2 === 0 ? (['alice', alice] as const) : (['bob', bob] as const);
      const sql = `SELECT current_user AS me, 'call ${index} of ${user}' AS note, pg_sleep(${(index % 5) / 100})`;
      const { text } = await editor.call('run_query', { sql });
      const [row] = JSON.parse(text) as [{ me: string; note: string }];
      return `${row.me}: ${row.note}`;
    });
    assert.deepEqual(
      await Promise.all(jobs),
      Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob')).map(
        (user, index) => `${user}: call ${index} of ${user}`,
      ),
    );
    const calls = server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call');
    const pairs = calls.map(({ token = '', body }) => {
      const { preferred_username: name } = decodeJwt(token);
      return [name, /of (alice|bob)'/.exec(body)?.[1]];
    });
    assert.equal(pairs.length, 60);
    assert.deepEqual(
      pairs.filter(([name, owner]) => name !== owner),
      [],
    );
    assert.equal(new Set(calls.map(({ token }) => token)).size, 60);
  });

  test('A9: a token that has ended is told as such, because the server only passes it on, and the next call has a fresh one', async () => {
    let minted = 0;
    await using part = await alone((user) => {
      minted += 1;
      return ground.mint(user, minted === 1 ? { expiresInSeconds: -5 } : {});
    });
    const refused = await part.editor.call('run_query', { sql: ME });
    const answer = await part.editor.call('run_query', { sql: ME });
    assert.deepEqual([refused.code, answer], ['DP-MCP-DATABASE', { text: me('alice') }]);
    assert.deepEqual(
      [server.sessions, part.gateway.asked.map(({ rejected }) => rejected)],
      [
        [
          { as: 'alice', loggedIn: false, closed: false },
          { as: 'alice', loggedIn: true, closed: true },
        ],
        [undefined, 'token 1'],
      ],
    );
  });

  test('A10: no token is in the log, in what is remembered or in what the editor gets, also when the server repeats it', async () => {
    await using part = await alone();
    await part.editor.tools();
    const [token = ''] = part.tokens;
    await part.editor.call('run_query', { sql: ME });
    await part.editor.call('run_query', { sql: 'SELECT nothing' });
    const wide = `SELECT '${token}' AS whole, '${Buffer.from(token).toString('base64')}' AS coded`;
    const repeated = await part.editor.call('run_query', { sql: wide });
    server.replyRaw(500, { 'content-type': 'text/plain' }, `failed for ${token}`, 'tools/call');
    const failed = await part.editor.call('run_query', { sql: ME });
    assert.match(repeated.text, /"whole":"\[redacted\]","coded":"\[redacted\]/);
    assert.match(failed.text, /Detail: failed for \[redacted\]/);
    assert.deepEqual(found(JSON.stringify(server.requests), [token]), [token]);
    assert.deepEqual(found(readable(part.gateway, part.editor), [token]), []);
  });

  test('A10: a token that is cut in the words of a refusal does not come through in part', async () => {
    const token = `opaque-${'0123456789abcdef'.repeat(30)}`;
    await using part = await alone(async () => token);
    await part.editor.tools();
    const id = '12345678-1234-1234-1234-123456789012';
    const text = `Invalid OAuth access token. [${id}] (${token})`;
    const result = { isError: true, content: [{ type: 'text', text }] };
    const body = ({ rpcId }: { rpcId: unknown }) => JSON.stringify({ jsonrpc: '2.0', id: rpcId, result });
    server.replyRaw(200, { 'content-type': 'application/json' }, body, 'tools/call');
    const refused = await part.editor.call('run_query', { sql: ME });
    assert.equal(refused.code, 'DP-MCP-DATABASE');
    assert.doesNotMatch(readable(part.gateway, part.editor), /opaque-0/);
  });

  test('A11: only this preset sends X-Database-Token, and it alone says to which database the token is handed on', () => {
    const facts = Object.keys(anySettings).map((type) => {
      const handsOn = connectors[type]?.handsOn?.(connectors[type].settings.parse(anySettings[type]));
      return [type, headersOf(type)['x-database-token'], handsOn];
    });
    const types = Object.keys(connectors).filter((type) => type.startsWith('mcp/'));
    assert.deepEqual(types.toSorted(), Object.keys(anySettings).toSorted());
    assert.deepEqual(
      facts.filter(([, header, handsOn]) => header !== undefined || handsOn !== undefined),
      [['mcp/databaseGateway', 'first', 'warehouse.example']],
    );
  });

  test('A13: nothing but the token says who the user is, and no field of the editor goes along', async () => {
    await using part = await alone();
    await part.editor.call('run_query', { sql: ME });
    const names = server.requests.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase()));
    const protocol = ['accept', 'connection', 'content-length', 'content-type', 'host', 'mcp-protocol-version'];
    assert.deepEqual([...new Set(names)].toSorted(), [...protocol, 'user-agent', 'x-database-token']);
  });

  test('A14: the database itself says that everything ran as the user of the token', async () => {
    await using part = await alone();
    const sql = 'SELECT current_user AS me, session_user AS login, count(*)::int AS scratch FROM coffee.scratch';
    const answer = await part.editor.call('run_query', { sql });
    const bobs = await ground.mint('bob');
    await part.gateway.signIn([gatewayWire('warehouse', server.url, { subject: 'bob' })]);
    const next = await part.editor.call('run_query', { sql: ME });
    assert.equal(answer.text, '[{"me":"alice","login":"alice","scratch":0}]');
    assert.equal(next.text, me('bob'));
    assert.ok(bobs !== part.tokens[0] && server.sessions.every(({ as }) => as !== 'service account'));
  });

  test('A15: each call is one login, also when its query fails, and no session stays open', async () => {
    await using part = await alone();
    const before = ground.postgres.logins().length;
    await part.editor.call('run_query', { sql: ME });
    const failed = await part.editor.call('run_query', { sql: 'SELECT nothing' });
    await part.editor.call('run_query', { sql: ME });
    assert.equal(failed.code, 'isError');
    assert.match(failed.text, /column "nothing" does not exist/);
    assert.deepEqual(
      server.sessions,
      Array.from({ length: 3 }, () => ({ as: 'alice', loggedIn: true, closed: true })),
    );
    assert.deepEqual([ground.postgres.logins().length - before, part.gateway.asked.length], [3, 1]);
    await ground.quiet();
  });

  test('A17: the rows that each person may see are theirs, as the policies of the database have it', async () => {
    const wires = ['alice', 'bob'].map((user) => gatewayWire(user, server.url, { subject: user }));
    await using gateway = await remoteHarness(wires, async ({ subject = '' }) => ({
      token: await ground.mint(subject),
    }));
    const regions: Record<string, unknown> = {};
    for (const user of ['alice', 'bob']) {
      await using editor = await editorAt(gateway, user);
      const { text } = await editor.call('run_query', { sql: 'SELECT DISTINCT region FROM coffee.orders ORDER BY 1' });
      regions[user] = (JSON.parse(text) as { region: string }[]).map(({ region }) => region);
    }
    assert.deepEqual(regions, { alice: regionsOf('alice').toSorted(), bob: regionsOf('bob').toSorted() });
    assert.notDeepEqual(regions['alice'], regions['bob']);
  });
});
