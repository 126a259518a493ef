import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { PassportError } from '../../src/core/errors.ts';
import { command } from '../../src/tokens/command.ts';
import { path as settingsPath, type RunningSource, startSource } from './harness.ts';
import { saidBy } from './outcome.ts';

/** Prints its argument. */
const printer = `process.stdout.write(process.argv[2] ?? '')`;
/** Tells what it was started with. */
const reporter = `
  let input = '';
  process.stdin.on('data', (chunk) => (input += chunk)).on('end', () => {
    const report = { args: process.argv.slice(2), folder: process.cwd(), input, terminal: process.stdin.isTTY ?? false,
      environment: Object.keys(process.env).sort() };
    console.log(Buffer.from(JSON.stringify(report)).toString('base64url'));
  });`;
/** Writes its own process id and that of a child into a file, then neither of them ever ends. */
const hanging = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', process.argv[1]], { stdio: 'inherit' });
  require('node:fs').writeFileSync(process.argv[2], JSON.stringify([process.pid, child.pid]));
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);`;

/** Small programs, and sources that run them. */
export interface Programs {
  /** That they are in: its name is in the command line of each. */
  readonly folder: string;
  /** Writes one more. */
  script(name: string, code: string): Promise<void>;
  /** Its command line. */
  run(name: string, ...args: readonly string[]): readonly string[];
  start(settings: object): RunningSource;
  /** A source whose program prints this. */
  printing(text: string, settings?: object): RunningSource;
  remove(): Promise<void>;
}

/** Whoever writes them removes them. */
export async function writePrograms(): Promise<Programs> {
  const folder = await mkdtemp(path.join(tmpdir(), 'data-passport-command-'));
  const file = (name: string): string => path.join(folder, `${name}.cjs`);
  const run = (name: string, ...args: readonly string[]): readonly string[] => [process.execPath, file(name), ...args];
  const start = (settings: object): RunningSource => startSource(command, { name: 'command', settings });
  for (const [name, code] of Object.entries({ printer, reporter, hanging })) await writeFile(file(name), code);
  return {
    folder,
    script: (name, code) => writeFile(file(name), code),
    run,
    start,
    printing: (text, settings = {}) => start({ command: run('printer', text), ...settings }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What a reporter tells. */
export function reportIn(printed: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(printed, 'base64url').toString()) as Record<string, unknown>;
}

/** The error that a source ends with, after a look for canaries in it. */
export async function failureOf(source: RunningSource): Promise<PassportError> {
  const error = await source.fails();
  saidBy(error, ['CANARY']);
  return error;
}

/** What was wrong with a program of ours. */
export async function problemOf(source: RunningSource): Promise<string> {
  const { code, params } = await failureOf(source);
  const { problem = '', ...others } = params;
  assert.deepEqual(
    { code, others },
    {
      code: 'DP-COMMAND-FAILED',
      others: { program: process.execPath, connection: 'sales', path: `${settingsPath}.command` },
    },
  );
  return problem;
}
