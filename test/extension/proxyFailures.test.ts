import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type NetworkFacts, ProxyFault, readNetwork } from '../../src/core/network.ts';
import { namedFailures } from '../../src/extension/proxyFailures.ts';

const behind = (proxy: string): NetworkFacts =>
  readNetwork({ proxy, noProxy: ['excepted.test'], support: 'override', environment: {} }).facts;
const corp = behind('http://ana:secret-of-ana@proxy.corp:3128');
const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const refused = new Error('Proxy response (407) !== 200 when HTTP Tunneling');

async function told(cause: Error, network: NetworkFacts, url = 'https://login.test/token'): Promise<string> {
  const original = new TypeError('fetch failed', { cause });
  const error: unknown = await namedFailures(
    () => Promise.reject(original),
    () => network,
  )(url, {}).catch((thrown: unknown) => thrown);
  if (error === original) return 'as it was';
  assert.ok(error instanceof TypeError && error.cause instanceof ProxyFault);
  return error.cause.message;
}

test('a request that ended at the proxy names the proxy, and nothing of its user', async () => {
  assert.equal(await told(away, corp), 'the proxy proxy.corp:3128 does not answer, ECONNREFUSED');
  assert.equal(await told(refused, corp), 'the proxy proxy.corp:3128 wants another user and password, HTTP status 407');
});

test('a request that a proxy has no part in fails as it did', async () => {
  const certificate = Object.assign(new Error('unable'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  assert.deepEqual(
    [
      await told(away, behind('')),
      await told(away, corp, 'https://excepted.test/'),
      await told(away, corp, 'http://127.0.0.1:1/'),
      await told(certificate, corp),
    ],
    ['as it was', 'as it was', 'as it was', 'as it was'],
  );
});

test('a proxy that only the editor knows of, from a PAC script, is told too', async () => {
  assert.match(await told(refused, behind('')), /^the proxy of this network wants another user and password/);
});
