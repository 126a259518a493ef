import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { packageExtension } from '../../scripts/package.ts';
import { runInServer } from './harness/inEditor.ts';
import { suiteSettings } from './suiteSettings.ts';

test('the in-editor suite holds in the server editor', async () => {
  await packageExtension();
  const code = await runInServer({
    suite: fileURLToPath(new URL('suite/product.ts', import.meta.url)),
    extension: fileURLToPath(new URL('../..', import.meta.url)),
    settings: suiteSettings,
  });
  assert.equal(code, 0);
});
