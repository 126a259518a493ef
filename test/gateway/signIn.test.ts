import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitationCompleteNotificationSchema, McpError } from '@modelcontextprotocol/sdk/types.js';

import type { CredentialResolver } from '../../src/gateway/gateway.ts';
import { SignInNeeded } from '../../src/gateway/toolErrors.ts';
import { connectV1, connectV2 } from './clients.ts';
import { token } from './fakeDatabase.ts';
import { harness } from './harness.ts';

const page = 'http://127.0.0.1:4000/start?nonce=n';
const sentence = 'Nobody is signed in at Corp.';
const shown = `${sentence} Log in to let this call run as you. The page shows or asks for the code WDJB-MJHT.`;

/** Nobody is signed in until `signIn` is called. */
function door(): { resolveCredential: CredentialResolver; signIn: () => void } {
  let open = false;
  const facts = { code: 'DP-SIGN-IN-REQUIRED', params: { provider: 'Corp' } } as const;
  const needed = () => new SignInNeeded(facts, 'corp', { url: page, userCode: 'WDJB-MJHT' });
  return {
    resolveCredential: () => (open ? Promise.resolve(token('alice', 1)) : Promise.reject(needed())),
    signIn: () => (open = true),
  };
}

const query = { name: 'query', arguments: { sql: 'select 1' } };

test('a 2025-11-25 client is given the sign-in page, hears when the sign-in is over, and the call works then', async () => {
  const { resolveCredential, signIn } = door();
  await using gateway = await harness({ resolveCredential });
  await using connected = await connectV1(gateway);
  const completed = Promise.withResolvers<string>();
  connected.client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) =>
    completed.resolve(params.elicitationId),
  );
  const refusal = await connected.client.callTool(query).catch((error: unknown) => error);
  assert.ok(refusal instanceof McpError);
  assert.equal(refusal.code, -32042);
  const { elicitations } = refusal.data as { elicitations: Record<string, string>[] };
  const { elicitationId, ...card } = elicitations[0] ?? {};
  assert.deepEqual(card, { mode: 'url', url: page, message: shown });
  signIn();
  await gateway.gateway.signedIn('other');
  await gateway.gateway.signedIn('corp');
  assert.equal(await completed.promise, elicitationId);
  const result = await connected.client.callTool(query);
  assert.deepEqual((result.structuredContent as { rows: unknown }).rows, [[1]]);
  assert.deepEqual(
    gateway.uses.map(({ error }) => error?.code),
    ['DP-SIGN-IN-REQUIRED', undefined],
  );
});

test('every client that shows a card hears of the sign-in', async () => {
  const { resolveCredential } = door();
  await using gateway = await harness({ resolveCredential });
  const heard: Promise<void>[] = [];
  await using first = await connectV1(gateway);
  await using second = await connectV1(gateway);
  for (const { client } of [first, second]) {
    const one = Promise.withResolvers<void>();
    client.setNotificationHandler(ElicitationCompleteNotificationSchema, () => one.resolve());
    heard.push(one.promise);
    await assert.rejects(client.callTool(query), { code: -32042 });
  }
  await gateway.gateway.signedIn('corp');
  await Promise.all(heard);
});

test('a 2026-07-28 client is asked for the sign-in, and its repeated call waits for the end of it', async () => {
  const { resolveCredential, signIn } = door();
  await using gateway = await harness({ resolveCredential });
  await using connected = await connectV2(gateway);
  const asked: unknown[] = [];
  connected.client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params);
    setTimeout(() => {
      signIn();
      void gateway.gateway.signedIn('corp');
    }, 20);
    return { action: 'accept' };
  });
  const result = await connected.client.callTool(query);
  assert.deepEqual((result.structuredContent as { rows: unknown }).rows, [[1]]);
  assert.deepEqual(asked, [{ mode: 'url', url: page, message: shown }]);
});

test('a 2026-07-28 client whose user declines gets the error', async () => {
  const { resolveCredential } = door();
  await using gateway = await harness({ resolveCredential });
  await using connected = await connectV2(gateway);
  connected.client.setRequestHandler('elicitation/create', async () => ({ action: 'decline' }));
  const result = await connected.client.callTool(query);
  assert.equal(result.isError, true);
  assert.equal((result.structuredContent as { error: { code: string } }).error.code, 'DP-SIGN-IN-REQUIRED');
});

test('a client that shows no such card is told the command', async () => {
  const { resolveCredential } = door();
  await using gateway = await harness({ resolveCredential });
  const client = new ClientV1({ name: 'plain', version: '1' });
  await client.connect(
    new TransportV1(gateway.url, { fetch: gateway.fetch, requestInit: { headers: gateway.headers } }),
  );
  const { isError, structuredContent, content } = await client.callTool(query);
  assert.deepEqual(
    [isError, structuredContent],
    [
      true,
      {
        error: {
          code: 'DP-SIGN-IN-REQUIRED',
          message: sentence,
          whoCanFix: 'user',
          fix: 'Run the command "Data Passport: Sign In" and log in in the browser.',
          retry: false,
        },
      },
    ],
  );
  assert.deepEqual(content, [
    {
      type: 'text',
      text: `DP-SIGN-IN-REQUIRED: ${sentence} Run the command "Data Passport: Sign In" and log in in the browser.`,
    },
  ]);
  await client.close();
});
