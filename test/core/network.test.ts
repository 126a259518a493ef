import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type NetworkWords, proxyFor, readNetwork } from '../../src/core/network.ts';

const read = (words: Partial<NetworkWords>) =>
  readNetwork({ proxy: '', noProxy: [], support: 'override', environment: {}, ...words });
const direct = (noProxy: readonly string[], host: string, port = 443): boolean =>
  proxyFor(read({ proxy: 'http://proxy:3128', noProxy }).facts, host, port) === undefined;

test('a proxy is read with its parts, and what a URL has to write differently is as it was meant', () => {
  assert.deepEqual(read({ proxy: ' https://ana:p%40ss%2F100%@[fd00::1]/ ' }).facts.proxy, {
    protocol: 'https',
    host: 'fd00::1',
    port: 443,
    user: 'ana',
    password: 'p@ss/100%',
  });
  assert.deepEqual(read({ proxy: 'http://proxy.corp' }).facts.proxy, {
    protocol: 'http',
    host: 'proxy.corp',
    port: 80,
  });
});

test('where http.proxy is empty the environment counts, https first and lower case first', () => {
  const hostOf = (environment: NetworkWords['environment'], proxy = ''): string | undefined =>
    read({ proxy, environment }).facts.proxy?.host;
  const all = { https_proxy: 'http://a', HTTPS_PROXY: 'http://b', http_proxy: 'http://c', HTTP_PROXY: 'http://d' };
  assert.equal(hostOf(all), 'a');
  assert.equal(hostOf({ ...all, https_proxy: '' }), 'b');
  assert.equal(hostOf({ http_proxy: 'http://c', HTTP_PROXY: 'http://d' }), 'c');
  assert.equal(hostOf({ HTTP_PROXY: 'http://d' }), 'd');
  assert.equal(hostOf(all, 'http://setting'), 'setting');
  assert.equal(hostOf({}), undefined);
});

test('http.noProxy takes the place of NO_PROXY, whoever named the proxy', () => {
  const environment = { HTTPS_PROXY: 'http://proxy', NO_PROXY: 'a.corp, B.corp' };
  assert.deepEqual(read({ environment }).facts.noProxy, ['a.corp', 'b.corp']);
  assert.deepEqual(read({ environment, noProxy: ['c.corp', 7] }).facts.noProxy, ['c.corp']);
});

test('with http.proxySupport off there is no proxy at all', () => {
  const facts = read({ support: 'off', proxy: 'http://proxy', environment: { HTTPS_PROXY: 'http://proxy' } });
  assert.deepEqual(facts, { facts: { noProxy: [] } });
});

test('a proxy that can not be used is told by its kind alone', () => {
  assert.equal(read({ proxy: 'socks5://ana:secret@proxy:1080' }).unusable, 'socks5');
  assert.equal(read({ proxy: 'ana:secret@proxy:1080' }).unusable, 'no address');
  assert.equal(read({ proxy: 'http://' }).unusable, 'http');
});

test('an exception covers its host and the hosts below it, and no other that ends alike', () => {
  for (const entry of ['lab.test', '.lab.test', '*.lab.test', ' LAB.test ', 'lab.test:443']) {
    assert.deepEqual(
      ['lab.test', 'a.b.LAB.test', 'evillab.test', 'lab.test.evil'].map((host) => direct([entry], host)),
      [true, true, false, false],
      entry,
    );
  }
});

test('an exception with a port is for that port alone, and a star for everything', () => {
  assert.deepEqual([direct(['lab.test:8443'], 'lab.test'), direct(['lab.test:8443'], 'lab.test', 8443)], [false, true]);
  assert.equal(direct(['*'], 'anything'), true);
  assert.deepEqual(
    [direct([], 'lab.test'), direct([''], 'lab.test'), direct(['.'], 'lab.test'), direct([':443'], 'lab.test')],
    [false, false, false, false],
  );
  assert.deepEqual([direct(['[fd00::1]:443'], '[fd00::1]'), direct(['fd00::1'], 'fd00::1')], [true, true]);
});

test('this machine is never reached through a proxy', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '[::1]', '::ffff:127.0.0.1']) {
    assert.equal(direct([], host), true, host);
  }
  assert.equal(direct([], 'localhost.corp'), false);
});
