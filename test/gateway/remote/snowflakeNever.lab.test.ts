/** What must never happen with Snowflake's managed MCP servers (acceptance rows B, "Must never"), in both dialects. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after, before, suite, test } from 'node:test';

import { type LabIdentityProvider, startIdentityProvider } from '../../lab/identityProvider.ts';
import { listen } from '../../lab/tokenServices/listen.ts';
import { counts, found, readable } from './evidence.ts';
import { managed, ranAs, select } from './snowflakeGround.ts';

let provider: LabIdentityProvider;
let canary: Awaited<ReturnType<typeof listen>>;
const led: (string | undefined)[] = [];

before(async () => {
  provider = await startIdentityProvider();
  canary = await listen(
    createServer(({ url }: IncomingMessage, response) => {
      led.push(url);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
    }),
  );
});
after(async () => {
  await canary.close();
  await provider.close();
});

for (const dialect of ['json', 'stream'] as const)
  suite(`A managed MCP server in the dialect ${dialect}`, () => {
    test('B, never: the token is in no URL, no argument, no result and no log', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      const [token = ''] = part.tokens;
      await part.editor.call('sql-exec', select);
      // What the server repeats of it comes back without it.
      const repeated = await part.editor.call('analyst', { message: `is ${token} good?` });
      part.server.rejectTokens();
      await part.editor.call('sql-exec', select);
      const urls = JSON.stringify(part.server.requests.map(({ path }) => path));
      const bodies = part.server.requests.filter(({ body }) => body.includes(token));
      assert.match(repeated.text, /is \[redacted\] good\?/);
      assert.deepEqual(
        [found(urls, part.tokens), bodies.length, found(readable(part.gateway, part.editor), part.tokens)],
        [[], 1, []],
      );
      assert.equal(part.tokens.length, 2);
    });

    for (const status of [301, 302, 303, 307, 308] as const)
      test(`B, never: a redirect (${status}) is followed, with or without the token`, async () => {
        await using part = await managed(provider, { dialect });
        part.server.redirectNext(`http://${canary.host}/steal`, status);
        const listing = await part.editor.tools();
        part.server.redirectNext(`http://${canary.host}/steal`, status);
        const answer = await part.editor.call('sql-exec', select);
        assert.deepEqual([listing, answer.code, led], [[], 'DP-MCP-REDIRECT', []]);
        assert.match(answer.text, new RegExp(`HTTP status ${status}|sends requests on to another address`));
        assert.deepEqual([part.rejected(), part.server.executed], [[undefined], []]);
      });

    test('B, never: status 200 alone counts as success', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      part.server.htmlNext();
      const page = await part.editor.call('sql-exec', select);
      const json = { 'content-type': 'application/json' };
      const bodies = [
        '',
        '{}',
        '[]',
        'null',
        '{"jsonrpc":"2.0","id":',
        '{"ok":true}',
        '{"jsonrpc":"2.0","id":99,"result":{}}',
      ];
      for (const body of bodies) part.server.replyRaw(200, json, body, 'tools/call');
      const codes: unknown[] = [];
      for (const _ of bodies) codes.push((await part.editor.call('sql-exec', select)).code);
      assert.match(page.text, /^DP-MCP-ANSWER: .*it is text\/html/);
      assert.doesNotMatch(page.text, /Please log in/);
      assert.deepEqual(
        codes,
        bodies.map(() => 'DP-MCP-ANSWER'),
      );
      assert.deepEqual([part.server.executed, part.rejected()], [[], [undefined]]);
    });

    test('B, never: an error page that repeats the token passes it on', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      part.server.echoAuthorizationNext();
      const answer = await part.editor.call('sql-exec', select);
      assert.match(answer.text, /^DP-MCP-STATUS: .*HTTP status 500.*\[redacted\]/s);
      assert.deepEqual(found(readable(part.gateway, part.editor), part.tokens), []);
      assert.deepEqual([counts(part.server.requests)['tools/call'], part.rejected()], [1, [undefined]]);
    });

    test('B, never: half a token comes through where the words of the server are cut', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      const [token = ''] = part.tokens;
      const said = (before: number) => `${'x'.repeat(before)} ${token}`;
      const body = ({ rpcId: id }: { rpcId: unknown }) =>
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          error: { code: -32603, message: `does not exist or not authorized ${said(1950)}` },
        });
      part.server.replyRaw(500, { 'content-type': 'text/plain' }, said(1980), 'tools/call');
      part.server.replyRaw(401, { 'www-authenticate': `Bearer error="${said(1960)}"` }, '', 'tools/call');
      part.server.replyRaw(401, { 'www-authenticate': `Bearer error="${said(1960)}"` }, '', 'tools/call');
      part.server.replyRaw(200, { 'content-type': 'application/json' }, body, 'tools/call');
      part.server.replyRaw(200, { 'content-type': `text/${token}` }, '', 'tools/call');
      const codes: unknown[] = [];
      for (let round = 0; round < 4; round += 1) codes.push((await part.editor.call('sql-exec', select)).code);
      assert.deepEqual(codes, ['DP-MCP-STATUS', 'DP-MCP-REFUSED', 'DP-MCP-GRANT', 'DP-MCP-ANSWER']);
      // The beginning of a JWT is the same for all: what follows is not.
      const everything = readable(part.gateway, part.editor).toLowerCase();
      assert.ok(!everything.includes(token.slice(0, 24).toLowerCase()));
    });

    test('B, never: a call whose answer was lost is sent again', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      part.server.cutNextStream();
      const lost = await part.editor.call('sql-exec', select);
      const executions = part.server.executions('sql-exec');
      const next = await part.editor.call('sql-exec', select);
      assert.equal(lost.code, 'DP-MCP-LOST');
      assert.match(lost.text, /may have run|Find out whether it ran/);
      assert.deepEqual(
        [executions, ranAs(next.text), counts(part.server.requests)['tools/call'], part.rejected()],
        [1, 'ALICE/ANALYST', 2, [undefined]],
      );
    });
  });
