import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { resultsPage } from '../../scripts/results.ts';
import { wire } from '../gateway/fakeDatabase.ts';
import { type Harness, harness } from '../gateway/harness.ts';

const uri = 'ui://data-passport/results';
const mimeType = 'text/html;profile=mcp-app';
const extensions = { 'io.modelcontextprotocol/ui': { mimeTypes: [mimeType] } };
const page = async (): Promise<string> => '<!doctype html><title>page</title>';
const info = { name: 'test', version: '1' };

/** A client as today's editors are, with MCP Apps or without. */
async function connect({ url, headers, fetch }: Harness, apps: boolean) {
  const client = new Client(info, { capabilities: { ...(apps && { extensions }) } });
  await client.connect(new StreamableHTTPClientTransport(url, { fetch, requestInit: { headers } }));
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

test('the list of tools stays under six kilobytes with the page named in it, however many connections there are', async () => {
  for (const count of [1, 2, 200]) {
    const connections = Array.from({ length: count }, (_, index) => wire(`connection-${index}`));
    await using gateway = await harness({ connections, resultsPage: page });
    await using client = await connect(gateway, true);
    const list = await client.listTools();
    const bytes = Buffer.byteLength(JSON.stringify(list));
    assert.match(JSON.stringify(list), /ui:\/\/data-passport\/results/);
    assert.ok(bytes < 6144, `${bytes} bytes`);
  }
});

test('the page is named by the query tool alone, and only to clients that announce pages', async () => {
  await using gateway = await harness({ resultsPage: page });
  await using shows = await connect(gateway, true);
  await using reads = await connect(gateway, false);
  const named = (await shows.listTools()).tools.filter(({ _meta }) => _meta !== undefined);
  assert.deepEqual(
    named.map(({ name, _meta }) => [name, _meta]),
    [
      ['query', { ui: { resourceUri: uri } }],
      ['more_rows', { ui: { visibility: ['app'] } }],
    ],
  );
  const plain = await reads.listTools();
  assert.deepEqual(
    plain.tools.filter(({ _meta }) => _meta !== undefined),
    [],
  );
  assert.deepEqual([(await reads.listResources()).resources, (await shows.listResources()).resources.length], [[], 1]);
});

test('clients of the newest protocol that announce pages are told of it as well', async () => {
  await using gateway = await harness({ resultsPage: page });
  for (const mode of ['auto', 'legacy'] as const) {
    const client = new ClientV2(info, { capabilities: { extensions }, versionNegotiation: { mode } });
    await client.connect(
      new TransportV2(gateway.url, { fetch: gateway.fetch, requestInit: { headers: gateway.headers } }),
    );
    const { tools } = await client.listTools();
    assert.deepEqual(tools.find(({ name }) => name === 'query')?._meta, { ui: { resourceUri: uri } });
    assert.equal((await client.readResource({ uri })).contents[0]?.mimeType, mimeType);
    await client.close();
  }
});

test('without a page nothing of it is announced', async () => {
  await using gateway = await harness();
  await using client = await connect(gateway, true);
  assert.deepEqual(client.getServerCapabilities(), { tools: { listChanged: true } });
  assert.doesNotMatch(JSON.stringify(await client.listTools()), /ui:/);
});

test('the page is read when it is asked for, with no host that it may reach, and no other address is answered', async () => {
  let reads = 0;
  await using gateway = await harness({
    resultsPage: async () => {
      reads += 1;
      return page();
    },
  });
  await using client = await connect(gateway, true);
  const ui = {
    csp: { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] },
    permissions: { clipboardWrite: {} },
    prefersBorder: true,
  };
  assert.deepEqual((await client.listResources()).resources, [
    { uri, name: 'results', title: 'Query Results', mimeType, _meta: { ui } },
  ]);
  assert.equal(reads, 0);
  assert.deepEqual((await client.readResource({ uri })).contents, [
    { uri, mimeType, text: await page(), _meta: { ui } },
  ]);
  assert.equal(reads, 1);
  await assert.rejects(client.readResource({ uri: 'ui://data-passport/other' }), /not found/i);
});

test('what only the page has use for stands beside the result, which stays as it is without a page', async () => {
  await using gateway = await harness({ resultsPage: page });
  await using plain = await harness();
  await using shows = await connect(gateway, true);
  await using reads = await connect(plain, false);
  const ask = { name: 'query', arguments: { sql: 'rows 3', maxRows: 2 } };
  const [one, other] = [await shows.callTool(ask), await reads.callTool(ask)];
  const same = ({ content, structuredContent, isError }: typeof one): string =>
    JSON.stringify([content, structuredContent, isError]).replace(/elapsedMs\W+\d+/g, '');
  assert.equal(same(one), same(other));
  assert.deepEqual(one._meta, { 'data-passport/page': { cutAt: 'rows', mostRows: 10_000 } });
  assert.equal((await shows.callTool({ name: 'query', arguments: { sql: 'rows 3' } }))._meta, undefined);
});

test('the page gets more rows than a model does, through a tool of its own', async () => {
  const small = wire('sales', { limits: { rows: 5, cellLength: 50, bytes: 10_000, seconds: 30 } });
  await using gateway = await harness({ resultsPage: page, connections: [small] });
  await using shows = await connect(gateway, true);
  const rowsOf = async (name: string, args: object) => {
    const { structuredContent, _meta } = await shows.callTool({ name, arguments: { sql: 'rows 12', ...args } });
    return [(structuredContent as { rowCount: number }).rowCount, _meta?.['data-passport/page']];
  };
  assert.deepEqual(await rowsOf('query', {}), [5, { cutAt: 'rows', mostRows: 10_000 }]);
  assert.deepEqual(await rowsOf('more_rows', { maxRows: 8 }), [8, { cutAt: 'rows', mostRows: 10_000 }]);
  assert.deepEqual(await rowsOf('more_rows', { maxRows: 500 }), [12, undefined]);
  const refused = await shows.callTool({ name: 'more_rows', arguments: { sql: 'drop table orders' } });
  assert.match(JSON.stringify(refused.structuredContent), /DP-READ-ONLY/);
});

test('the page is one small file that allows itself its own script and style, and nothing else', async () => {
  const html = await resultsPage('1.2.3');
  assert.ok(Buffer.byteLength(html) < 60_000, `${Buffer.byteLength(html)} bytes`);
  const [, policy = ''] = /content="([^"]*)"/.exec(html) ?? [];
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-\S{44}'; style-src 'sha256-\S{44}'; base-uri 'none'; form-action 'none'$/,
  );
  assert.doesNotMatch(
    html,
    /\b(?:fetch\(|XMLHttpRequest|WebSocket|innerHTML|insertAdjacentHTML|document\.write|eval\()/,
  );
  assert.deepEqual(html.match(/(?:src|href)=/g), null);
  assert.deepEqual(html.match(/https?:\/\/[^'"`\s]+/g), ['http://www.w3.org/2000/svg']);
});
