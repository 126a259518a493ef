import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { SignJWT } from 'jose';

import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../identityProvider.ts';
import { type LabSnowflakeOAuth, startSnowflakeOAuth } from '../snowflake/oauth.ts';
import { fingerprintOf } from '../tokenServices/snowflakeKeyPairJwt.ts';
import { type LabSnowflakeMcp, startSnowflakeMcp } from './snowflakeMcp.ts';
import { truncatedAt } from './snowflakeTools.ts';

let provider: LabIdentityProvider;
let ownOAuth: LabSnowflakeOAuth;
let snowflake: LabSnowflakeMcp;

before(async () => {
  provider = await startIdentityProvider();
  ownOAuth = await startSnowflakeOAuth();
});
beforeEach(async () => {
  snowflake = await startSnowflakeMcp({ issuer: provider.issuer, audience: warehouseAudience, ownOAuth });
});
afterEach(() => snowflake.close());
after(async () => {
  await ownOAuth.close();
  await provider.close();
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly challenge: string | null;
}

async function post(token: string | undefined, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(snowflake.url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: 'manual',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
  });
  return { status: response.status, body: await response.text(), challenge: response.headers.get('www-authenticate') };
}

const call = (sql: string) => ({ method: 'tools/call', params: { name: 'sql-exec', arguments: { sql } } });
const select = call('SELECT CURRENT_USER()');

/** As whom the SQL ran, or why it did not: the code of the refusal. */
async function who(token: string | undefined, headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await post(token, select, headers);
  if (status !== 200) return `${status} ${(JSON.parse(body) as { code: string }).code}`;
  const [first = ''] = body.split('\n\n');
  const { result, error } = JSON.parse(first.replace('data: ', '')) as {
    result?: { content: [{ text: string }] };
    error?: { code: number };
  };
  if (!result) return `error ${error?.code}`;
  const { result_set: set } = JSON.parse(result.content[0].text) as { result_set: { data: [[string, string]] } };
  return set.data[0].slice(0, 2).join('/');
}

const mint = (wish: Parameters<LabIdentityProvider['mintAccessToken']>[0] = {}): Promise<string> =>
  provider.mintAccessToken(wish);

test('External OAuth tokens run in the role that they name, and every other one is answered with 401', async () => {
  assert.deepEqual(
    {
      default: await who(await mint()),
      manager: await who(await mint({ scopes: ['session:role:MANAGER'] })),
      all: await who(await mint({ scopes: ['session:role:all'] })),
      any: await who(await mint({ scopes: ['session:role-any'] })),
      bob: await who(await mint({ user: 'bob', scopes: ['session:role:ANALYST'] })),
      notGranted: await who(await mint({ user: 'bob', scopes: ['session:role:MANAGER'] })),
      noRole: await who(await mint({ scopes: [] })),
      expired: await who(await mint({ expiresInSeconds: -5 })),
      audience: await who(await mint({ audience: 'https://other.lab.example' })),
      issuer: await who(await mint({ issuer: 'https://other.lab.example' })),
      stranger: await who(await mint({ signedBy: 'stranger' })),
      unknown: await who(await mint({ user: 'nobody' })),
      missing: await who(undefined),
      wrongType: await who(await mint(), { 'x-snowflake-authorization-token-type': 'KEYPAIR_JWT' }),
      executed: snowflake.executed.map(({ user, role }) => `${user}/${role}`),
    },
    {
      default: 'ALICE/ANALYST',
      manager: 'ALICE/MANAGER',
      all: 'ALICE/ANALYST',
      any: 'ALICE/ANALYST',
      bob: 'BOB/ANALYST',
      notGranted: 'error -32603',
      noRole: '401 390317',
      expired: '401 390318',
      audience: '401 390303',
      issuer: '401 390303',
      stranger: '401 390303',
      unknown: '401 390304',
      missing: '401 390104',
      wrongType: '401 390144',
      executed: ['alice/ANALYST', 'alice/MANAGER', 'alice/ANALYST', 'alice/ANALYST', 'bob/ANALYST'],
    },
  );
});

test('programmatic tokens, key-pair JWTs and Snowflake’s own tokens are taken under their own names', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  snowflake.addPublicKey('bob', publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const subject = 'COFFEE-LAB.BOB';
  const keyPair = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(`${subject}.${fingerprintOf(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))}`)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const pat = snowflake.issueProgrammaticToken('alice', { role: 'MANAGER' });
  const named = (type: string) => ({ 'x-snowflake-authorization-token-type': type });
  const examined = [await who(pat), await who(keyPair)];
  snowflake.requireTokenType();
  assert.deepEqual(
    [
      examined,
      [await who(pat), await who(keyPair), await who(await mint())],
      [await who(pat, named('PROGRAMMATIC_ACCESS_TOKEN')), await who(keyPair, named('KEYPAIR_JWT'))],
      [await who(pat, named('OAUTH')), await who(pat, named('OTHER'))],
      await who(snowflake.issueProgrammaticToken('alice', { expired: true }), named('PROGRAMMATIC_ACCESS_TOKEN')),
      await who(
        snowflake.issueProgrammaticToken('alice', { networkPolicy: false }),
        named('PROGRAMMATIC_ACCESS_TOKEN'),
      ),
    ],
    [
      ['ALICE/MANAGER', 'BOB/ANALYST'],
      ['401 390303', '401 390303', 'ALICE/ANALYST'],
      ['ALICE/MANAGER', 'BOB/ANALYST'],
      ['401 390303', '401 390104'],
      '401 394400',
      '401 390432',
    ],
  );
});

test('metadata name the authorization server that the server is bound to', async () => {
  const { challenge } = await post(undefined, select);
  const [, address = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? [];
  const read = async (): Promise<unknown> => (await fetch(address)).json();
  const bound = await read();
  snowflake.setBound(false);
  const unbound = await read();
  snowflake.dropIntegration();
  snowflake.setAnyRole(false);
  const document = {
    resource: snowflake.url,
    authorization_servers: [provider.issuer],
    scopes_supported: ['session:role:all'],
    bearer_methods_supported: ['header'],
  };
  assert.deepEqual(
    [bound, unbound, await read(), await who(await mint())],
    [
      document,
      { ...document, authorization_servers: [new URL(snowflake.url).origin] },
      { ...document, authorization_servers: [], scopes_supported: [] },
      '401 390303',
    ],
  );
});

test('grants count at once: a role without USAGE sees no server, a denied tool is listed and fails', async () => {
  const token = await mint();
  snowflake.revoke('ANALYST');
  const revoked = [await post(token, { method: 'tools/list' }), await who(token)];
  snowflake.grant('ANALYST');
  snowflake.denyTool('search');
  const denied = await post(token, { method: 'tools/call', params: { name: 'search', arguments: { query: 'fog' } } });
  const write = await post(token, call('DROP TABLE ORDERS'));
  const misnamed = await post(token, {
    method: 'tools/call',
    params: { name: 'sql-exec', arguments: { statement: 'x' } },
  });
  snowflake.dropDefaultWarehouse('alice');
  const warehouse = await post(token, { method: 'tools/list' });
  assert.deepEqual(
    [
      revoked,
      denied.body.includes('"isError":true'),
      write.body.includes('read-only'),
      misnamed.body.includes('-32602'),
      warehouse.status,
    ],
    [
      [
        {
          status: 200,
          body: '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"MCP server LAB.COFFEE.COFFEE_MCP does not exist or not authorized."}}',
          challenge: null,
        },
        'error -32603',
      ],
      true,
      true,
      true,
      200,
    ],
  );
  assert.match(warehouse.body, /session failed to initialize/);
  assert.equal(snowflake.executions('sql-exec'), 1);
});

test('it minds what the client accepts, answers in both dialects and truncates', async () => {
  const token = await mint();
  const plain = { accept: 'application/json' };
  const refused = await post(token, select, plain);
  const streamed = await post(token, select);
  snowflake.speak('json');
  const json = await post(token, select, plain);
  const big = JSON.parse((await post(token, call('SELECT BIG'))).body) as { result: { content: [{ text: string }] } };
  const get = await fetch(snowflake.url);
  assert.deepEqual(
    [refused.status, refused.body.includes('391902'), json.status, big.result.content[0].text.length, get.status],
    [400, true, 200, truncatedAt, 405],
  );
  assert.match(streamed.body, /^data: \{"jsonrpc":"2\.0","id":1,"result":.*\}\n\ndata: \[DONE\]\n\n$/);
  assert.doesNotThrow(() => JSON.parse(json.body));
});

test('no client gets past `initialize` unless it is told to answer properly', async () => {
  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${await mint()}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(snowflake.url), { requestInit }));
    return client;
  };
  await assert.rejects(connect());
  snowflake.answerInitialize('proper');
  const client = await connect();
  const { tools } = await client.listTools();
  const { content } = await client.callTool({ name: 'restock', arguments: { product_id: 3, bags: 2 } });
  await client.close();
  assert.deepEqual(
    [tools.map(({ name }) => name), content],
    [['sql-exec', 'analyst', 'search', 'restock'], [{ type: 'text', text: '{"result":"2 bags of 3 for ALICE"}' }]],
  );
});

test('a held call has run, and the journal says that its client went away', async () => {
  const token = await mint();
  const held = snowflake.holdNextCall();
  const stop = new AbortController();
  const lost = fetch(snowflake.url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
    },
    signal: stop.signal,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...select }),
  }).then((response) => response.text());
  await snowflake.until(({ status }) => status === 200);
  stop.abort();
  await assert.rejects(lost);
  const { end } = await snowflake.until(({ end }) => end !== 'open');
  held.release();
  assert.deepEqual([end, snowflake.executions('sql-exec')], ['client left', 1]);
});

test('streams are cut after the tool ran, and raw answers show what a careless client would follow or print', async () => {
  const token = await mint();
  snowflake.cutNextStream();
  await assert.rejects(post(token, select));
  snowflake.redirectNext('http://127.0.0.1:9/', 302);
  snowflake.htmlNext();
  snowflake.echoAuthorizationNext();
  const answers = [await post(token, select), await post(token, select), await post(token, select)];
  assert.deepEqual(
    [answers.map(({ status }) => status), answers[2]?.body.includes(token), snowflake.executions('sql-exec')],
    [[302, 200, 500], true, 1],
  );
});
