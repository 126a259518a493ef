import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DatabaseSession } from '../../src/connectors/connector.ts';
import { countedSession } from '../../src/gateway/countedSession.ts';

const offer = { current: 'ANALYST', values: ['ANALYST', 'MANAGER'] };

test('a counted session offers what the session offers, and counts that as an answer', async () => {
  const asked: string[] = [];
  const session = {
    async choices(setting: string) {
      asked.push(setting);
      return offer;
    },
  } as Partial<DatabaseSession> as DatabaseSession;
  const counted = countedSession(session);
  const options = { signal: AbortSignal.timeout(60_000), seconds: 60, maxRows: 10 };
  assert.deepEqual(await counted.choices?.('role', options), offer);
  assert.deepEqual([asked, counted.answers], [['role'], 1]);
});

test('a counted session offers nothing to choose where the session does not', () => {
  assert.equal(countedSession({} as DatabaseSession).choices, undefined);
});
