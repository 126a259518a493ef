/**
 * Acceptance rows 5 to 9 and 13 of MCP servers behind the ingress of Snowpark Container Services: a rejection of the ingress is told
 * from the app's own by its header and its body together, is never tried again, and says what helps. Row 11 (the ingress takes away
 * the app's own header fields) is played by the stand-in. Not here:
 *
 * 7   a class of error of its own: an error code of its own stands for it, and only `rejected` verdicts lead to another try
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { type LabIdentityProvider, startIdentityProvider } from '../../lab/identityProvider.ts';
import { counts } from './evidence.ts';
import { type Ingressed, ingressed, rejection } from './spcsGround.ts';

let provider: LabIdentityProvider;

before(async () => {
  provider = await startIdentityProvider();
});
after(() => provider.close());

const json = { 'content-type': 'application/json' };
/** Fields of an answer that the ingress has nothing to do with. */
const unsigned = { ...json, server: 'nginx', 'set-cookie': 'session=1' };
const appSays = '{"detail":"Authentication credentials were not provided."}';

/** What a call comes to that is answered like this, once or always, and how many requests and credentials that took. */
async function answered(part: Ingressed, status: number, headers: Record<string, string | string[]>, body: string) {
  const [calls, asked] = [counts(part.ingress.requests)['tools/call'] ?? 0, part.asked().length];
  // Whatever is not used up by this call must not answer the next one.
  part.ingress.replyRaw(status, headers, body, 'tools/call');
  const outcome = await part.editor.call('echo', { text: 'ran' });
  const made = (counts(part.ingress.requests)['tools/call'] ?? 0) - calls;
  return { ...outcome, requests: made, asked: part.asked().slice(asked) };
}

describe('A rejection of the ingress', () => {
  const signatures: Record<string, Record<string, string | string[]>> = {
    'both fields': json,
    'the Server field': { ...json, server: '_', 'set-cookie': 'session=1' },
    'the cookie': { ...json, server: 'nginx', 'set-cookie': 'sfc-ss-ingress-auth-v1-00=00; Path=/' },
    'the cookie among others': { ...json, server: 'nginx', 'set-cookie': ['a=b', 'sfc-ss-x=1'] },
  };
  for (const [what, headers] of Object.entries(signatures))
    for (const status of [401, 403] as const)
      test(`C5, C6: is known by ${what} and its body (${status}), and is not tried again`, async () => {
        await using part = await ingressed(provider);
        await part.editor.tools();
        const { code, requests, asked } = await answered(part, status, headers, rejection());
        assert.deepEqual({ code, requests, asked }, { code: 'DP-MCP-INGRESS', requests: 1, asked: [] });
      });

  test('C5: has an id in either case', async () => {
    await using part = await ingressed(provider);
    await part.editor.tools();
    const body = rejection({ requestId: 'ABCDEF01-2345-6789-ABCD-EF0123456789' });
    assert.equal((await answered(part, 401, json, body)).code, 'DP-MCP-INGRESS');
  });

  const others: Record<string, readonly [headers: Record<string, string>, body: string]> = {
    'the body alone': [unsigned, rejection()],
    'the header alone': [json, appSays],
    'an id that is too short': [json, rejection({ requestId: 'abcdef01-2345-6789-abcd-ef012345678' })],
    'an id with other letters': [json, rejection({ requestId: 'ghijkl01-2345-6789-abcd-ef0123456789' })],
    'an id with something after it': [json, rejection({ requestId: 'abcdef01-2345-6789-abcd-ef0123456789 x' })],
    'an id that is a number': [json, rejection({ requestId: 1 })],
    'a type in lower case': [json, rejection({ responseType: 'error_unauthorized' })],
    'a type of another kind': [json, rejection({ responseType: 'UNAUTHORIZED' })],
    'a type without a name': [json, rejection({ responseType: 'ERROR_' })],
    'no detail': [json, rejection({ detail: undefined })],
    'a detail that is no text': [json, rejection({ detail: { text: 'Authentication failed.' } })],
    'no type': [json, rejection({ responseType: undefined })],
    'a list': [json, `[${rejection()}]`],
    'a text': [json, JSON.stringify(rejection())],
    'no JSON': [{ 'content-type': 'text/plain' }, 'Authentication failed.'],
    'cut JSON': [json, rejection().slice(0, -1)],
    nothing: [json, ''],
  };
  for (const [what, [headers, body]] of Object.entries(others))
    test(`C5, C8: is not seen in ${what}: that is the app, whose own token is renewed once`, async () => {
      await using part = await ingressed(provider);
      await part.editor.tools();
      const { code, text, requests, asked } = await answered(part, 401, headers, body);
      assert.deepEqual(
        { code, text, requests, asked },
        { code: undefined, text: 'ran', requests: 2, asked: ['server for server 2'] },
      );
      const forbidden = await answered(part, 403, headers, body);
      assert.deepEqual([forbidden.code, forbidden.requests, forbidden.asked], ['DP-MCP-FORBIDDEN', 1, []]);
    });

  for (const status of [400, 500, 503] as const)
    test(`C5: is not seen in an answer with status ${status}, whatever its body`, async () => {
      await using part = await ingressed(provider);
      await part.editor.tools();
      const { code, requests, asked } = await answered(part, status, json, rejection());
      // A 400 may mean that the app has forgotten the session: then it is begun anew, and the call goes on.
      assert.ok(status === 400 ? code === undefined : code !== 'DP-MCP-INGRESS' && code?.startsWith('DP-MCP-'), code);
      assert.deepEqual([requests > 0, asked], [true, []]);
    });

  test('C6: is told with its status, its type, its id, its words and what helps', async () => {
    await using part = await ingressed(provider);
    await part.editor.tools();
    const requestId = '01234567-89ab-cdef-0123-456789abcdef';
    const body = rejection({ requestId, responseType: 'ERROR_FORBIDDEN', detail: 'The endpoint is closed.' });
    const { text } = await answered(part, 403, json, body);
    const { params = {}, fix = '', detail } = part.gateway.lastError() ?? {};
    assert.ok(
      text.startsWith(
        `DP-MCP-INGRESS: Snowflake rejected the token before the app was reached (HTTP status 403, ERROR_FORBIDDEN, request ${requestId}).`,
      ),
      text,
    );
    assert.equal(detail, 'The endpoint is closed.');
    assert.ok(text.includes('Detail: The endpoint is closed. ') && text.endsWith(fix) && params['hint'] !== '', text);
    assert.match(fix, /administrator of the Snowflake account/);
    assert.doesNotMatch(text + fix, /[{}]/);
  });

  test('C6: at the very first request is told at the first call, which asks for another token, and the app is never reached', async () => {
    await using part = await ingressed(provider, { mint: () => ({ token: 'revoked-token', kind: 'bearer' }) });
    const before = part.ingress.requests.length;
    const answer = await part.editor.call('echo', { text: 'x' });
    assert.equal(answer.code, 'DP-MCP-INGRESS');
    assert.match(answer.text, /Detail: The provided token is invalid\./);
    assert.deepEqual(
      [part.app.requests, part.ingress.requests.length - before, part.asked().filter((each) => each.includes('for'))],
      [[], 1, ['token for token 1']],
    );
  });

  const hints: readonly (readonly [detail: string, cause: RegExp, remedy: RegExp])[] = [
    [
      'Network policy is required.',
      /network policy covers its user/,
      /ALLOWED_IP_LIST = \('<your public address>\/32'\)/,
    ],
    ['NETWORK POLICY: the token is invalid.', /network policy covers its user/, /SET NETWORK_POLICY = <name>;/],
    ['The provided token is invalid.', /cut off, has ended or was revoked/, /Make a new programmatic access token/],
    ['Invalid or expired token.', /cut off, has ended or was revoked/, /Make a new programmatic access token/],
    ['The credential has expired.', /token has ended/, /Make a new programmatic access token/],
    ['Authentication failed.', /may not use this service/, /grant its service role to your role/],
    ['Unauthorized.', /may not use this service/, /grant its service role to your role/],
    ['The endpoint is not open to this role.', /no reason that is known/, /Show the detail to the administrator/],
  ];
  for (const [detail, cause, remedy] of hints)
    test(`C9: says what helps with "${detail}", and never to let every address in`, async () => {
      await using part = await ingressed(provider);
      await part.editor.tools();
      const { text } = await answered(part, 401, json, rejection({ detail }));
      const { params = {}, fix = '' } = part.gateway.lastError() ?? {};
      assert.match(params['hint'] ?? '', cause);
      assert.match(text, remedy);
      assert.doesNotMatch(text + fix + JSON.stringify(params), /0\.0\.0\.0|::\/0/);
    });

  test('C13: of a person whom no network policy covers names the policy, with their own address alone', async () => {
    let pat = '';
    await using part = await ingressed(provider, { mint: () => ({ token: pat, kind: 'personalAccessToken' }) });
    pat = part.ingress.issueProgrammaticToken('bob', { networkPolicy: false });
    await part.gateway.signIn([{ ...part.wire, subject: 'bob', binding: 'another' }]);
    const answer = await part.editor.call('echo', { text: 'x' });
    assert.match(answer.text, /Detail: Network policy is required\. Ask an administrator to run CREATE NETWORK POLICY/);
    assert.deepEqual(part.app.requests, []);
  });
});

describe('The app itself', () => {
  test('C8: refuses twice: its own token is renewed once, the token of Snowflake never', async () => {
    await using part = await ingressed(provider);
    await part.editor.tools();
    part.app.refuseNext(2);
    const refused = await part.editor.call('echo', { text: 'x' });
    const next = await part.editor.call('echo', { text: 'x' });
    assert.deepEqual([refused.code, next.text], ['DP-MCP-REFUSED', 'x']);
    assert.deepEqual(
      [part.asked(), part.minted.token.length, part.minted.server.length, counts(part.ingress.requests)['tools/call']],
      [['token', 'server', 'server for server 2'], 1, 2, 3],
    );
    assert.doesNotMatch(refused.text, /Snowflake/);
  });

  test('C8: refuses where nothing was sent to log in with: there is nothing to renew, and it is asked once', async () => {
    await using part = await ingressed(provider, { own: false });
    await part.editor.tools();
    part.app.refuseNext(1);
    const refused = await part.editor.call('echo', { text: 'x' });
    assert.deepEqual(
      [refused.code, part.asked(), counts(part.ingress.requests)['tools/call']],
      ['DP-MCP-REFUSED', ['token'], 1],
    );
  });

  test('C8: forbids something: that is no matter of tokens', async () => {
    await using part = await ingressed(provider);
    await part.editor.tools();
    part.app.refuseNext(1, 403);
    const refused = await part.editor.call('echo', { text: 'x' });
    assert.deepEqual([refused.code, part.asked()], ['DP-MCP-FORBIDDEN', ['token', 'server']]);
  });
});
