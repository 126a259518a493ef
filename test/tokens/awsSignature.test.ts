import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signedHeaders, signedQuery } from '../../src/tokens/aws/signature.ts';

// From AWS's own test suite: https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const scope = { region: 'us-east-1', service: 'service', now: Date.UTC(2015, 7, 30, 12, 36) };
const host = 'example.amazonaws.com';
const sessionToken = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267';
const credential = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';

test('Headers are signed as in get-vanilla, get-vanilla-with-session-token and post-x-www-form-urlencoded', () => {
  const get = { method: 'GET', query: {}, headers: { host }, body: '' } as const;
  const contentType = 'application/x-www-form-urlencoded';
  const post = {
    method: 'POST',
    query: {},
    headers: { 'content-type': contentType, host },
    body: 'Param1=value1',
  } as const;
  assert.deepEqual(signedHeaders(get, keys, scope), {
    'x-amz-date': '20150830T123600Z',
    authorization: `${credential}, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31`,
  });
  assert.deepEqual(signedHeaders(get, { ...keys, sessionToken }, scope), {
    'x-amz-date': '20150830T123600Z',
    'x-amz-security-token': sessionToken,
    authorization: `${credential}, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8`,
  });
  assert.deepEqual(signedHeaders(post, keys, scope), {
    'content-type': contentType,
    'x-amz-date': '20150830T123600Z',
    authorization: `${credential}, SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a`,
  });
});

test('A query is signed as in get-vanilla-query-unreserved, -order-encoded and get-vanilla-with-session-token', () => {
  const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const own =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600';
  const signed = (query: Readonly<Record<string, string>>, token?: string): string =>
    signedQuery({ host, query, seconds: 3600 }, { ...keys, sessionToken: token }, scope);
  assert.deepEqual(
    [
      signed({ [unreserved]: unreserved }),
      signed({ 'Param-3': 'Value3', Param: 'Value2', ሴ: 'Value1' }),
      signed({}, sessionToken),
    ],
    [
      `-._~${unreserved.slice(4)}=${unreserved}&${own}&X-Amz-SignedHeaders=host&X-Amz-Signature=8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf`,
      `%E1%88%B4=Value1&Param=Value2&Param-3=Value3&${own}&X-Amz-SignedHeaders=host&X-Amz-Signature=c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787`,
      `${own}&X-Amz-Security-Token=${sessionToken}&X-Amz-SignedHeaders=host&X-Amz-Signature=7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c`,
    ],
  );
});

test('A space in a query is %20, and whatever RFC 3986 reserves is encoded', () => {
  const query = signedQuery({ host, query: { DBUser: "o'x y+(*)!&=/é" }, seconds: 900 }, keys, scope);
  assert.equal(query.split('&')[0], 'DBUser=o%27x%20y%2B%28%2A%29%21%26%3D%2F%C3%A9');
});
