import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';

import * as z from 'zod/mini';

import type { DatabaseConnector } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';

test('The table answers for its connectors only', () => {
  assert.deepEqual(Object.keys(connectors), [
    'postgres',
    'snowflake',
    'mcp/generic',
    'mcp/snowflake',
    'mcp/spcs',
    'mcp/databaseGateway',
    'mcp/stdio',
  ]);
  for (const inherited of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
    assert.equal(connectors[inherited], undefined);
  for (const [key, { type, preset }] of Object.entries(connectors))
    assert.equal(preset === undefined ? type : `${type}/${preset}`, key);
});

for (const [type, { settings }] of Object.entries(connectors)) {
  test(`Every setting of ${type} has a description and a place in the JSON schema`, () => {
    const schema = z.toJSONSchema(settings, { io: 'input' });
    assert.equal(schema.additionalProperties, false);
    const undescribed = Object.entries(schema.properties ?? {}).filter(
      ([, property]) => typeof property !== 'object' || property.description === undefined,
    );
    assert.deepEqual(undescribed, []);
  });
}

interface Refused {
  readonly title: string;
  readonly settings: unknown;
  readonly at: string;
}

const refused: Readonly<Record<string, readonly Refused[]>> = {
  postgres: [
    { title: 'a socket path for a host', settings: { host: '/tmp', database: 'd' }, at: 'host' },
    { title: 'a URL for a host', settings: { host: 'https://h', database: 'd' }, at: 'host' },
    { title: 'a user in front of the host', settings: { host: 'a@h', database: 'd' }, at: 'host' },
    { title: 'no database', settings: { host: 'h' }, at: 'database' },
    { title: 'a port in words', settings: { host: 'h', database: 'd', port: '5432' }, at: 'port' },
    { title: 'a port out of range', settings: { host: 'h', database: 'd', port: 65_536 }, at: 'port' },
    { title: 'TLS switched off', settings: { host: 'h', database: 'd', tls: 'off' }, at: 'tls' },
    {
      title: 'a way of logging in that it does not know',
      settings: { host: 'h', database: 'd', authentication: 'md5' },
      at: 'authentication',
    },
    { title: 'a misspelled key', settings: { host: 'h', database: 'd', roles: 'x' }, at: 'roles' },
  ],
  snowflake: [
    { title: 'no account', settings: {}, at: 'account' },
    { title: 'a URL for an account', settings: { account: 'https://a.snowflakecomputing.com' }, at: 'account' },
    {
      title: 'plain HTTP to another machine',
      settings: { account: 'a', host: 'a.example', protocol: 'http' },
      at: 'protocol',
    },
    { title: 'plain HTTP without a host', settings: { account: 'a', protocol: 'http' }, at: 'protocol' },
    {
      title: 'plain HTTP to a name that begins like loopback',
      settings: { account: 'a', host: '127.0.0.1.example', protocol: 'http' },
      at: 'protocol',
    },
    { title: 'a path behind the host', settings: { account: 'a', host: 'a.example/x' }, at: 'host' },
    { title: 'an authenticator', settings: { account: 'a', authenticator: 'externalbrowser' }, at: 'authenticator' },
  ],
};

for (const [type, cases] of Object.entries(refused)) {
  describe(`The settings of ${type}`, () => {
    for (const { title, settings, at } of cases) {
      it(`do not take ${title}, and say where`, () => {
        const result = connectors[type]?.settings.safeParse(settings);
        const named = result?.error?.issues.flatMap((issue) =>
          issue.code === 'unrecognized_keys' ? issue.keys : issue.path.map(String),
        );
        assert.deepEqual(named, [at]);
      });
    }
  });
}

describe('Where a credential may go', () => {
  const destinations = (type: string, settings: unknown): unknown => {
    const connector = connectors[type] as DatabaseConnector;
    return connector.destinations(connector.settings.parse(settings));
  };

  it('is the host of the settings, over TLS unless it is this machine', () => {
    assert.deepEqual(
      [
        destinations('postgres', { host: 'db.example', database: 'd' }),
        destinations('postgres', { host: 'localhost', database: 'd', port: 6000 }),
        destinations('postgres', { host: '127.0.0.1', database: 'd', tls: 'always' }),
      ],
      [
        [{ host: 'db.example', port: 5432, secure: true }],
        [{ host: 'localhost', port: 6000, secure: false }],
        [{ host: '127.0.0.1', port: 5432, secure: true }],
      ],
    );
  });

  it('is the host of the Snowflake account, with hyphens for underscores', () => {
    assert.deepEqual(
      [
        destinations('snowflake', { account: 'MyOrg-My_Account' }),
        destinations('snowflake', { account: 'xy12345.eu-central-1' }),
        destinations('snowflake', { account: 'a_b', host: 'a_b.privatelink.snowflakecomputing.com', port: 8443 }),
        destinations('snowflake', { account: 'lab', host: '127.0.0.1', protocol: 'http' }),
      ],
      [
        [{ host: 'myorg-my-account.snowflakecomputing.com', port: 443, secure: true }],
        [{ host: 'xy12345.eu-central-1.snowflakecomputing.com', port: 443, secure: true }],
        [{ host: 'a_b.privatelink.snowflakecomputing.com', port: 8443, secure: true }],
        [{ host: '127.0.0.1', port: 80, secure: false }],
      ],
    );
  });
});
