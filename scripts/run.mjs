// Entry of every npm script. Runs on whatever Node the machine has: brings the project's packages and its Node 24, then hands over.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.data-passport-lock`;
const lock = readFileSync(`${root}package-lock.json`, 'utf8');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.log('> installing packages (npm install)');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Not npm ci: it refuses a lock file that lacks the optional builds of platforms which a mirror does not carry.
  const { status } = spawnSync(npm, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, lock);
}

const own = `${root}node_modules/.bin/node${process.platform === 'win32' ? '.cmd' : ''}`;
const old = Number(process.versions.node.split('.')[0]) < 24;
if (old && !existsSync(own)) {
  console.error(
    `Data Passport is built and tested with Node 24; this is Node ${process.versions.node}. Install Node 24 and try again.`,
  );
  process.exit(1);
}
const [task = '', ...rest] = process.argv.slice(2);
// Ctrl+C reaches the task as well: it cleans up first.
process.on('SIGINT', () => undefined);
const { status, signal } = spawnSync(old ? own : process.execPath, [`${root}scripts/tasks.ts`, task, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(signal ? 130 : (status ?? 1));
