import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SuiteRevision } from './fixtureServer.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');

interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly errorMessage?: string;
}

type Checks = readonly Check[];

/** What one run of the suite found. */
export interface Findings {
  /** By scenario, in the suite's order: `check id, name, status`. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
  /** Every check that found a fault: `scenario: check id: the suite's reason`. */
  readonly faults: readonly string[];
}

/**
 * Runs every server scenario that a revision requires; one that finds a fault a second time, by itself: the suite gives some answers
 * half a second, which a busy machine does not always have. @throws when the suite left no results
 */
export async function runSuite(url: string, revision: SuiteRevision): Promise<Findings> {
  const found = await run(url, ['--requirements', revision]);
  for (const [scenario, checks] of found) {
    if (!checks.some(isFault)) continue;
    for (const [name, again] of await run(url, ['--scenario', scenario, '--spec-version', revision]))
      found.set(name, again);
  }
  const all = [...found];
  return {
    checks: Object.fromEntries(
      all.map(([scenario, checks]) => [scenario, checks.map(({ id, name, status }) => `${id}, ${name}, ${status}`)]),
    ),
    faults: all.flatMap(([scenario, checks]) =>
      checks.filter(isFault).map(({ id, errorMessage = '' }) => `${scenario}: ${id}: ${errorMessage}`),
    ),
  };
}

const isFault = ({ status }: Check): boolean => status === 'FAILURE' || status === 'WARNING';

async function run(url: string, choice: readonly string[]): Promise<Map<string, Checks>> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const output = await outputOf([program, 'server', '--url', url, ...choice, '--output-dir', folder]);
    const names = (await readdir(folder)).sort();
    if (names.length === 0) throw new Error(`The suite left no results: ${output.slice(-2000)}`);
    const entries = names.map(async (name) => {
      const checks = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as Checks;
      // The rest of the folder's name is the time.
      return [name.replace(/^server-/u, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/u, ''), checks] as const;
    });
    return new Map(await Promise.all(entries));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The suite ends with an error where a scenario fails: its results say which. */
function outputOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 1e8 }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
