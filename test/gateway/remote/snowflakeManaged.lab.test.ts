/**
 * Acceptance rows of Snowflake's managed MCP servers, 1 to 10: what is sent and what comes back, in both dialects (one JSON body,
 * and events with a last one that is no JSON). Rows 11 to 18 are in snowflakeRefusals.lab.test.ts, what must never happen is in
 * snowflakeNever.lab.test.ts, and row 2 beside all the other hosts in hosts.test.ts.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, suite, test } from 'node:test';

import { SignJWT } from 'jose';

import { connectors } from '../../../src/connectors/index.ts';
import { type LabIdentityProvider, startIdentityProvider } from '../../lab/identityProvider.ts';
import { fingerprintOf } from '../../lab/tokenServices/snowflakeKeyPairJwt.ts';
import { counts, editorHeaders, rawRequest, sent } from './evidence.ts';
import { managed, managedSettings, ranAs, select } from './snowflakeGround.ts';

let provider: LabIdentityProvider;

before(async () => {
  provider = await startIdentityProvider();
});
after(() => provider.close());

const TYPE = 'x-snowflake-authorization-token-type';
const path = '/api/v2/databases/LAB/schemas/COFFEE/mcp-servers/COFFEE_MCP';

for (const dialect of ['json', 'stream'] as const)
  suite(`A managed MCP server that answers calls in the dialect ${dialect}`, () => {
    test('B1: every request is a POST to the path of the server', async () => {
      await using part = await managed(provider, { dialect });
      const tools = await part.editor.tools();
      const answer = await part.editor.call('sql-exec', select);
      assert.deepEqual([tools.length, ranAs(answer.text)], [4, 'ALICE/ANALYST']);
      assert.deepEqual(
        [...new Set(part.server.requests.map((each) => `${each.method} ${each.path}`))],
        [`POST ${path}`],
      );
    });

    test('B3: each request says what it is, what it takes and who asks, and an OAuth token needs no type', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.call('sql-exec', select);
      const names = part.server.requests.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase()));
      const usual = ['accept', 'authorization', 'connection', 'content-length', 'content-type', 'host', 'user-agent'];
      assert.deepEqual([...new Set(names)].toSorted(), usual);
      assert.deepEqual(
        ['content-type', 'accept', 'authorization'].map((name) =>
          [...new Set(sent(part.server.requests, name))].join(),
        ),
        ['application/json', 'application/json, text/event-stream', `Bearer ${part.tokens.join()}`],
      );
    });

    test('B4: no answer complains of the Accept header; if one did, it would be told as a fault of ours, once', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      const complaint = { code: '391902', message: 'Unsupported Accept header null is specified.', success: false };
      const error = { jsonrpc: '2.0', id: 3, error: { code: 391902, message: complaint.message } };
      const json = { 'content-type': 'application/json' };
      part.server.replyRaw(400, json, JSON.stringify(complaint), 'tools/call');
      part.server.replyRaw(200, json, ({ rpcId }) => JSON.stringify({ ...error, id: rpcId }), 'tools/call');
      const answers = [await part.editor.call('sql-exec', select), await part.editor.call('sql-exec', select)];
      assert.deepEqual(
        answers.map(({ code }) => code),
        ['DP-INTERNAL', 'DP-INTERNAL'],
      );
      assert.match(answers.map(({ text }) => text).join(), /391902.*391902/s);
      assert.deepEqual([counts(part.server.requests)['tools/call'], part.rejected()], [2, [undefined]]);
    });

    for (const how of ['undecodable', 'proper', 'refused'] as const)
      test(`B5: the server is asked for tools alone, whatever it would say to initialize (${how})`, async () => {
        await using part = await managed(provider, { dialect });
        part.server.answerInitialize(how);
        const { client } = part.editor;
        await client.ping();
        const others = [await client.listResources(), await client.listPrompts()].map((each) =>
          Object.values(each).flat(),
        );
        const answer = await part.editor.call('sql-exec', select);
        const { tools, ...more } = client.getServerCapabilities() ?? {};
        assert.deepEqual(
          [tools, more, others, ranAs(answer.text)],
          [{ listChanged: true }, {}, [[], []], 'ALICE/ANALYST'],
        );
        assert.deepEqual(counts(part.server.requests), { 'tools/list': 1, 'tools/call': 1 });
      });

    test('B6: SQL goes as the argument sql and nothing else, and the server keeps to reading', async () => {
      await using part = await managed(provider, { dialect });
      const read = await part.editor.call('sql-exec', select);
      const write = await part.editor.call('sql-exec', { sql: 'DROP TABLE ORDERS' });
      await assert.rejects(part.editor.call('sql-exec', { statement: 'SELECT 1' }), /-32602.*Missing argument: sql/);
      assert.deepEqual(
        [ranAs(read.text), write],
        ['ALICE/ANALYST', { text: 'SQL access control error: The tool is read-only.', code: 'isError' }],
      );
      const calls = part.server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call');
      assert.deepEqual(
        calls.map(({ body }) => (JSON.parse(body) as { params: unknown }).params),
        [
          { name: 'sql-exec', arguments: select },
          { name: 'sql-exec', arguments: { sql: 'DROP TABLE ORDERS' } },
          { name: 'sql-exec', arguments: { statement: 'SELECT 1' } },
        ],
      );
      assert.deepEqual(part.rejected(), [undefined]);
    });

    test('B7: the arguments of every kind of tool arrive as they are, and so do the results', async () => {
      await using part = await managed(provider, { dialect });
      const calls = [
        ['analyst', { message: 'How much?' }],
        ['search', { query: 'fog', columns: ['NAME', 'ORIGIN'], limit: 1 }],
        ['restock', { product_id: 3, bags: 2 }],
      ] as const;
      const answers: unknown[] = [];
      for (const [name, args] of calls) answers.push(JSON.parse((await part.editor.call(name, args)).text));
      assert.deepEqual(answers, [
        { text: 'How much?', sql: 'SELECT SUM(AMOUNT) FROM COFFEE.ORDERS' },
        { results: [{ NAME: 'fog', ORIGIN: 'fog' }] },
        { result: '2 bags of 3 for ALICE' },
      ]);
      assert.deepEqual(
        part.server.executed.map(({ tool, args }) => [tool, args]),
        calls,
      );
    });

    test('B8: fifty tools are shown, and a result that Snowflake has cut says so', async () => {
      await using part = await managed(provider, { dialect });
      const big = await part.editor.client.callTool({ name: 'sql-exec', arguments: { sql: 'SELECT BIG' } });
      const small = await part.editor.client.callTool({ name: 'sql-exec', arguments: select });
      const many = Array.from({ length: 50 }, (_, index) => ({
        name: `tool-${index}`,
        inputSchema: { type: 'object' },
      }));
      const body = ({ rpcId }: { rpcId: unknown }) =>
        JSON.stringify({ jsonrpc: '2.0', id: rpcId, result: { tools: many } });
      part.server.replyRaw(200, { 'content-type': 'application/json' }, body, 'tools/list');
      const [first, second] = big.content as { text: string }[];
      assert.match(first?.text ?? '', /^\[Snowflake cuts results at 250 KB, and this one is as long:/);
      assert.equal(second?.text.length, 250 * 1024);
      assert.equal((small.content as unknown[]).length, 1);
      assert.equal((await part.editor.tools()).length, 50);
    });

    test('B9: tools have the names, descriptions and arguments that the server lists', async () => {
      await using part = await managed(provider, { dialect });
      const { tools } = await part.editor.client.listTools();
      const listed = tools.map(({ name, title, description, inputSchema }) => ({
        name,
        title,
        description,
        inputSchema,
      }));
      const direct = await fetch(part.server.url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${part.tokens[0]}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      });
      const { result } = (await direct.json()) as { result: { tools: unknown } };
      assert.deepEqual(listed, result.tools);
    });

    test('B10: the result reaches the editor as it is, and the word that ends the stream does not', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      const session = part.editor.client.transport?.sessionId;
      const raw = await rawRequest(part.gateway, 'sales', {
        headers: editorHeaders(part.gateway, session),
        body: { jsonrpc: '2.0', id: 'raw', method: 'tools/call', params: { name: 'sql-exec', arguments: select } },
      });
      const data = raw.body.split('\n').filter((line) => line.startsWith('data: ') || line.startsWith('{'));
      const [message = ''] = data.map((line) => line.replace(/^data: /, ''));
      assert.deepEqual(JSON.parse(message), {
        jsonrpc: '2.0',
        id: 'raw',
        result: {
          content: [
            { type: 'text', text: JSON.stringify({ result_set: { data: [['ALICE', 'ANALYST', select.sql]] } }) },
          ],
          isError: false,
        },
      });
      assert.equal(data.length, 1);
      assert.doesNotMatch(raw.body, /DONE/);
      await part.editor.call('sql-exec', select);
      assert.deepEqual(part.editor.problems, []);
    });
  });

test('B1: names keep their underscores and their case in the path, and what would end a name is written differently', async () => {
  const odd = { database: 'my_db', schema: 'Raw_Data' };
  const options = { ...odd, name: 'sales_mcp', settings: { ...odd, server: 'sales_mcp' } };
  await using part = await managed(provider, options);
  const answer = await part.editor.call('sql-exec', select);
  const { settings, server } = connectors['mcp/snowflake'] as Extract<(typeof connectors)[string], { serves: 'mcp' }>;
  const { reach } = server(settings.parse({ ...managedSettings(part.server), database: 'a/../b?c#d', account: 'x' }));
  assert.equal(ranAs(answer.text), 'ALICE/ANALYST');
  assert.deepEqual(
    [...new Set(part.server.requests.map((each) => each.path))],
    ['/api/v2/databases/my_db/schemas/Raw_Data/mcp-servers/sales_mcp'],
  );
  assert.match(reach.kind === 'http' ? reach.url : '', /\/databases\/a%2F\.\.%2Fb%3Fc%23d\/schemas\/COFFEE\//);
});

test('B3: programmatic tokens and key pairs are named by their type where the server wants to know', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const subject = 'COFFEE-LAB.ALICE';
  const keyPair = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(`${subject}.${fingerprintOf(publicKey)}`)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
  let given: { token: string; kind: 'personalAccessToken' | 'keyPairJwt' } | undefined;
  await using part = await managed(provider, { mint: async () => given ?? assert.fail('no token') });
  part.server.addPublicKey('alice', publicKey.export({ type: 'spki', format: 'pem' }).toString());
  part.server.requireTokenType();
  const kinds = {
    PROGRAMMATIC_ACCESS_TOKEN: { token: part.server.issueProgrammaticToken('alice'), kind: 'personalAccessToken' },
    KEYPAIR_JWT: { token: keyPair, kind: 'keyPairJwt' },
  } as const;
  for (const [type, credential] of Object.entries(kinds)) {
    given = credential;
    await part.gateway.signIn([{ ...part.wire, binding: type }]);
    const answer = await part.editor.call('sql-exec', select);
    const last = part.server.requests.slice(-1);
    assert.deepEqual(
      [ranAs(answer.text), sent(last, TYPE), sent(last, 'authorization')],
      ['ALICE/ANALYST', [type], [`Bearer ${credential.token}`]],
    );
  }
});

test('B3: the type can be always or never said, and a token of workload identity goes as it is', () => {
  const { settings, server } = connectors['mcp/snowflake'] as Extract<(typeof connectors)[string], { serves: 'mcp' }>;
  const place = { account: 'x', database: 'a', schema: 'b', server: 'c' };
  const headers = (tokenType: string, kind: 'bearer' | 'personalAccessToken' | 'keyPairJwt') => {
    const { reach } = server(settings.parse({ ...place, tokenType }));
    return reach.kind === 'http' ? reach.headers({ token: { kind, token: 'WIF.AWS.abc' } }) : {};
  };
  const authorization = 'Bearer WIF.AWS.abc';
  assert.deepEqual(
    [headers('always', 'bearer'), headers('auto', 'bearer'), headers('never', 'personalAccessToken')],
    [{ authorization, [TYPE]: 'OAUTH' }, { authorization }, { authorization }],
  );
  assert.deepEqual(headers('never', 'keyPairJwt'), { authorization });
});
