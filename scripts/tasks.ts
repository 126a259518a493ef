import { spawnSync } from 'node:child_process';

/** What each npm script runs, in order. A step that fails ends the task with its exit code. */
const steps: Record<string, readonly (readonly string[])[]> = {
  check: [['oxlint'], ['oxfmt', '--check']],
  unit: [['node', '--test', '--test-reporter=spec', 'test/**/!(*.lab).test.ts']],
  lab: [['node', '--test', '--test-reporter=spec', '--test-concurrency=1', 'test/**/*.lab.test.ts']],
};
const tasks: Record<string, readonly string[]> = {
  check: ['check'],
  unit: ['unit'],
  lab: ['lab'],
  test: ['check', 'unit', 'lab'],
};

const [task = '', ...rest] = process.argv.slice(2);
if (task === 'start') {
  // In this process, so that it hears the signals itself; it ends the process.
  const { main } = await import('./start.ts');
  await main(rest);
}
const names = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
if (!names) {
  console.error(`There is no task ${task}. Tasks: ${[...Object.keys(tasks), 'start'].join(', ')}.`);
  process.exit(2);
}
const path = `${import.meta.dirname}/../node_modules/.bin:${process.env['PATH'] ?? ''}`;
for (const name of names) {
  for (const [command = '', ...args] of steps[name] ?? []) {
    console.log(`> ${[command, ...args].join(' ')}`);
    const { status } = spawnSync(command, [...args, ...rest], {
      stdio: 'inherit',
      env: { ...process.env, PATH: path },
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}
