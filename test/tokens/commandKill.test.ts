import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { command } from '../../src/tokens/command.ts';
import { processes } from '../support/processes.ts';
import { path as settingsPath } from './harness.ts';
import { problemOf, type Programs, writePrograms } from './programs.ts';

describe('A program is killed', () => {
  let here: Programs;
  before(async () => {
    here = await writePrograms();
  });
  after(() => here.remove());

  it('when it prints too much, however fast', async () => {
    await here.script(
      'flood',
      `const chunk = 'CANARY'.repeat(10_000); const go = () => { while (process.stdout.write(chunk)); process.stdout.once('drain', go); }; go();`,
    );
    await here.script('large', `process.stdout.write('C'.repeat(10 * 1024 * 1024))`);
    await here.script('just', `process.stdout.write('C'.repeat(64 * 1024))`);
    await here.script('noisy', `process.stderr.write('CANARY '.repeat(1_500_000)); process.stdout.write('t')`);
    const problem = 'it printed more than 64 KiB';
    assert.equal(await problemOf(here.start({ command: here.run('flood') })), problem);
    assert.equal(await problemOf(here.start({ command: here.run('large') })), problem);
    assert.equal((await here.start({ command: here.run('just') }).get()).kind, 'bearer');
    assert.equal((await here.start({ command: here.run('noisy') }).get()).kind, 'bearer');
  });

  it('with its children when its time is over', async () => {
    const late = (timeoutSeconds: number): Promise<string> => {
      const pids = path.join(here.folder, `late-${timeoutSeconds}`);
      return problemOf(here.start({ command: here.run('hanging', pids), timeoutSeconds }));
    };
    const problems = await Promise.all([late(1), late(2)]);
    assert.deepEqual(problems, ['it took longer than 1 second', 'it took longer than 2 seconds']);
    for (const name of ['late-1', 'late-2']) await assertGone(path.join(here.folder, name));
  });

  it('with its children when nobody waits for it any more', async () => {
    const pids = path.join(here.folder, 'aborted');
    const controller = new AbortController();
    const reason = new Error('enough');
    const minting = mintOnce(here.run('hanging', pids), controller.signal);
    while ((await readFile(pids, 'utf8').catch(() => '')) === '') await sleep(20);
    controller.abort(reason);
    await assert.rejects(minting, reason);
    await assertGone(pids);
    await assert.rejects(mintOnce(here.run('hanging', path.join(here.folder, 'never')), controller.signal), reason);
    await assert.rejects(readFile(path.join(here.folder, 'never')), { code: 'ENOENT' });
  });

  it('with its children when the window closes, also while it is looked for or being started', async (t) => {
    if (process.platform !== 'linux') return t.skip('needs /proc');
    const reason = new Error('the window closes');
    for (const delay of [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]) {
      const controller = new AbortController();
      const minting = mintOnce(here.run('hanging', path.join(here.folder, `closing-${delay}`)), controller.signal);
      const rejected = assert.rejects(minting, reason);
      if (delay > 0) await sleep(delay);
      controller.abort(reason);
      await rejected;
    }
    // One that got away would be as far as this by now, and never end.
    await sleep(500);
    assert.deepEqual(
      processes().filter(({ command: line }) => line.includes(here.folder)),
      [],
    );
  });
});

/** Minting without a cache in between, which would let the run go on for others. */
async function mintOnce(argv: readonly string[], signal: AbortSignal): Promise<unknown> {
  if (command.from !== 'own') throw new Error('A program needs no sign-in.');
  return command.mint({
    settings: command.settings.parse({ command: argv }),
    need: { scopes: [] },
    connection: 'sales',
    path: settingsPath,
    signal,
    ports: { clock: Date, fetch: () => assert.fail('nothing is fetched'), know: () => undefined },
    secret: () => assert.fail('no secret is asked for'),
  });
}

async function assertGone(file: string): Promise<void> {
  const pids = JSON.parse(await readFile(file, 'utf8')) as readonly number[];
  const alive = (): readonly number[] =>
    pids.filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  for (let tries = 0; tries < 100 && alive().length > 0; tries += 1) await sleep(50);
  assert.deepEqual([pids.length, alive()], [2, []]);
}
