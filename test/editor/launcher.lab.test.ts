import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runInServer } from './harness/inEditor.ts';
import { buildTestExtension } from './harness/packages.ts';

describe('a suite inside the extension host, started as a desktop editor would be', () => {
  const suite = fileURLToPath(new URL('suite/probe.ts', import.meta.url));
  let extension: string;

  before(async () => {
    extension = await mkdtemp(join(tmpdir(), 'data-passport-probe-'));
    await buildTestExtension('probe', extension);
  });
  after(() => rm(extension, { recursive: true, force: true }));

  test('ends with 0 when every sentence holds', async () => {
    assert.equal(await runInServer({ suite, extension, env: { DATA_PASSPORT_PROBE_SECRET: 'told' } }), 0);
  });

  test('ends with 1 when one does not', async () => {
    assert.equal(await runInServer({ suite, extension, env: { DATA_PASSPORT_PROBE_SECRET: 'something else' } }), 1);
  });
});
