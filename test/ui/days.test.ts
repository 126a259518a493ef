import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dayOf, isNear } from '../../src/ui/days.ts';

const now = new Date(2026, 10, 27, 12).getTime();

test('a day to come is its last second in the time of the user', () => {
  assert.deepEqual(dayOf(' 2026-12-01 ', now), new Date(2026, 11, 1, 23, 59, 59));
  assert.deepEqual(dayOf('2026-11-27', now), new Date(2026, 10, 27, 23, 59, 59));
});

test('what is past, no day of the calendar, or written otherwise is no day', () => {
  for (const text of ['2026-11-26', '2027-02-30', '2027-13-01', '01.12.2026', '2026-12-1', '', 'never'])
    assert.equal(dayOf(text, now), undefined, text);
});

test('a week ahead is near, a day more is not', () => {
  const in_ = (days: number): Date => new Date(now + days * 24 * 3600_000);
  assert.deepEqual([isNear(in_(6.9), now), isNear(in_(8), now), isNear(in_(-1), now)], [true, false, true]);
});
