import { spawn, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Step {
  readonly say: string;
  readonly command: string;
  readonly args: () => readonly string[];
  /** A script that runs meanwhile, without a word: what it brings, a later step would have to wait for. */
  readonly beside?: string;
}

const root = join(import.meta.dirname, '..');

const script = (say: string, file: string): Step => ({ say, command: process.execPath, args: () => [file] });

/** Nothing takes this long; what does hangs, and a test that hangs has failed. */
const hangs = '--test-timeout=300000';

function tests(say: string, wanted: (file: string) => boolean, ...flags: readonly string[]): Step {
  const files = (): string[] => globSync('test/**/*.test.ts', { cwd: root }).filter(wanted).toSorted();
  return { say, command: process.execPath, args: () => ['--test', hangs, ...flags, ...files()] };
}

const isLab = (file: string): boolean => file.endsWith('.lab.test.ts');
const isEditor = (file: string): boolean => /^test[\\/]editor[\\/]/.test(file);

const lint: Step = { say: 'lint, layers and types', command: 'oxlint', args: () => [] };
const format: Step = { say: 'format', command: 'oxfmt', args: () => ['--check'] };
const unit = tests('unit tests', (file) => !isLab(file));
// Two files at a time: each starts servers of its own, and the machine may be small.
const lab = tests(
  'lab tests: real providers, databases and drivers',
  (file) => isLab(file) && !isEditor(file),
  '--test-concurrency=2',
);
// Two at a time, as above.
const editor = tests(
  'editor tests: the packaged extension in a real VS Code',
  (file) => isLab(file) && isEditor(file),
  '--test-concurrency=2',
);
// Once, before two of them want it at the same time.
const packed = script('build and pack', 'scripts/package.ts');

/** What each npm script runs, in order. A step that fails ends the task with its exit code. */
const tasks: Readonly<Record<string, readonly Step[]>> = {
  check: [lint, format],
  unit: [unit],
  lab: [lab],
  editor: [packed, editor],
  test: [lint, format, unit, { ...lab, beside: 'scripts/tools/prepare.ts' }, packed, editor],
  build: [script('build', 'scripts/build.ts')],
  package: [packed],
  manifest: [
    script('write the settings into package.json', 'scripts/manifest.ts'),
    script('write docs/errors.md', 'scripts/errorDocs.ts'),
    script('write the examples into docs/identity-providers', 'scripts/providerDocs.ts'),
    script('write docs/token-sources.md', 'scripts/tokenSourceDocs.ts'),
    script('write docs/doctor.md', 'scripts/doctorDocs.ts'),
    script('write docs/import.md', 'scripts/importDocs.ts'),
    script('write docs/set-up-texts.md', 'scripts/guideDocs.ts'),
    script('write docs/remote-mcp-servers.md', 'scripts/remoteServerDocs.ts'),
  ],
  strings: [script('what is not translated yet', 'scripts/strings.ts')],
  compatibility: [
    tests(
      'the compatibility of sign-ins and connections',
      (file) => /^test[\\/]compatibility[\\/]/.test(file),
      '--test-name-pattern=signs.out',
    ),
    script('write its table into README.md', 'scripts/compatibility.ts'),
  ],
  start: [script('start', 'scripts/start.ts')],
  desktop: [script('in-editor suite on a desktop VS Code', 'scripts/desktop.ts')],
  bench: [script('benchmarks', 'test/bench/main.ts')],
};

const [task = '', ...rest] = process.argv.slice(2);
const steps = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
if (!steps) {
  console.error(`There is no task ${JSON.stringify(task)}. Tasks: ${Object.keys(tasks).join(', ')}.`);
  process.exit(2);
}

// Ctrl+C reaches the step as well: it cleans up and its exit code is ours.
process.on('SIGINT', () => undefined);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}` };
for (const { say, command, args, beside } of steps) {
  if (steps.length > 1) console.log(`\n> ${say}`);
  const ahead =
    beside === undefined ? undefined : spawn(process.execPath, [beside], { cwd: root, stdio: 'ignore', env });
  ahead?.unref();
  const { status } = spawnSync(command, [...args(), ...rest], {
    cwd: root,
    stdio: 'inherit',
    env,
    shell: process.platform === 'win32',
  });
  if (status === 0) continue;
  ahead?.kill();
  process.exit(status ?? 1);
}
