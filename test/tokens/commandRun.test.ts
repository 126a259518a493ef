import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { tokenIn } from './outcome.ts';
import { type Programs, reportIn, writePrograms } from './programs.ts';

const windows = process.platform === 'win32';

describe('A program is run', () => {
  let here: Programs;
  before(async () => {
    here = await writePrograms();
  });
  after(() => here.remove());

  it('with its arguments as they are written: there is no shell', async () => {
    const trap = path.join(here.folder, 'trap');
    const args = [
      `; touch ${trap}`,
      `$(touch ${trap})`,
      `\`touch ${trap}\``,
      `&& touch ${trap} #`,
      `| tee ${trap}`,
      `> ${trap}`,
      '$HOME %PATH% ~ *',
      `a "b" 'c' \\d`,
      'line\nfeed',
      '',
      'é\u{1F600}',
    ];
    const source = here.start({ command: here.run('reporter', ...args) });
    assert.deepEqual(reportIn(tokenIn(await source.get()))['args'], args);
    await assert.rejects(readFile(trap), { code: 'ENOENT' });
  });

  it('in the home of the user, without input, and without what the editor put into the environment', async () => {
    const added = [
      'NODE_OPTIONS',
      'ELECTRON_RUN_AS_NODE',
      'VSCODE_IPC_HOOK',
      'VSCODE_GIT_ASKPASS_MAIN',
      'DATA_PASSPORT_X',
      'MY_OWN',
    ];
    for (const name of added) process.env[name] = name === 'NODE_OPTIONS' ? '--no-warnings' : '1';
    try {
      const source = here.start({ command: here.run('reporter') });
      const { environment, ...report } = reportIn(tokenIn(await source.get()));
      const names = environment as readonly string[];
      assert.deepEqual(report, { args: [], folder: homedir(), input: '', terminal: false });
      assert.deepEqual(
        added.filter((name) => names.includes(name)),
        ['MY_OWN'],
      );
      assert.equal(
        names.some((name) => name.toUpperCase() === 'PATH'),
        true,
      );
    } finally {
      for (const name of added) delete process.env[name];
    }
  });

  it('without reading what is typed for the editor', async () => {
    const url = pathToFileURL(path.resolve(import.meta.dirname, '../../src/tokens/command/run.ts')).href;
    const [program, ...args] = here.run('reporter');
    const run = { file: program, args, environment: {}, timeoutSeconds: 20 };
    const code = `import { runProgram } from '${url}';
      process.stdout.write(await runProgram(${JSON.stringify(run)}, (problem) => new Error(problem)));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], { input: 'CANARY' });
    assert.equal(reportIn(printed.toString())['input'], '');
  });

  it('until it ends: a child that it leaves behind with its output open is not waited for', async () => {
    const pids = path.join(here.folder, 'left');
    await here.script(
      'leaving',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
       require('node:fs').writeFileSync(process.argv[2], JSON.stringify([child.pid]));
       process.stdout.write('token', () => process.exit(0));`,
    );
    const { reveal } = await here.start({ command: here.run('leaving', pids), timeoutSeconds: 60 }).get();
    assert.deepEqual(reveal(), { kind: 'bearer', token: 'token' });
    for (const pid of JSON.parse(await readFile(pids, 'utf8')) as number[]) process.kill(pid, 'SIGKILL');
  });

  it('from the PATH by its name, but never from a folder that is not a whole path', async (t) => {
    if (windows) return t.skip('scripts are no programs there');
    const bin = path.join(here.folder, 'bin');
    await mkdir(bin);
    const name = `data-passport-${process.pid}`;
    const program = (token: string): string => `#!${process.execPath}\nprocess.stdout.write('${token}')`;
    await writeFile(path.join(bin, name), program('found'), { mode: 0o755 });
    await writeFile(path.join(bin, `${name}-plain`), program('CANARY'), { mode: 0o644 });
    const before = { path: process.env['PATH'], folder: process.cwd() };
    const missing = 'it is not installed, or not in the PATH that the editor was started with';
    const problem = async (program: string): Promise<string | undefined> =>
      (await here.start({ command: [program] }).fails()).params['problem'];
    process.chdir(bin);
    try {
      process.env['PATH'] = ['.', '', 'bin', path.join(here.folder, 'no such'), bin].join(path.delimiter);
      assert.deepEqual((await here.start({ command: [name] }).get()).reveal(), { kind: 'bearer', token: 'found' });
      process.env['PATH'] = ['.', '', '../bin'].join(path.delimiter);
      assert.equal(await problem(name), missing);
      process.env['PATH'] = bin;
      assert.equal(await problem(`${name}-plain`), missing);
    } finally {
      process.chdir(before.folder);
      process.env['PATH'] = before.path;
    }
    assert.equal(await problem(path.join(bin, `${name}-plain`)), 'the file may not be executed');
    assert.equal(await problem(path.join(bin, 'absent')), 'there is no such file');
    assert.equal(await problem(bin), 'it is not a file');
    await writeFile(path.join(bin, 'lost'), '#!/no/such/interpreter\n', { mode: 0o755 });
    assert.equal(await problem(path.join(bin, 'lost')), 'it can not be started (ENOENT)');
    assert.equal(
      (await here.start({ command: here.run('printer', 'nul\u0000') }).fails()).params['problem'],
      'it can not be started (ERR_INVALID_ARG_VALUE)',
    );
  });
});
