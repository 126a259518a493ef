/**
 * What a server that logs in to a database with the token of `X-Database-Token` was seen to do (malloydata/publisher#650), and how
 * the gateway keeps it from happening: acceptance rows 16 and 18 to 26. The other rows, and those that are not ours, are in
 * databaseGateway.lab.test.ts.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';

import { connectors } from '../../../src/connectors/index.ts';
import { PassportError } from '../../../src/core/errors.ts';
import type { LabDatabaseGateway } from '../../lab/mcp/databaseGateway.ts';
import {
  aliceAt,
  anySettings,
  type DatabaseGround,
  databaseGround,
  gatewayWire,
  noPostgres,
} from './databaseGround.ts';
import { counts, editorAt, editorHeaders, found, rawRequest, readable, sent } from './evidence.ts';
import { remoteHarness } from './harness.ts';

const ME = 'SELECT current_user AS me';
const tokensAt = ({ requests }: LabDatabaseGateway) => [...new Set(sent(requests, 'x-database-token'))];
const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'run_query', arguments: { sql: ME } } };

suite('A database gateway with faults', { skip: noPostgres }, () => {
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
  const asServiceAccount = () => server.sessions.filter(({ as }) => as === 'service account');

  for (const words of ['postgres', 'snowflake'] as const)
    test(`A16, A24: a token that the database refuses is replaced for the next call, no call is sent twice, and the login is blamed, not the query (words of ${words})`, async () => {
      server.tellRefusals(words);
      await using part = await alone((user) => ground.mint(user, { expiresInSeconds: -5 }));
      await part.editor.tools();
      const answer = await part.editor.call('run_query', { sql: ME });
      await part.editor.call('run_query', { sql: ME });
      const said =
        words === 'postgres'
          ? /Detail: OAuth .* failed for user "alice" /
          : /Detail: Invalid OAuth access token\. \[[0-9a-f-]{36}\]/;
      assert.match(
        answer.text,
        /^DP-MCP-DATABASE: The database behind the MCP server of warehouse refused the token\. /,
      );
      assert.match(answer.text, said);
      assert.doesNotMatch(answer.text, /compil|malloy|line 1|syntax|suggestion/i);
      assert.deepEqual(
        [counts(server.requests)['tools/call'], part.gateway.asked.map(({ rejected }) => rejected), part.tokens.length],
        [2, [undefined, 'token 1'], 2],
      );
      assert.deepEqual(
        server.sessions,
        Array.from({ length: 2 }, () => ({ as: 'alice', loggedIn: false, closed: false })),
      );
    });

  test('A18: connections of the same name in two places each keep their token to their own account', async () => {
    const other = await ground.server();
    const [here, there] = [await ground.mint('alice'), await ground.mint('bob')];
    await using first = await aliceAt(server.url, async () => here);
    await using second = await aliceAt(other.url, async () => there);
    await Promise.all([first, second].map(({ editor }) => editor.call('run_query', { sql: ME })));
    await Promise.all([second, first].map(({ editor }) => editor.call('run_query', { sql: ME })));
    const tokens = [tokensAt(server), tokensAt(other)];
    await other.close();
    assert.deepEqual(tokens, [[here], [there]]);
  });

  test('A18: a connection that is pointed at another account takes no token along', async () => {
    const other = await ground.server();
    const [here, there] = [await ground.mint('alice'), await ground.mint('alice', { scopes: ['other'] })];
    const before = gatewayWire('sf', server.url);
    const after = gatewayWire('sf', other.url, { binding: 'sf 2' });
    await using gateway = await remoteHarness([before], async ({ binding }) => ({
      token: binding === before.binding ? here : there,
    }));
    await using editor = await editorAt(gateway, 'sf');
    await editor.call('run_query', { sql: ME });
    await gateway.gateway.replaceConnections([after]);
    await editor.call('run_query', { sql: ME });
    const tokens = [tokensAt(server), tokensAt(other)];
    const calls = [server, other].map(({ requests }) => counts(requests)['tools/call']);
    await other.close();
    assert.deepEqual([tokens, calls, gateway.asked.length], [[[here], [there]], [1, 1], 2]);
  });

  test('A19: nothing that reaches the server is without the token, whichever way it was asked for', async () => {
    await using part = await alone();
    await part.editor.tools();
    await part.editor.call('run_query', { sql: ME });
    await part.editor.client.ping();
    await part.gateway.gateway.whoami('warehouse');
    await server.until(({ method }) => method === 'GET');
    const values = sent(server.requests, 'x-database-token');
    assert.ok(values.length > 6);
    assert.deepEqual([...new Set(values)], part.tokens);
    assert.deepEqual(asServiceAccount(), []);
  });

  for (const [what, token] of Object.entries({
    'no characters': '',
    'a space': ' ',
    'a tab': '\t',
    'two words': 'a b',
  }))
    test(`A20: a token of ${what} is an error, and nothing is sent that could run as somebody else`, async () => {
      const wire = gatewayWire('warehouse', server.url, { serverToken: true });
      await using gateway = await remoteHarness([wire], async (_, slot) => ({
        token: slot === 'server' ? 'own-token-of-the-server' : token,
      }));
      await using editor = await editorAt(gateway, 'warehouse');
      const tools = await editor.tools();
      const answer = await editor.call('run_query', { sql: ME });
      assert.deepEqual([tools, answer.code, server.requests, server.sessions], [[], 'DP-MCP-HEADER', [], []]);
    });

  test('A20: without a sign-in a call ends with that, and nothing is sent, the token of the server itself neither', async () => {
    const wire = gatewayWire('warehouse', server.url, { serverToken: true, subject: undefined });
    await using gateway = await remoteHarness([wire], () => assert.fail('nothing is minted for nobody'));
    await using editor = await editorAt(gateway, 'warehouse');
    const answer = await editor.call('run_query', { sql: ME });
    assert.deepEqual([answer.code, server.requests, server.sessions], ['DP-SIGN-IN-REQUIRED', [], []]);
  });

  test('A21: a header that comes twice is refused before anything happens', async () => {
    await using part = await alone();
    await part.editor.tools();
    const before = server.requests.length;
    const twice = ['alice', 'bob'].map((value) => ['X-Database-Token', value] as const);
    const authorization = ['authorization', part.gateway.headers.authorization] as const;
    const answers = [
      await rawRequest(part.gateway, 'warehouse', { headers: [...editorHeaders(part.gateway), ...twice], body: call }),
      await rawRequest(part.gateway, 'warehouse', {
        headers: [...editorHeaders(part.gateway), authorization],
        body: call,
      }),
    ];
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      [
        [404, ''],
        [404, ''],
      ],
    );
    assert.deepEqual([server.requests.length, asServiceAccount()], [before, []]);
  });

  test('A21: what the editor sends in the place of a token, or to get around the server, stays here', async () => {
    await using part = await alone();
    const session = part.editor.client.transport?.sessionId ?? '';
    const headers: [string, string][] = [
      ['X-Database-Token', 'token-of-mallory'],
      ['x-publisher-bypass-authorize', 'true'],
      ['x_publisher_bypass_authorize', 'true'],
      ['x-sf-spcs-authorization', 'Snowflake Token="mallory"'],
      ['cookie', 'session=mallory'],
      ['forwarded', 'for=mallory'],
      ['x-forwarded-user', 'mallory'],
    ];
    const { status, body } = await rawRequest(part.gateway, 'warehouse', {
      headers: [...editorHeaders(part.gateway, session), ...headers],
      body: call,
    });
    assert.equal(status, 200);
    assert.match(body, /\{\\"me\\":\\"alice\\"\}/);
    const arrived = JSON.stringify(server.requests);
    const key = part.gateway.headers.authorization.replace('Bearer ', '');
    assert.doesNotMatch(arrived, /mallory|bypass|cookie|forwarded/i);
    assert.deepEqual(found(arrived, [key]), []);
    assert.deepEqual(tokensAt(server), part.tokens);
  });

  test('A22: what the server told one person is not shown to another', async () => {
    const wires = (subject: string | undefined) => [gatewayWire('warehouse', server.url, { subject })];
    await using gateway = await remoteHarness(wires('alice'), async ({ subject = '' }) => {
      if (subject === 'bob')
        throw new PassportError('DP-TOKEN-INVALID', { source: 'x', connection: 'y', problem: 'z' });
      return { token: await ground.mint(subject) };
    });
    await using editor = await editorAt(gateway, 'warehouse');
    const alices = await editor.tools();
    await gateway.signIn(wires('bob'));
    const bobs = await editor.tools();
    const nobodys = await gateway.signIn(wires(undefined)).then(() => editor.tools());
    const again = await gateway.signIn(wires('alice')).then(() => editor.tools());
    assert.deepEqual([alices, bobs, nobodys, again], [['run_query'], [], [], ['run_query']]);
    assert.deepEqual([...new Set(gateway.remembered.map(({ wire }) => wire.subject))], ['alice']);
  });

  test('A23: a start logs no secret, and settings have no place for one', async () => {
    await using part = await alone();
    await part.editor.tools();
    await part.editor.call('run_query', { sql: ME });
    assert.ok(part.gateway.lines.length > 0 && part.tokens.length === 1);
    assert.deepEqual(found(readable(part.gateway, part.editor), [...part.tokens, 'caller-key-of-this-window']), []);
    const settings = anySettings['mcp/databaseGateway'] as object;
    const places = [{ password: 'x' }, { token: 'x' }, { headers: { 'x-key': 'x' } }, { serviceAccount: 'x' }];
    const taken = places.map((more) => connectors['mcp/databaseGateway']?.settings.safeParse({ ...settings, ...more }));
    const fixed = connectors['mcp/generic']?.settings.safeParse({
      url: 'https://crm.example.com/mcp',
      headers: { Authorization: 'Bearer x' },
    });
    assert.deepEqual(
      [...taken, fixed].map((outcome) => outcome?.success),
      [false, false, false, false, false],
    );
  });

  test('A25: a web page gets nothing: no preflight, no answer, and none of the permissions that the server gives', async () => {
    await using part = await alone();
    await part.editor.tools();
    const before = server.requests.length;
    const origin = ['origin', 'https://evil.example'] as const;
    const own = editorHeaders(part.gateway);
    const preflight = await rawRequest(part.gateway, 'warehouse', {
      method: 'OPTIONS',
      headers: [
        origin,
        ['access-control-request-method', 'POST'],
        ['access-control-request-headers', 'x-database-token'],
      ],
    });
    const posted = await rawRequest(part.gateway, 'warehouse', { headers: [...own, origin], body: call });
    const unreached = server.requests.length;
    const session = part.editor.client.transport?.sessionId ?? '';
    const good = await rawRequest(part.gateway, 'warehouse', {
      headers: editorHeaders(part.gateway, session),
      body: call,
    });
    const open = await fetch(server.url, { method: 'OPTIONS' });
    assert.deepEqual(
      [preflight.status, preflight.body, posted.status, posted.body, unreached, good.status],
      [404, '', 404, '', before, 200],
    );
    assert.equal(open.headers.get('access-control-allow-origin'), '*');
    assert.doesNotMatch([preflight, posted, good].map(({ headers }) => headers).join('\n'), /access-control/i);
  });

  test('A26: after the first one a call costs one request, and no credential is asked for again', async () => {
    await using part = await alone();
    await part.editor.call('run_query', { sql: ME });
    const before = server.requests.length;
    for (let round = 0; round < 5; round += 1) await part.editor.call('run_query', { sql: ME });
    const added = server.requests.slice(before).map(({ rpcMethod, method }) => rpcMethod ?? method);
    assert.deepEqual(
      [added.filter((name) => name !== 'GET'), part.gateway.asked.length],
      [Array.from({ length: 5 }, () => 'tools/call'), 1],
    );
  });
});
