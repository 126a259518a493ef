import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectV1, connectV2 } from './clients.ts';
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
