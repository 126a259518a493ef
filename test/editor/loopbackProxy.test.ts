import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cookieThroughProxy, proxyTarget, throughProxy } from './harness/loopbackProxy.ts';

test('a proxied path names a port that can exist and a path on it', () => {
  assert.deepEqual(proxyTarget('/proxy/4000/a/b?c=d'), { port: 4000, path: '/a/b?c=d' });
  assert.deepEqual(proxyTarget('/proxy/4000'), { port: 4000, path: '/' });
  assert.deepEqual(proxyTarget('/proxy/4000?c=d'), { port: 4000, path: '/?c=d' });
  for (const url of [
    '/proxy/0/a',
    '/proxy/65536/a',
    '/proxy/80@elsewhere.example/',
    '/proxy/elsewhere.example/',
    '/',
  ]) {
    assert.equal(proxyTarget(url), undefined, url);
  }
});

test('a redirect to a loopback port becomes a path below the front, wherever the front is mounted', () => {
  const target = { port: 4000, path: '/auth/login?x=/y/z' };
  const seen = (address: string): string => {
    const page = `https://editor.example/outer/proxy/4000${target.path}`;
    return new URL(throughProxy(address, target), page).href;
  };
  const front = 'https://editor.example/outer/proxy';
  assert.equal(seen('http://127.0.0.1:5000/cb?code=a%26b'), `${front}/5000/cb?code=a%26b`);
  assert.equal(seen('http://localhost:5000'), `${front}/5000/`);
  assert.equal(seen('http://127.0.0.1:5000?code=1'), `${front}/5000/?code=1`);
  assert.equal(seen('/done'), `${front}/4000/done`);
});

test('addresses of other machines and relative ones stay as they are', () => {
  const target = { port: 4000, path: '/auth' };
  for (const address of ['https://idp.example/x', '//idp.example/x', 'next', '?a=b', 'http://127.0.0.1.idp.example/']) {
    assert.equal(throughProxy(address, target), address);
  }
});

test('a cookie is moved below its port and keeps its other attributes', () => {
  assert.equal(
    cookieThroughProxy('sid=a=b; path=/auth; Domain=127.0.0.1; HttpOnly; SameSite=Lax', 4000, '/outer'),
    'sid=a=b; Path=/outer/proxy/4000/auth; HttpOnly; SameSite=Lax',
  );
  assert.equal(cookieThroughProxy('sid=1; Secure', 4000, ''), 'sid=1; Secure');
});
