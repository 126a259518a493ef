import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { importDocs } from '../../scripts/importDocs.ts';

test('docs/import.md says what the tables of the import say', async () => {
  assert.equal(readFileSync(new URL('../../docs/import.md', import.meta.url), 'utf8'), await importDocs());
});
