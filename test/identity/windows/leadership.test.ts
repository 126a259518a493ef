import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { leadership, meetingPlace, type Term } from '../../../src/identity/windows/leadership.ts';

test('windows of all profiles meet in one folder, because they share one secret storage', () => {
  const standard = '/home/me/.config/Code/User/globalStorage/data-passport.data-passport';
  const profile = '/home/me/.config/Code/User/profiles/-4f2a/globalStorage/data-passport.data-passport';
  assert.equal(meetingPlace(profile), meetingPlace(standard));
  assert.equal(meetingPlace(standard), `${standard}/windows`);
});

describe('terms in a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'dp-terms-')), 'windows');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  const terms = (): string[] => readdirSync(folder).filter((name) => name.startsWith('term-'));

  test('of many who want the next one at once, one gets it', async () => {
    const gate = new SharedArrayBuffer(4);
    const contenders = Array.from(
      { length: 6 },
      (_, index) =>
        new Worker(new URL('contender.ts', import.meta.url), {
          workerData: { folder, gate, address: `address-${index}` },
        }),
    );
    await Promise.all(contenders.map((each) => once(each, 'message')));
    const answers = contenders.map(async (each) => (await once(each, 'message')) as [Term | undefined]);
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    const taken = (await Promise.all(answers)).map(([term]) => term);
    const winners = taken.flatMap((term) => term ?? []);
    assert.equal(winners.length, 1);
    assert.deepEqual(leadership(folder).current(), winners[0]);
  });

  test('grow, the newest file stays, and whoever held an older one learns it', () => {
    const here = leadership(folder);
    const first = here.take(undefined, 'a');
    const second = here.take(first, 'b');
    const third = here.take(second, 'c');
    assert.ok(first && second && third);
    assert.deepEqual([here.holds(first), here.holds(second), here.holds(third)], [false, false, true]);
    assert.deepEqual(terms(), ['term-3']);
  });

  test('that were cleaned up are not taken again by a window that slept through a whole reign', () => {
    const here = leadership(folder);
    const first = here.take(undefined, 'a');
    const second = here.take(first, 'b');
    here.take(second, 'c');
    // It had seen the first term and wants the second, whose file is gone.
    assert.equal(leadership(folder).take(first, 'late'), undefined);
    assert.deepEqual([terms(), here.current()?.address], [['term-3'], 'c']);
  });

  test('are nobody else’s: the folder has mode 0700, and so has what is in it but for the bit to enter', () => {
    const here = leadership(folder);
    here.take(undefined, 'a');
    here.key();
    const modes = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map((path) =>
      (statSync(path).mode & 0o777).toString(8),
    );
    assert.deepEqual(new Set(modes), new Set(['700', '600']));
  });

  test('come with one key and one machine id for everybody, whoever asks first', async () => {
    const asked = Array.from({ length: 20 }, () => {
      const here = leadership(folder);
      return `${here.key()} ${here.machine()}`;
    });
    assert.equal(new Set(asked).size, 1);
    assert.match(asked[0] ?? '', /^[0-9a-f]{64} [0-9a-f]{64}$/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('draft-')),
      [],
    );
  });

  test('end with their folder: whoever held one holds nothing any more', () => {
    const here = leadership(folder);
    const term = here.take(undefined, 'a');
    rmSync(folder, { recursive: true });
    assert.ok(term && !here.holds(term) && !existsSync(folder));
  });
});
