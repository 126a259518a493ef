import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { fixtures } from './fixtures/index.ts';
import { connectorSuite } from './suite.ts';

const databases = Object.entries(connectors).flatMap(([type, connector]) =>
  connector.serves === 'sql' ? [[type, connector] as const] : [],
);

test('Every database has a lab server, and every lab server a database', () => {
  assert.deepEqual(Object.keys(fixtures).toSorted(), databases.map(([type]) => type).toSorted());
});

for (const [type, connector] of databases) {
  for (const [title, start] of Object.entries(fixtures[type] ?? {})) {
    const impossible = await start.impossible();
    if (impossible === undefined) connectorSuite(title, connector, start);
    else describe(title, () => it('keeps what every connector promises', { skip: impossible }));
  }
}
