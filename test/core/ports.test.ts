import assert from 'node:assert/strict';
import { test } from 'node:test';

import { steadyClock } from '../../src/core/ports.ts';

const HOUR = 3_600_000;

function clocks() {
  const time = { wall: 1_000 * HOUR, monotonic: 5 };
  return {
    time,
    clock: steadyClock(
      () => time.wall,
      () => time.monotonic,
    ),
  };
}

test('F22: a wall clock that is set back an hour does not make an expired token look fresh', () => {
  const { time, clock } = clocks();
  time.wall += HOUR;
  time.monotonic += HOUR;
  const before = clock.now();
  time.wall -= HOUR;
  time.monotonic += 1000;
  assert.equal(clock.now(), before + 1000);
});

test('two days of sleep, in which monotonic time stands still, count', () => {
  const { time, clock } = clocks();
  const before = clock.now();
  time.wall += 48 * HOUR;
  assert.equal(clock.now() - before, 48 * HOUR);
});
