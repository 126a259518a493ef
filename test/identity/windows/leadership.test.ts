import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { leadership, meetingPlace } from '../../../src/identity/windows/leadership.ts';

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
    const contenders = Array.from({ length: 40 }, () => leadership(folder));
    const taken = await Promise.all(contenders.map((each, index) => each.take(undefined, `address-${index}`)));
    const winners = taken.flatMap((term) => term ?? []);
    assert.equal(winners.length, 1);
    assert.deepEqual(await leadership(folder).current(), winners[0]);
  });

  test('grow, the newest file stays, and whoever held an older one learns it', async () => {
    const here = leadership(folder);
    const first = await here.take(undefined, 'a');
    const second = await here.take(first, 'b');
    const third = await here.take(second, 'c');
    assert.ok(first && second && third);
    assert.deepEqual([here.holds(first), here.holds(second), here.holds(third)], [false, false, true]);
    assert.deepEqual(terms(), ['term-3']);
  });

  test('that were cleaned up are not taken again by a window that slept through a whole reign', async () => {
    const here = leadership(folder);
    const first = await here.take(undefined, 'a');
    const second = await here.take(first, 'b');
    await here.take(second, 'c');
    // It had seen the first term and wants the second, whose file is gone.
    assert.equal(await leadership(folder).take(first, 'late'), undefined);
    assert.deepEqual([terms(), (await here.current())?.address], [['term-3'], 'c']);
  });

  test('are nobody else’s: the folder has mode 0700, and so has what is in it but for the bit to enter', async () => {
    const here = leadership(folder);
    await here.take(undefined, 'a');
    await here.key();
    const modes = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map((path) =>
      (statSync(path).mode & 0o777).toString(8),
    );
    assert.deepEqual(new Set(modes), new Set(['700', '600']));
  });

  test('come with one key and one machine id for everybody, whoever asks first', async () => {
    const asked = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const here = leadership(folder);
        return `${await here.key()} ${await here.machine()}`;
      }),
    );
    assert.equal(new Set(asked).size, 1);
    assert.match(asked[0] ?? '', /^[0-9a-f]{64} [0-9a-f]{64}$/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('draft-')),
      [],
    );
  });

  test('end with their folder: whoever held one holds nothing any more', async () => {
    const here = leadership(folder);
    const term = await here.take(undefined, 'a');
    rmSync(folder, { recursive: true });
    assert.ok(term && !here.holds(term) && !existsSync(folder));
  });
});
