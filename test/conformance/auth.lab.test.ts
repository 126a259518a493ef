import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { notApplicable } from './notApplicable.ts';

const root = join(import.meta.dirname, '..', '..');
const suite = join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');

/** Every scenario about authorization that the installed suite has for clients. */
const scenarios = [
  ...execFileSync(process.execPath, [suite, 'list', '--client'], { encoding: 'utf8' }).matchAll(/^\s*- (auth\/\S+)/gmu),
].map(([, name = '']) => name);

interface Verdict {
  readonly code: number | null;
  readonly output: string;
}

function run(scenario: string): Promise<Verdict> {
  const command = `"${process.execPath}" test/conformance/client.ts`;
  const args = [suite, 'client', '--command', command, '--scenario', scenario];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: root, maxBuffer: 1e8 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, output: stdout + stderr });
    });
  });
}

test('Every scenario that does not apply to us exists in the suite', () => {
  assert.ok(scenarios.length > 0);
  assert.deepEqual(
    Object.keys(notApplicable).filter((name) => !scenarios.includes(name)),
    [],
  );
});

describe('The conformance suite of MCP, with our redirect listener and our provider', { concurrency: 4 }, () => {
  for (const scenario of scenarios.filter((name) => !Object.hasOwn(notApplicable, name))) {
    test(`passes ${scenario}`, async () => {
      const { code, output } = await run(scenario);
      const [, passed, all] = /^Passed: (\d+)\/(\d+)/mu.exec(output) ?? [];
      assert.deepEqual({ code, passed, some: Number(all) > 0 }, { code: 0, passed: all, some: true }, output);
    });
  }
});
