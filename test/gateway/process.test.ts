import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { tokenOf } from '../../src/core/credential.ts';
import { LINK_VERSION, type Listen, type ToExtension, toWire, type ToGateway } from '../../src/core/link.ts';
import { connectV1 } from './clients.ts';
import { token, wire } from './fakeDatabase.ts';
import { CALLER_KEY, nodeFetch } from './harness.ts';

type Sent<Type extends ToExtension['type']> = Extract<ToExtension, { type: Type }>;

/** The gateway as the extension starts it, and everything that it says. */
async function child(entry = 'child.ts') {
  const folder = await mkdtemp(join(tmpdir(), 'dp-'));
  const process_: ChildProcess = fork(new URL(entry, import.meta.url).pathname, [], {
    execPath: process.execPath,
    execArgv: ['--disable-sigusr1'],
    env: { ELECTRON_RUN_AS_NODE: '1' },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: ToExtension[] = [];
  let output = '';
  for (const stream of [process_.stdout, process_.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const listeners = new Set<() => void>();
  process_.on('message', (message: ToExtension) => {
    said.push(message);
    for (const listener of listeners) listener();
  });
  const exited = once(process_, 'exit').then(([code]) => code as number | null);

  /** The next message of this type that was not taken yet. */
  async function heard<Type extends ToExtension['type']>(type: Type): Promise<Sent<Type>> {
    for (;;) {
      const place = said.findIndex((message) => message.type === type);
      if (place !== -1) return said.splice(place, 1)[0] as Sent<Type>;
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
      });
    }
  }

  const send = (message: ToGateway): void => void process_.send(message);
  return {
    process: process_,
    folder,
    said,
    exited,
    heard,
    send,
    output: () => output,
    /** Answers every question for a credential from now on, and those asked before. */
    giveTokens() {
      const answer = (message: ToExtension): void => {
        if (message.type !== 'credentialWanted') return;
        send({ type: 'credential', request: message.request, credential: toWire(secret) });
      };
      said.forEach(answer);
      process_.on('message', answer);
    },
    async start(listen: Listen = { kind: 'socket', path: join(folder, 'g.sock') }) {
      await heard('hello');
      send({ type: 'start', version: LINK_VERSION, listen, callerKey: CALLER_KEY, connections: [wire('sales')] });
      const { port } = await heard('listening');
      const address = listen.kind === 'socket' ? { socketPath: listen.path } : { host: '127.0.0.1', port };
      const agent = new Agent({ keepAlive: true });
      return {
        address,
        agent,
        fetch: nodeFetch(address, agent),
        url: new URL(port === undefined ? 'http://localhost/mcp' : `http://127.0.0.1:${port}/mcp`),
        headers: { authorization: `Bearer ${CALLER_KEY}` },
        [Symbol.dispose]: () => agent.destroy(),
      };
    },
    async [Symbol.asyncDispose]() {
      process_.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const secret = token('alice', 7);
const secretText = tokenOf(secret.reveal()) ?? '';

test('the process says hello, listens, asks for a token over the channel, and tells how the call went', async () => {
  await using gateway = await child();
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const call = connected.query('rows 2');
  const { request, ...wanted } = await gateway.heard('credentialWanted');
  assert.deepEqual(wanted, {
    type: 'credentialWanted',
    connection: 'sales',
    binding: 'corp',
    slot: 'default',
    rejected: undefined,
    leastLife: undefined,
  });
  gateway.send({ type: 'credential', request, credential: toWire(secret) });
  assert.deepEqual(((await call) as { structuredContent: { rows: unknown } }).structuredContent.rows, [[0], [1]]);
  const { type, ...used } = await gateway.heard('used');
  assert.deepEqual([type, used.connection, used.identity?.user, used.error], ['used', 'sales', 'alice', undefined]);
  gateway.send({ type: 'whoami', request: 5, connection: 'sales' });
  const { identity, error } = await gateway.heard('whoamiDone');
  assert.deepEqual([identity?.user, error], ['alice', undefined]);
  gateway.send({ type: 'signedOut', request: 6, identityProvider: 'corp' });
  assert.equal((await gateway.heard('signedOutDone')).request, 6);
});

test('on TCP it listens on a port of 127.0.0.1 that the system chose', async () => {
  await using gateway = await child();
  using place = await gateway.start({ kind: 'tcp' });
  assert.ok(Number(place.url.port) > 0);
  await using connected = await connectV1(place);
  await connected.client.ping();
});

test('a refused credential with a page becomes a sign-in card, and an abandoned call is told to the extension', async () => {
  await using gateway = await child();
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const error = { code: 'DP-SIGN-IN-REQUIRED', params: { provider: 'Corp' } } as const;
  const carded = assert.rejects(connected.query('a'), { code: -32042 });
  const first = await gateway.heard('credentialWanted');
  gateway.send({
    type: 'credentialRefused',
    request: first.request,
    error,
    signIn: { url: 'http://127.0.0.1:1/start' },
  });
  await carded;
  const stop = new AbortController();
  const canceled = assert.rejects(connected.query('a', stop.signal));
  const second = await gateway.heard('credentialWanted');
  stop.abort();
  await canceled;
  assert.equal((await gateway.heard('credentialAbandoned')).request, second.request);
  gateway.send({ type: 'whoami', request: 5, connection: 'sales' });
  const third = await gateway.heard('credentialWanted');
  gateway.send({ type: 'credentialRefused', request: third.request, error });
  assert.deepEqual((await gateway.heard('whoamiDone')).error, error);
});

test('the shipped entry starts with the real connectors and serves without asking for any token', async () => {
  await using gateway = await child('../../src/gateway/main.ts');
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const { tools } = await connected.client.listTools();
  assert.equal(tools.length, 6);
  const { structuredContent } = await connected.client.callTool({ name: 'list_connections', arguments: {} });
  // No real connector is of the fake type, so that connection is left out.
  assert.deepEqual(structuredContent, { connections: [] });
});

test('the process ends with its channel, and on request', async () => {
  await using first = await child();
  using _place = await first.start();
  first.process.disconnect();
  assert.equal(await first.exited, 0);
  await using second = await child();
  using _other = await second.start();
  second.send({ type: 'shutdown' });
  assert.equal(await second.exited, 0);
});

test('it does not start with an extension of another version, nor where it can not listen', async () => {
  await using gateway = await child();
  await gateway.heard('hello');
  const start = {
    type: 'start',
    callerKey: CALLER_KEY,
    connections: [],
    listen: { kind: 'socket', path: '/nowhere/g.sock' },
  } as const;
  gateway.send({ ...start, version: LINK_VERSION + 1 });
  assert.equal((await gateway.heard('startFailed')).problem, 'another version is running');
  gateway.send({ ...start, version: LINK_VERSION });
  assert.match((await gateway.heard('startFailed')).problem, /^E(?:NOENT|ACCES)$/);
  gateway.send({ ...start, version: LINK_VERSION, listen: { kind: 'tcp' } });
  await gateway.heard('listening');
});

test('a fault in a driver is logged without its text, and everybody else goes on', async () => {
  await using gateway = await child();
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const call = connected.query('throw');
  gateway.send({
    type: 'credential',
    request: (await gateway.heard('credentialWanted')).request,
    credential: toWire(secret),
  });
  await call;
  for (;;) {
    const fault = (await gateway.heard('log')).lines.find(({ level }) => level === 'error');
    if (!fault) continue;
    assert.equal(fault.message, 'a fault outside of any call');
    const { at, ...facts } = fault.data;
    assert.deepEqual(facts, { kind: 'exception', problem: 'Error', code: 'ECONNRESET' });
    assert.match(String(at), /^child\.ts:\d+/);
    break;
  }
  await connected.query('a');
});

test('a process with fault after fault ends', async () => {
  await using gateway = await child();
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const calls = Array.from({ length: 11 }, () => connected.query('throw').catch(() => undefined));
  gateway.giveTokens();
  assert.equal(await gateway.exited, 70);
  await connected.client.close();
  await Promise.all(calls);
});

test('no token is in the environment, the arguments, the output or any message; the environment is the one it was given', async () => {
  await using gateway = await child();
  using place = await gateway.start();
  await using connected = await connectV1(place);
  const calls = ['a', 'leak', 'leak role', 'fault', 'drop x'].map((sql) => connected.query(sql));
  gateway.giveTokens();
  const results = await Promise.all(calls);
  if (process.platform === 'linux') {
    const files = await Promise.all(
      ['environ', 'cmdline'].map((name) => readFile(`/proc/${gateway.process.pid}/${name}`, 'utf8')),
    );
    assert.doesNotMatch(files.join(), new RegExp(`${secretText}|${CALLER_KEY}`));
    const names = (files[0] ?? '').split('\0').map((pair) => pair.split('=')[0]);
    assert.deepEqual(
      new Set(names),
      new Set(['ELECTRON_RUN_AS_NODE', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', '']),
    );
  }
  const everything = JSON.stringify([results, gateway.said]) + gateway.output();
  assert.doesNotMatch(everything, new RegExp(`${secretText}|${CALLER_KEY}`));
});

test('SIGUSR1 opens no debugger', { skip: process.platform === 'win32' }, async () => {
  await using gateway = await child();
  using place = await gateway.start();
  gateway.process.kill('SIGUSR1');
  // Two round trips later the signal has been delivered.
  await using connected = await connectV1(place);
  await connected.client.ping();
  assert.doesNotMatch(gateway.output(), /Debugger listening/);
});
