import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { credential } from '../../src/core/credential.ts';
import { asPassportError, PassportError } from '../../src/core/errors.ts';
import type { WireConnection } from '../../src/core/link.ts';
import { directNetwork, type NetworkFacts } from '../../src/core/network.ts';
import {
  createGatewayProcess,
  type GatewayProcess,
  type GatewayProcessDeps,
} from '../../src/extension/gatewayProcess.ts';
import { keptLog } from '../support/keptLog.ts';
import { family } from '../support/processes.ts';

const opened: GatewayProcess[] = [];
afterEach(() => {
  for (const gateway of opened.splice(0)) gateway.dispose();
});

function harness(behavior: string, overrides: Partial<GatewayProcessDeps> = {}) {
  const { log, lines, redactor } = keptLog();
  const crashes: string[] = [];
  const connections = [{ id: behavior } as WireConnection];
  const gateway = createGatewayProcess({
    entry: fileURLToPath(new URL('standInGateway.ts', import.meta.url)),
    log,
    redactor,
    clock: { now: () => Date.now() },
    connections: () => connections,
    network: { current: () => directNetwork, systemCertificates: () => true },
    credential: async () => credential({ kind: 'bearer', token: 'token-of-alice' }, { id: 'one' }),
    signInPage: async () => undefined,
    crashed: async () => void crashes.push('crashed'),
    ...overrides,
  });
  opened.push(gateway);
  return { gateway, lines, crashes, connections };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => asPassportError(error).code,
  );
const child = (): number | undefined =>
  family(process.pid).find(({ command }) => command.includes('standInGateway'))?.pid;
const until = async (look: () => boolean): Promise<void> => {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test('a gateway starts once for all who ask, and gets its credentials over the channel', async () => {
  const { gateway } = harness('works');
  const [one, two] = await Promise.all([gateway.start(), gateway.start()]);
  assert.deepEqual(one, two);
  assert.match(one.callerKey, /^[\w-]{43}$/);
  const { identity } = await gateway.whoami('sales');
  assert.equal(identity.user, 'token-of-alice');
});

test('a credential is asked for by connection and slot, under the binding that the gateway has', async () => {
  const asked: unknown[] = [];
  const { gateway } = harness('works', {
    async credential(connection, slot, { binding, rejected }) {
      asked.push([connection, slot, binding, rejected]);
      throw new PassportError('DP-INTERNAL', { problem: 'a credential that the connection does not have' });
    },
  });
  assert.equal((await gateway.whoami('sales')).identity.user, 'credentialRefused');
  assert.deepEqual(asked, [['sales', 'database', 'here', undefined]]);
});

test('what the user has reviewed reaches a gateway that was not even running, and what it says of a server is told', async () => {
  const { gateway } = harness('works');
  const said = Promise.withResolvers<unknown>();
  gateway.onDidLearn(said.resolve);
  const changes = [
    { tool: 'search', before: '{}', after: '{"a":1}' },
    { tool: 'list', after: '{}' },
  ];
  await gateway.toolsReviewed('catalog', changes);
  assert.deepEqual(await said.promise, {
    connection: 'catalog',
    binding: 'here',
    subject: 'alice',
    facts: JSON.stringify(changes),
    withheld: changes.slice(1),
  });
});

test('after a crash the editor lets go first, and address and key stay those of the window', async () => {
  const release = Promise.withResolvers<void>();
  const order: string[] = [];
  const { gateway } = harness('works', {
    async crashed() {
      order.push('crashed');
      await release.promise;
      order.push('let go');
    },
  });
  const before = await gateway.start();
  assert.equal(await codeOf(gateway.whoami('dies')), 'DP-GATEWAY-STOPPED');
  await until(() => order.length > 0);
  const after = gateway.start().then((address) => {
    order.push('started');
    return address;
  });
  release.resolve();
  assert.deepEqual(await after, before);
  assert.deepEqual(order, ['crashed', 'let go', 'started']);
});

for (const [behavior, problem] of [
  ['refuses', 'the address is taken'],
  ['dies', 'it ended with exit code 3'],
] as const) {
  test(`a gateway that ${behavior} at its start is told as such, is no crash, and may be tried again`, async () => {
    const { gateway, crashes, connections } = harness(behavior);
    const error = await gateway.start().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PassportError);
    assert.deepEqual([error.code, error.params['problem']], ['DP-GATEWAY-START', problem]);
    await until(() => child() === undefined);
    connections[0] = { id: 'works' } as WireConnection;
    await gateway.start();
    assert.deepEqual(crashes, []);
  });
}

test('a program that can not be started fails each start, and disposing of it is harmless', async () => {
  const { gateway } = harness('works', { entry: '/nowhere/gateway.mjs' });
  assert.equal(await codeOf(gateway.start()), 'DP-GATEWAY-START');
  assert.equal(await codeOf(gateway.start()), 'DP-GATEWAY-START');
  gateway.dispose();
});

test('a sign-out is done when the process that held the sessions is gone', async () => {
  const { gateway } = harness('works');
  await gateway.start();
  process.kill(child() ?? 0, 'SIGSTOP');
  const out = gateway.signedOut('lab');
  process.kill(child() ?? 0, 'SIGKILL');
  await out;
  await gateway.signedOut('lab');
});

test('the process ends with its window', async () => {
  const { gateway } = harness('works');
  await gateway.start();
  gateway.dispose();
  await until(() => child() === undefined);
});

interface Told {
  readonly network: NetworkFacts;
  readonly environment: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  readonly arguments: readonly string[];
}

test('the process hears of the proxy over the channel alone, and again when it changes', async () => {
  const networkOf = (host: string): NetworkFacts => ({
    proxy: { protocol: 'http', host, port: 3128, user: 'ana', password: 'password-of-ana' },
    noProxy: ['.corp'],
  });
  let current = networkOf('one');
  const { gateway } = harness('works', { network: { current: () => current, systemCertificates: () => true } });
  const told = async (): Promise<Told> => JSON.parse((await gateway.whoami('tells')).identity.user) as Told;
  const first = await told();
  assert.deepEqual(first.network, networkOf('one'));
  assert.doesNotMatch(JSON.stringify([first.names, first.arguments]), /proxy|ana/i);
  current = networkOf('two');
  gateway.networkChanged();
  assert.deepEqual((await told()).network, networkOf('two'));
});

test('the process hears what programs may get of the environment over the channel, and has none of it itself', async () => {
  process.env['SECRET_OF_THE_EDITOR'] = 'not for programs';
  try {
    const { gateway } = harness('works');
    const { environment, names } = JSON.parse((await gateway.whoami('tells')).identity.user) as Told;
    assert.equal(environment['PATH'], process.env['PATH']);
    assert.ok(!('SECRET_OF_THE_EDITOR' in environment) && !names.includes('PATH'));
  } finally {
    delete process.env['SECRET_OF_THE_EDITOR'];
  }
});

test('the process is told where certificates are, and leaves those of the system out where the editor does', async () => {
  process.env['NODE_EXTRA_CA_CERTS'] = fileURLToPath(import.meta.url);
  process.env['HTTPS_PROXY'] = 'http://ana:password-of-ana@one:3128';
  try {
    for (const systemCertificates of [true, false]) {
      const network = { current: () => directNetwork, systemCertificates: () => systemCertificates };
      const { gateway } = harness('works', { network });
      const told = JSON.parse((await gateway.whoami('tells')).identity.user) as Told;
      const paths = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
      assert.deepEqual(
        told.names,
        paths.filter((name) => process.env[name] !== undefined),
      );
      assert.equal(told.arguments.includes('--use-system-ca'), systemCertificates);
      gateway.dispose();
    }
  } finally {
    delete process.env['NODE_EXTRA_CA_CERTS'];
    delete process.env['HTTPS_PROXY'];
  }
});
