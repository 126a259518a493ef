import assert from 'node:assert/strict';
import { test } from 'node:test';

import { proxyOptions } from '../../src/connectors/snowflake/proxy.ts';
import { type NetworkFacts, readNetwork } from '../../src/core/network.ts';

const facts = (proxy: string, noProxy: readonly string[] = []): NetworkFacts =>
  readNetwork({ proxy, noProxy, support: 'override', environment: {} }).facts;

test('the driver is given exceptions in its own words, and always those of this machine', () => {
  const list = ['lab.test', '*.corp:443', '.other:8443', 'a|b', 'fd00::1'];
  assert.deepEqual(proxyOptions(facts('http://proxy:3128', list), 443), {
    proxyProtocol: 'http',
    proxyHost: 'proxy',
    proxyPort: 3128,
    noProxy: 'lab.test|*.lab.test|corp|*.corp|[fd00::1]|localhost|127.*.*.*|[::1]',
  });
});

test('the driver is given no proxy where there is none, or where nothing goes through it', () => {
  assert.deepEqual([proxyOptions(facts(''), 443), proxyOptions(facts('http://proxy', ['*']), 443)], [{}, {}]);
});

test('user and password are encoded once, because the driver takes them for parts of a URL', () => {
  const { proxyHost, proxyUser, proxyPassword } = proxyOptions(facts('https://an%25a:p%40%2525@[fd00::2]'), 443);
  assert.deepEqual([proxyHost, proxyUser, proxyPassword], ['[fd00::2]', 'an%25a', 'p%40%2525']);
});
