import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { snowflakeKeyPair } from '../../src/tokens/snowflakeKeyPair.ts';

const endpoint = 'abc123-coffee-lab.snowflakecomputing.app';
const own = { account: 'coffee-lab', user: 'alice', privateKeyFile: '/home/alice/rsa_key.p8' };

describe('A key pair for Snowflake, by its settings,', () => {
  it('sends secrets to the host of the account alone, and only for an exchange', () => {
    const hosts = (account: string, more: object = {}): readonly string[] | undefined =>
      snowflakeKeyPair.hosts?.(snowflakeKeyPair.settings.parse({ ...own, account, ...more }));
    assert.deepEqual(
      [
        hosts('coffee-lab'),
        hosts('Coffee-lab_eu', { exchange: { endpoint } }),
        hosts('coffee.lab', { exchange: { endpoint } }),
        hosts('xy12345.us-east-1', { exchange: { endpoint } }),
        hosts('coffee-lab.privatelink', { exchange: { endpoint } }),
        hosts('coffee-lab', { exchange: { endpoint, host: 'coffee-lab.snowflakecomputing.cn' } }),
      ],
      [
        [],
        ['coffee-lab-eu.snowflakecomputing.com'],
        ['coffee-lab.snowflakecomputing.com'],
        ['xy12345.us-east-1.snowflakecomputing.com'],
        ['coffee-lab.privatelink.snowflakecomputing.com'],
        ['coffee-lab.snowflakecomputing.cn'],
      ],
    );
  });

  it('sends none in the clear, elsewhere, or one that is good for too long', () => {
    const bad: readonly object[] = [
      { exchange: { endpoint, protocol: 'http' } },
      { exchange: { endpoint, protocol: 'http', host: 'coffee-lab.snowflakecomputing.com' } },
      { exchange: { endpoint, protocol: 'http', host: '127.0.0.1.evil.example' } },
      { exchange: { endpoint, host: 'user@evil.example' } },
      { exchange: { endpoint, host: 'coffee.example/path' } },
      { exchange: { endpoint: `${endpoint} session:role:ADMIN` } },
      { exchange: { endpoint: `https://${endpoint}` } },
      { exchange: { endpoint, role: 'ANALYST other.example' } },
      { lifetimeSeconds: 3601 },
      { lifetimeSeconds: 59 },
      { account: 'coffee.example/x' },
      { passphrase: 'in the settings' },
    ];
    assert.deepEqual(
      bad.map((settings) => snowflakeKeyPair.settings.safeParse({ ...own, ...settings }).success),
      bad.map(() => false),
    );
    assert.ok(snowflakeKeyPair.settings.safeParse({ ...own, exchange: { endpoint } }).success);
  });
});
