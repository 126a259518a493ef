import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../postgres/index.ts';
import { type LabDatabaseGateway, startDatabaseGateway } from './databaseGateway.ts';

const reason = await canRunPostgres('oauth');
const serviceAccount = { user: 'reporter', password: 'reporter-password' };

suite('A gateway in front of PostgreSQL', { skip: reason ?? false }, () => {
  let provider: LabIdentityProvider;
  let postgres: LabPostgres;
  let gateway: LabDatabaseGateway;

  before(async () => {
    provider = await startIdentityProvider();
    const { issuer, jwksUri } = provider;
    const passwordUser = { name: serviceAccount.user, password: serviceAccount.password };
    postgres = await startPostgres({ issuer, jwksUri, audience: postgresAudience, passwordUser });
  });
  after(async () => {
    await postgres?.close();
    await provider?.close();
  });
  beforeEach(async () => {
    const { host, port, database } = postgres;
    const whois = (token: string): string | undefined => (token === 'own-token' ? 'alice' : undefined);
    gateway = await startDatabaseGateway({ host, port, database, serviceAccount, whois });
    gateway.requireBearer(false);
  });
  afterEach(() => gateway.close());

  const mint = (user: string, more: object = {}): Promise<string> =>
    provider.mintAccessToken({ user, audience: postgresAudience, ...more });

  async function post(headers: [string, string][], accept = 'application/json, text/event-stream') {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'run_query', arguments: { sql } } };
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: [['accept', accept], ['content-type', 'application/json'], ...headers],
      body: JSON.stringify(body),
    });
    return { response, text: await response.text() };
  }

  const sql = 'SELECT current_user AS me';

  async function ask(...tokens: string[]): Promise<{ text: string; isError: boolean }> {
    const { text } = await post(tokens.map((token) => ['x-database-token', token]));
    const [, data = ''] = /^event: message\ndata: (.*)\n\n$/.exec(text) ?? [];
    const { result } = JSON.parse(data) as { result: { content: [{ text: string }]; isError?: boolean } };
    return { text: result.content[0].text, isError: result.isError === true };
  }

  test('each request runs in a session of its own user, and nothing stays open', async () => {
    const tokens = await Promise.all(['alice', 'bob', 'alice', 'bob'].map((user) => mint(user)));
    const answers = await Promise.all(tokens.map((token) => ask(token)));
    assert.deepEqual(
      [answers.map(({ text }) => text), gateway.sessions.toSorted((one, two) => one.as.localeCompare(two.as))],
      [
        ['alice', 'bob', 'alice', 'bob'].map((me) => JSON.stringify([{ me }])),
        ['alice', 'alice', 'bob', 'bob'].map((as) => ({ as, loggedIn: true, closed: true })),
      ],
    );
    assert.equal(await postgres.connections(), 0);
  });

  test('a refused token is told as an error of the query, with 200', async () => {
    const expired = await ask(await mint('alice', { expiresInSeconds: -5 }));
    gateway.tellRefusals('snowflake');
    const doubled = await ask(await mint('alice'), await mint('bob'));
    assert.equal(expired.isError && doubled.isError, true);
    assert.match(expired.text, /^Error\(s\) compiling model:[\s\S]*line 1: .*authentication failed[\s\S]*Suggestions/);
    assert.match(doubled.text, /line 1: Invalid OAuth access token\. \[[0-9a-f-]{36}\]/);
    assert.deepEqual(
      gateway.sessions.map(({ loggedIn }) => loggedIn),
      [false, false],
    );
  });

  test('without a token it runs as the service account', async () => {
    assert.deepEqual(
      [await ask(), await ask('')],
      [
        { text: '[{"me":"reporter"}]', isError: false },
        { text: '[{"me":"reporter"}]', isError: false },
      ],
    );
  });

  test('it is stateless and minds methods, types and its own bearer token', async () => {
    const notAcceptable = await post([], 'application/json');
    const get = await fetch(gateway.url);
    const remove = await fetch(gateway.url, { method: 'DELETE' });
    const put = await fetch(gateway.url, { method: 'PUT' });
    gateway.requireBearer(true);
    const without = await post([]);
    const withOwn = await post([
      ['authorization', 'Bearer own-token'],
      ['x-database-token', await mint('bob')],
    ]);
    assert.deepEqual(
      {
        notAcceptable: [notAcceptable.response.status, JSON.parse(notAcceptable.text)],
        get: [get.status, get.headers.get('allow'), await get.json()],
        remove: remove.status,
        put: await put.json(),
        without: without.response.status,
        withOwn: [
          withOwn.response.status,
          withOwn.response.headers.get('mcp-session-id'),
          withOwn.text.includes('bob'),
        ],
      },
      {
        notAcceptable: [
          406,
          {
            jsonrpc: '2.0',
            error: {
              code: -32000,
              message: 'Not Acceptable: Client must accept both application/json and text/event-stream',
            },
            id: null,
          },
        ],
        get: [
          405,
          'POST',
          { jsonrpc: '2.0', error: { code: -32601, message: 'Method Not Allowed in Stateless Mode' }, id: null },
        ],
        remove: 405,
        put: { jsonrpc: '2.0', error: { code: -32601, message: 'Method Not Allowed' }, id: null },
        without: 401,
        withOwn: [200, null, true],
      },
    );
  });

  test('an official client gets through', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { 'X-Database-Token': await mint('bob') } };
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }));
    const { content } = await client.callTool({ name: 'run_query', arguments: { sql } });
    await client.close();
    assert.deepEqual(content, [{ type: 'text', text: '[{"me":"bob"}]' }]);
  });
});
