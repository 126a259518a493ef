import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { fixtures } from './fixtures/index.ts';
import { connectorSuite } from './suite.ts';

test('Every connector has a lab server, and every lab server a connector', () => {
  assert.deepEqual(Object.keys(fixtures).toSorted(), Object.keys(connectors).toSorted());
});

for (const [type, connector] of Object.entries(connectors)) {
  for (const [title, start] of Object.entries(fixtures[type] ?? {})) {
    const impossible = await start.impossible();
    if (impossible === undefined) connectorSuite(title, connector, start);
    else describe(title, () => it('keeps what every connector promises', { skip: impossible }));
  }
}
