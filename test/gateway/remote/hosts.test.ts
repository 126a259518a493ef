/** Where tokens may go, as far as settings say it: acceptance rows B2, C14 and C16, and what must never happen with all of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connectors } from '../../../src/connectors/index.ts';

const managed = { database: 'LAB', schema: 'COFFEE', server: 'COFFEE_MCP' };

function taken(type: string, settings: object): boolean {
  return connectors[type]?.settings.safeParse(settings).success ?? assert.fail(`there is no ${type}`);
}

/** Where a connection with these settings goes, and where the credential is said to go. */
function goesTo(type: string, settings: object): readonly string[] {
  const connector = connectors[type];
  assert.ok(connector?.serves === 'mcp');
  const parsed = connector.settings.parse(settings);
  const { reach } = connector.server(parsed);
  assert.ok(reach.kind === 'http');
  const { protocol, host } = new URL(reach.url);
  return [`${protocol}//${host}`, ...connector.destinations(parsed).map((each) => `${each.host}:${each.port}`)];
}

/** Addresses that readers or programs could take for ones of the host; none is a plain address of any. */
const mistakable = (host: string): readonly string[] => [
  `https://${host}@evil.example/mcp`,
  `https://evil.example/@${host}/mcp`,
  `https://@${host}/mcp`,
  `https://evil.example#${host}`,
  `https://evil.example\\${host}/mcp`,
  `https://user:password@${host}/mcp`,
  `https://${host}./mcp`,
  `https://${host.replace('o', 'о')}/mcp`,
  `https://${host.replaceAll('.', '。')}/mcp`,
  `http://${host}/mcp`,
  `ftp://${host}/mcp`,
  `//${host}/mcp`,
  host,
  ` https://${host}/mcp`,
  `https://${host}/mcp\r\nx: y`,
];

describe('Snowflake', () => {
  test('B2: in the host, and only there, hyphens stand for underscores', () => {
    assert.deepEqual(goesTo('mcp/snowflake', { ...managed, account: 'My_Org-My_Acct', database: 'my_db' }), [
      'https://my-org-my-acct.snowflakecomputing.com',
      'my-org-my-acct.snowflakecomputing.com:443',
    ]);
  });

  test('B2: hosts of Snowflake are taken, those of China and of private links too', () => {
    const hosts = [
      'myorg-myaccount.snowflakecomputing.com',
      'myorg-myaccount.snowflakecomputing.cn',
      'myorg-myaccount.privatelink.snowflakecomputing.com',
      'xy12345.eu-west-1.privatelink.snowflakecomputing.com',
    ];
    for (const host of hosts)
      assert.deepEqual(goesTo('mcp/snowflake', { ...managed, account: 'x', host }), [`https://${host}`, `${host}:443`]);
  });

  test('B2: a host that only looks like one of Snowflake is refused before there is a token', () => {
    const hosts = [
      'acct.snowflakecomputing.com.evil.com',
      'acct.snowflakecomputing.com@evil.com',
      'user@acct.snowflakecomputing.com',
      'acct.snowflakecomputing.com.',
      'acct.snоwflakecomputing.com',
      'acct。snowflakecomputing.com',
      'acctsnowflakecomputing.com',
      'snowflakecomputing.com',
      '.snowflakecomputing.com',
      'evil.com/.snowflakecomputing.com',
      'evil.com#.snowflakecomputing.com',
      'evil.com?.snowflakecomputing.com',
      'evil.com:443\\.snowflakecomputing.com',
      'acct.snowflakecomputing.com:8443',
      'acct.snowflakecomputing.com\n',
      'https://acct.snowflakecomputing.com',
      '',
    ];
    assert.deepEqual(
      hosts.filter((host) => taken('mcp/snowflake', { ...managed, account: 'x', host })),
      [],
    );
    const accounts = ['evil.com/', 'evil.com#', 'a@evil.com', 'a/b', 'a..b', '', 'а', 'a b', 'evil.com?'];
    assert.deepEqual(
      accounts.filter((account) => taken('mcp/snowflake', { ...managed, account })),
      [],
    );
  });

  test('B2: http is for this machine alone', () => {
    const local = { ...managed, account: 'x', host: '127.0.0.1', port: 1234, protocol: 'http' };
    const remote = { ...local, host: 'acct.snowflakecomputing.com' };
    const inferred = { ...managed, account: 'x', protocol: 'http' };
    assert.deepEqual(
      [local, remote, inferred].map((settings) => taken('mcp/snowflake', settings)),
      [true, false, false],
    );
  });
});

describe('Snowpark Container Services', () => {
  const host = 'abc-myorg-myaccount.snowflakecomputing.app';

  test('C16: only hosts of services are taken, each with exactly its own place', () => {
    assert.deepEqual(goesTo('mcp/spcs', { url: `https://${host}/mcp` }), [`https://${host}`, `${host}:443`]);
    const others = [
      'https://myorg-myaccount.snowflakecomputing.com/mcp',
      'https://snowflakecomputing.app/mcp',
      'https://.snowflakecomputing.app/mcp',
      'https://abcsnowflakecomputing.app/mcp',
      'https://app.example.com/mcp',
      `https://${host}.evil.example/mcp`,
      `https://evil.example/${host}/mcp`,
      `https://evil.example/mcp?${host}`,
    ];
    assert.deepEqual(
      [...others, ...mistakable(host)].filter((url) => taken('mcp/spcs', { url })),
      [],
    );
  });
});

describe('Any server', () => {
  test('A18, C14: an address that could be mistaken for another is refused, whichever preset it is for', () => {
    for (const [type, more] of [
      ['mcp/generic', {}],
      ['mcp/databaseGateway', { database: 'warehouse.example' }],
    ] as const) {
      assert.ok(taken(type, { url: 'https://publisher.example.com/mcp', ...more }));
      assert.deepEqual(
        mistakable('publisher.example.com').filter((url) => taken(type, { url, ...more })),
        [],
      );
    }
  });

  test('A18, C14: another port is another place', () => {
    const url = 'https://publisher.example.com:8443/mcp';
    assert.deepEqual(goesTo('mcp/generic', { url }), [
      'https://publisher.example.com:8443',
      'publisher.example.com:8443',
    ]);
  });
});
