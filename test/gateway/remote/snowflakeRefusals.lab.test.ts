/**
 * Acceptance rows of Snowflake's managed MCP servers, 11 to 18: how each refusal is told, and which ones a fresh token is tried for.
 * Not here:
 *
 * 13  `invalid_client` comes from a token endpoint, which the gateway never asks
 * 18  redirect URIs and the kind of client are registered for the sign-in, which the gateway takes no part in
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { connectors } from '../../../src/connectors/index.ts';
import { type LabIdentityProvider, startIdentityProvider } from '../../lab/identityProvider.ts';
import { alice } from '../../lab/sampleData.ts';
import { counts, editorAt, sent } from './evidence.ts';
import { remoteHarness, remoteWire } from './harness.ts';
import { managed, managedSettings, ranAs, scopesOf, select } from './snowflakeGround.ts';

let provider: LabIdentityProvider;

before(async () => {
  provider = await startIdentityProvider();
});
after(() => provider.close());

const mintAgain = (...wishes: object[]) => {
  const left = [...wishes];
  return async () => ({ token: await provider.mintAccessToken(left.shift() ?? {}) });
};

for (const dialect of ['json', 'stream'] as const)
  suite(`A managed MCP server that refuses in the dialect ${dialect}`, () => {
    test('B11: a missing grant is answered once, names the role and the three GRANTs, and asks for no other token', async () => {
      await using part = await managed(provider, { dialect, settings: { role: 'ANALYST' } });
      await part.editor.tools();
      part.server.revoke('ANALYST');
      const refused = await part.editor.call('sql-exec', select);
      const known = await part.editor.tools();
      part.server.grant('ANALYST');
      const granted = await part.editor.call('sql-exec', select);
      assert.equal(refused.code, 'DP-MCP-GRANT');
      assert.match(refused.text, /COFFEE_MCP of sales does not exist or that the role ANALYST is not authorized/);
      assert.match(refused.text, /Detail: MCP server LAB\.COFFEE\.COFFEE_MCP does not exist or not authorized\./);
      for (const grant of [
        'GRANT USAGE ON DATABASE LAB TO ROLE ANALYST;',
        'GRANT USAGE ON SCHEMA LAB.COFFEE TO ROLE ANALYST;',
        'GRANT USAGE ON MCP SERVER LAB.COFFEE.COFFEE_MCP TO ROLE ANALYST;',
      ])
        assert.ok(refused.text.includes(grant), refused.text);
      assert.deepEqual([known.length, ranAs(granted.text)], [4, 'ALICE/ANALYST']);
      assert.deepEqual(
        [counts(part.server.requests)['tools/call'], part.server.executed.length, part.rejected()],
        [2, 1, [undefined]],
      );
      assert.deepEqual([...new Set(sent(part.server.requests, 'authorization'))], [`Bearer ${part.tokens[0]}`]);
    });

    test('B11: a grant that is missing from the beginning is told at the first call, and names are quoted where SQL wants it', async () => {
      await using part = await managed(provider, { dialect, settings: { schema: 'My "Own"', role: 'Data Team' } });
      const refused = await part.editor.call('sql-exec', select);
      assert.equal(refused.code, 'DP-MCP-GRANT');
      assert.ok(refused.text.includes('GRANT USAGE ON SCHEMA LAB."My ""Own""" TO ROLE "Data Team";'), refused.text);
      assert.deepEqual([counts(part.server.requests), part.rejected()], [{ 'tools/list': 1 }, [undefined]]);
    });

    test('B12: a refused token is renewed once; refused again, the error says so, and nobody asks where tokens come from', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      part.server.rejectTokens();
      const refused = await part.editor.call('sql-exec', select);
      part.server.rejectTokens(false);
      const next = await part.editor.call('sql-exec', select);
      assert.match(refused.text, /^DP-MCP-REFUSED: .* refused the token\. Detail: Invalid OAuth access token\. \[/);
      assert.equal(ranAs(next.text), 'ALICE/ANALYST');
      assert.deepEqual(
        [counts(part.server.requests), part.server.executed.length, part.rejected()],
        [{ 'tools/list': 1, 'tools/call': 3 }, 1, [undefined, 'token 1']],
      );
    });

    test('B12: a call whose token has ended goes through with a fresh one, and runs once', async () => {
      const mint = mintAgain({ expiresInSeconds: -5 });
      await using part = await managed(provider, { dialect, mint });
      const answer = await part.editor.call('sql-exec', select);
      assert.equal(ranAs(answer.text), 'ALICE/ANALYST');
      assert.deepEqual(
        [
          part.server.executions('sql-exec'),
          part.rejected(),
          [...new Set(sent(part.server.requests, 'authorization'))],
        ],
        [1, [undefined, 'token 1'], part.tokens.map((token) => `Bearer ${token}`)],
      );
    });

    test('B13: an error that is about neither token nor grant is the answer, in the words of the server', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      const error = { code: -32603, message: 'Warehouse is suspended.' };
      const body = ({ rpcId: id }: { rpcId: unknown }) => JSON.stringify({ jsonrpc: '2.0', id, error });
      const stream = (each: { rpcId: unknown }) => `data: ${body(each)}\n\ndata: [DONE]\n\n`;
      if (dialect === 'json') part.server.replyRaw(200, { 'content-type': 'application/json' }, body, 'tools/call');
      else part.server.replyRaw(200, { 'content-type': 'text/event-stream' }, stream, 'tools/call');
      await assert.rejects(part.editor.call('sql-exec', select), { code: -32603, message: /Warehouse is suspended\./ });
      assert.deepEqual([counts(part.server.requests)['tools/call'], part.rejected()], [1, [undefined]]);
    });

    test('B14: a tool is listed although what it uses is not granted; its call fails as the server says, once', async () => {
      await using part = await managed(provider, { dialect });
      part.server.denyTool('search');
      const tools = await part.editor.tools();
      const denied = await part.editor.call('search', { query: 'fog' });
      assert.ok(tools.includes('search'));
      assert.deepEqual(denied, { text: 'Object does not exist or not authorized.', code: 'isError' });
      assert.deepEqual([counts(part.server.requests)['tools/call'], part.rejected()], [1, [undefined]]);
    });

    test('B16: a user without a default warehouse hears that, and gets no other token for it', async () => {
      await using part = await managed(provider, { dialect });
      await part.editor.tools();
      part.server.dropDefaultWarehouse('alice');
      await assert.rejects(part.editor.call('sql-exec', select), /session failed to initialize.*no DEFAULT_WAREHOUSE/);
      assert.deepEqual([part.server.executed.length, part.rejected()], [0, [undefined]]);
    });
  });

test('B15: the role of a connection is the role of its token, and two roles are two connections', async () => {
  await using part = await managed(provider);
  const wires = ['ANALYST', 'MANAGER'].map((role) =>
    remoteWire(role.toLowerCase(), 'mcp/snowflake', managedSettings(part.server, { role })),
  );
  await using gateway = await remoteHarness(wires, async (wire) => ({
    token: await provider.mintAccessToken({ scopes: scopesOf(wire) }),
  }));
  const roles: string[] = [];
  for (const { id } of wires) {
    await using editor = await editorAt(gateway, id);
    roles.push(ranAs((await editor.call('sql-exec', select)).text));
  }
  assert.deepEqual(wires.map(scopesOf), [['session:role:ANALYST'], ['session:role:MANAGER']]);
  assert.deepEqual(roles, ['ALICE/ANALYST', 'ALICE/MANAGER']);
  assert.deepEqual(
    wires.map(({ type, settings }) => connectors[type]?.role(settings)),
    ['ANALYST', 'MANAGER'],
  );
});

test('B15, B16: without a role the token is asked for with session:role-any, and the default role counts, as with all', async () => {
  const answers: unknown[] = [];
  for (const settings of [{}, { role: 'all' }]) {
    await using part = await managed(provider, { settings });
    const { text } = await part.editor.call('sql-exec', select);
    answers.push([scopesOf(part.wire), ranAs(text)]);
  }
  assert.deepEqual(answers, [
    [['session:role-any'], 'ALICE/ANALYST'],
    [['session:role:all'], 'ALICE/ANALYST'],
  ]);
});

test('B17: a server that is bound to one integration refuses the tokens of others, and nothing else is tried in their place', async () => {
  const own = 'ver:2-hint:1-did:1-token-of-snowflake';
  const ownOAuth = {
    check: (token: string) => (token === own ? { user: alice, role: 'ANALYST', expired: false } : undefined),
  };
  for (const mint of [
    mintAgain({ issuer: 'https://other.lab.example' }, { issuer: 'https://other.lab.example' }),
    async () => ({ token: own }),
  ]) {
    await using part = await managed(provider, { ownOAuth, mint });
    const refused = await part.editor.call('sql-exec', select);
    assert.deepEqual(
      [refused.code, counts(part.server.requests), part.rejected(), part.server.executed],
      ['DP-MCP-REFUSED', { 'tools/list': 2 }, [undefined, 'token 1'], []],
    );
  }
});

test('B17: a server that is bound to no other integration takes the tokens of Snowflake itself, of their person in their role', async () => {
  const own = 'ver:2-hint:1-did:1-token-of-snowflake';
  const ownOAuth = {
    check: (token: string) => (token === own ? { user: alice, role: 'MANAGER', expired: false } : undefined),
  };
  await using part = await managed(provider, { ownOAuth, mint: async () => ({ token: own }) });
  part.server.setBound(false);
  const { text } = await part.editor.call('sql-exec', select);
  assert.equal(ranAs(text), 'ALICE/MANAGER');
  assert.deepEqual(
    [part.rejected(), [...new Set(sent(part.server.requests, 'authorization'))]],
    [[undefined], [`Bearer ${own}`]],
  );
});

test('B17: without the integration no OAuth token is taken, and a programmatic one still is', async () => {
  let pat: string | undefined;
  await using part = await managed(provider, {
    mint: async () =>
      pat === undefined ? { token: await provider.mintAccessToken() } : { token: pat, kind: 'personalAccessToken' },
  });
  part.server.dropIntegration();
  const refused = await part.editor.call('sql-exec', select);
  pat = part.server.issueProgrammaticToken('alice');
  await part.gateway.signIn([{ ...part.wire, binding: 'with a programmatic token' }]);
  const answer = await part.editor.call('sql-exec', select);
  assert.deepEqual([refused.code, ranAs(answer.text)], ['DP-MCP-REFUSED', 'ALICE/ANALYST']);
});

test('B18: a challenge starts nothing: no metadata, no registration, no other address is asked, and the editor gets no 401', async () => {
  await using part = await managed(provider, { mint: mintAgain({ expiresInSeconds: -5 }, { expiresInSeconds: -5 }) });
  const atProvider = provider.requests.length;
  const refused = await part.editor.call('sql-exec', select);
  assert.equal(refused.code, 'DP-MCP-REFUSED');
  assert.deepEqual([...new Set(part.server.requests.map(({ path }) => path))], [new URL(part.server.url).pathname]);
  assert.equal(provider.requests.length, atProvider);
});
