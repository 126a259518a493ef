import assert from 'node:assert/strict';
import { test } from 'node:test';

import { postgres } from '../../../src/connectors/postgres.ts';
import { contextWith, failureOf } from '../sessionContext.ts';

test('an IPv6 address in brackets is connected to as an address, and not looked up as a name', async () => {
  const { open } = await postgres.load();
  for (const host of ['[::1]', '::1']) {
    const settings = postgres.settings.parse({ host, port: 1, database: 'd', user: 'alice' });
    const { params } = await failureOf(open(settings, contextWith('token')), 'DP-DATABASE-UNREACHABLE');
    assert.equal(params['host'], `${host}:1`);
    assert.match(params['reason'] ?? '', /^(?:ECONNREFUSED|EADDRNOTAVAIL|EAFNOSUPPORT|ENETUNREACH)$/);
  }
});
