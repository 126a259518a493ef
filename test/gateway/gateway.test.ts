import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ErrorCode } from '../../src/core/errors.ts';
import { PassportError } from '../../src/core/errors.ts';
import { POOL_LIMITS } from '../../src/gateway/pool.ts';
import { connectV1, connectV2 } from './clients.ts';
import { wire } from './fakeDatabase.ts';
import { harness } from './harness.ts';

const names = ['list_connections', 'whoami', 'list_objects', 'describe_object', 'query', 'explain'];

for (const where of ['socket', 'tcp'] as const) {
  test(`a client of the previous SDK lists tools and queries on a ${where}`, async () => {
    await using gateway = await harness({ where });
    await using connected = await connectV1(gateway);
    const { tools } = await connected.client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      names,
    );
    const result = await connected.client.callTool({ name: 'query', arguments: { sql: 'select 1' } });
    assert.deepEqual(
      { ...(result.structuredContent as object), elapsedMs: 0 },
      {
        connection: 'sales',
        columns: [{ name: 'value', type: 'text' }],
        rows: [[1]],
        rowCount: 1,
        truncated: false,
        elapsedMs: 0,
        ranAs: { user: 'alice', role: 'READER' },
      },
    );
  });

  for (const mode of ['auto', 'legacy'] as const) {
    test(`a client of the current SDK (${mode}) lists tools and queries on a ${where}`, async () => {
      await using gateway = await harness({ where });
      await using connected = await connectV2(gateway, mode);
      const { tools } = await connected.client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        names,
      );
      const result = await connected.client.callTool({ name: 'query', arguments: { sql: 'select 1' } });
      assert.deepEqual((result.structuredContent as { rows: unknown }).rows, [[1]]);
      assert.equal(connected.client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25');
    });
  }
}

async function whoamiFails(gateway: Awaited<ReturnType<typeof harness>>, code: ErrorCode): Promise<PassportError> {
  const error: unknown = await gateway.gateway.whoami('sales').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PassportError && error.code === code, String(error));
  return error;
}

const quick = { rows: 1, cellLength: 50, bytes: 1000, seconds: 0.02 };
const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('a test of a connection calls a slow login unreachable, not a slow statement', async () => {
  await using gateway = await harness({
    connections: [wire('sales', { limits: quick })],
    poolLimits: { ...POOL_LIMITS, login: 0.1 },
    resolveCredential: async (_connection, _slot, { signal }) => forever(signal),
  });
  const error = await whoamiFails(gateway, 'DP-DATABASE-UNREACHABLE');
  assert.deepEqual(error.params, { connection: 'sales', host: 'db.example', reason: 'no login within 0.1 seconds' });
});

test('a test of a connection ends a slow answer by its time limit', async () => {
  await using gateway = await harness({ connections: [wire('sales', { limits: quick })] });
  await gateway.gateway.whoami('sales');
  for (const session of gateway.database.open) session.whoami = forever;
  const error = await whoamiFails(gateway, 'DP-QUERY-TIMEOUT');
  assert.deepEqual(error.params, { connection: 'sales', seconds: '0.02' });
});

test('a fault in a test of a connection or in a tool is logged by class, code and place, never by its text', async () => {
  await using gateway = await harness();
  await gateway.gateway.whoami('sales');
  for (const session of gateway.database.open) {
    session.whoami = async () => {
      throw Object.assign(new RangeError('secret\n    at secret (secret.ts:1:1)'), { code: 'E_X' });
    };
  }
  await whoamiFails(gateway, 'DP-INTERNAL');
  await using connected = await connectV1(gateway);
  await connected.client.callTool({ name: 'whoami', arguments: {} });
  const faults = gateway.lines.filter(({ level }) => level === 'error');
  const facts = faults.map(
    ({ message, data }) => [message, data['problem'], data['code'], String(data['at'])] as const,
  );
  assert.deepEqual(
    facts.map(([message, problem, code]) => [message, problem, code]),
    [
      ['a connection test failed', 'RangeError', 'E_X'],
      ['a tool failed', 'RangeError', 'E_X'],
    ],
  );
  for (const [, , , at] of facts) assert.match(at, /^gateway\.test\.ts:\d+:\d+$/);
  assert.doesNotMatch(JSON.stringify(gateway.lines), /secret/);
});
