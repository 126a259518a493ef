import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { type LabPlainServer, startPlainServer } from '../../lab/mcp/plainServer.ts';
import { type RemoteHarness, remoteHarness, remoteWire, textOf } from './harness.ts';

const revisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
const everything = ['resources', 'prompts', 'completions', 'logging', 'elicitation', 'sampling', 'roots'];
const abilities = { elicitation: { form: {} }, sampling: {}, roots: { listChanged: true } };

interface Setup extends AsyncDisposable {
  readonly server: LabPlainServer;
  readonly gateway: RemoteHarness;
}

async function setUp(
  revision: (typeof revisions)[number],
  settings: Readonly<Record<string, unknown>> = { allow: everything },
): Promise<Setup> {
  const server = await startPlainServer({
    revision,
    whois: (token) => /^token-of-(alice|bob)/.exec(token)?.[1],
  });
  let minted = 0;
  const wire = remoteWire('crm', 'mcp/generic', { url: server.url, ...settings });
  const gateway = await remoteHarness([wire], ({ subject }) => {
    minted += 1;
    return Promise.resolve({ token: `token-of-${subject}-${minted}` });
  });
  return {
    server,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

for (const revision of revisions) {
  describe(`A server of ${revision} behind the gateway, for an editor of 2025-11-25`, () => {
    test('lists its tools and answers calls as the user, with one token asked for', async () => {
      await using setup = await setUp(revision);
      const { gateway, server } = setup;
      await using editor = await gateway.connect('crm');
      const { tools } = await editor.client.listTools();
      const answer = await editor.client.callTool({ name: 'whoami', arguments: {} });
      assert.ok(tools.some(({ name }) => name === 'whoami'));
      assert.match(textOf(answer), /alice/);
      assert.equal(gateway.asked.length, 1);
      assert.ok(server.requests.every(({ token }) => token === 'token-of-alice-1'));
      assert.match(editor.client.getServerVersion()?.title ?? '', /^crm \(/);
    });

    test('tells its progress before the answer', async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm');
      const heard: number[] = [];
      const answer = await editor.client.callTool({ name: 'progress', arguments: {} }, undefined, {
        onprogress: ({ progress }) => heard.push(progress),
      });
      assert.equal(textOf(answer), 'done');
      assert.deepEqual(heard, [1, 2, 3]);
    });

    test('hears that a call was canceled in the editor', async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm');
      const stop = new AbortController();
      const call = editor.client.callTool({ name: 'slow', arguments: {} }, undefined, { signal: stop.signal });
      await setup.server.untilCall('slow', 'running');
      stop.abort('enough');
      await assert.rejects(call);
      await setup.server.untilCall('slow', 'aborted');
      assert.equal(setup.server.executions('slow'), 1);
    });

    test('hears that the editor is gone in the middle of a call', async () => {
      await using setup = await setUp(revision);
      const editor = await setup.gateway.connect('crm');
      const call = editor.client.callTool({ name: 'slow', arguments: {} });
      call.catch(() => undefined);
      await setup.server.untilCall('slow', 'running');
      await editor.client.close();
      await setup.server.untilCall('slow', 'aborted');
    });

    test('is asked again with a fresh token when it rejects one, once', async () => {
      await using setup = await setUp(revision);
      const { gateway, server } = setup;
      await using editor = await gateway.connect('crm');
      await editor.client.callTool({ name: 'echo', arguments: { text: 'one' } });
      const before = gateway.asked.length;
      server.rejectNextTokens(1);
      const answer = await editor.client.callTool({ name: 'echo', arguments: { text: 'two' } });
      assert.equal(textOf(answer), 'two');
      assert.equal(server.executions('echo'), 2);
      assert.deepEqual(
        gateway.asked.slice(before).map(({ rejected }) => rejected !== undefined),
        [true],
      );
    });

    test('asks the user, the model and the workspace through the editor, where the settings allow it', async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm', abilities);
      const { client } = editor;
      client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { region: 'EMEA' } }));
      client.setRequestHandler(CreateMessageRequestSchema, () => ({
        model: 'scripted',
        role: 'assistant',
        content: { type: 'text', text: 'hello' },
      }));
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }));
      const call = async (name: string): Promise<string> => textOf(await client.callTool({ name, arguments: {} }));
      const [asked, sampled, roots] = [await call('ask'), await call('sample'), await call('roots')];
      // Elicitation came with 2025-06-18.
      assert.match(asked, revision < '2025-06-18' ? /can not ask/ : /EMEA/);
      assert.match(sampled, /hello/);
      assert.match(roots, /file:\/\/\/work/);
    });

    test('is not offered the user, the model or the workspace where the settings do not allow it', async () => {
      await using setup = await setUp(revision, {});
      await using editor = await setup.gateway.connect('crm', abilities);
      const { client } = editor;
      const unasked = (): never => assert.fail('the editor was asked');
      client.setRequestHandler(ElicitRequestSchema, unasked);
      client.setRequestHandler(CreateMessageRequestSchema, unasked);
      client.setRequestHandler(ListRootsRequestSchema, unasked);
      for (const name of ['ask', 'sample', 'roots']) {
        const answer = await client.callTool({ name, arguments: {} });
        assert.equal(answer.isError, true, name);
      }
    });

    test('offers resources, prompts, completions and log messages', async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm');
      const { client } = editor;
      const levels: string[] = [];
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void levels.push(params.level));
      const { resources } = await client.listResources();
      const { resourceTemplates } = await client.listResourceTemplates();
      const { contents } = await client.readResource({ uri: 'note://today' });
      const { prompts } = await client.listPrompts();
      await client.setLoggingLevel('info');
      await client.callTool({ name: 'log', arguments: {} });
      assert.deepEqual(
        resources.map(({ uri }) => uri),
        ['note://today', 'image://dot'],
      );
      assert.equal(resourceTemplates.length, 1);
      assert.match(JSON.stringify(contents), /A note for alice/);
      assert.ok(prompts.length > 0);
      assert.deepEqual(levels, ['info', 'error']);
    });

    test('tells of a changed resource to whoever subscribed', async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm');
      const { client } = editor;
      const updated = new Promise((resolve) => {
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri));
      });
      await client.subscribeResource({ uri: 'note://today' });
      const again = setInterval(() => setup.server.touchResource('note://today'), 50);
      assert.equal(await updated, 'note://today');
      clearInterval(again);
    });

    const hasSessions = revision !== '2026-07-28';
    test('is begun with anew when it forgets the session, and the call runs once', { skip: !hasSessions }, async () => {
      await using setup = await setUp(revision);
      await using editor = await setup.gateway.connect('crm');
      const { client } = editor;
      await client.callTool({ name: 'echo', arguments: { text: 'one' } });
      await setup.server.dropSessions();
      const answer = await client.callTool({ name: 'echo', arguments: { text: 'two' } });
      assert.equal(textOf(answer), 'two');
      assert.equal(setup.server.executions('echo'), 2);
    });
  });
}
