import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { backOff } from '../../src/identity/backOff.ts';

const away = (params = {}): PassportError => new PassportError('DP-PROVIDER-UNREACHABLE', params);

/** When work that always fails is really tried, in seconds; asked for once a second. */
async function tries(seconds: number, error: PassportError): Promise<number[]> {
  const clock = { second: 0, now: () => clock.second * 1000 };
  const patience = backOff({ clock, random: () => 1 });
  const tried: number[] = [];
  for (; clock.second < seconds; clock.second += 1) {
    const work = (): Promise<never> => {
      tried.push(clock.second);
      return Promise.reject(error);
    };
    await assert.rejects(
      patience.run('a', work, ({ retry }) => retry),
      error,
    );
  }
  return tried;
}

test('the pause doubles from one second and ends at thirty', async () => {
  assert.deepEqual(await tries(100, away()), [0, 1, 3, 7, 15, 31, 61, 91]);
});

test('a provider that says how long is taken at its word, within five minutes', async () => {
  assert.deepEqual(await tries(100, away({ retryAfter: '40' })), [0, 40, 80]);
  assert.deepEqual(await tries(700, away({ retryAfter: '86400' })), [0, 300, 600]);
});

test('what does not pass by itself is tried each time', async () => {
  assert.deepEqual(await tries(4, new PassportError('DP-SIGN-IN-ENDED', {})), [0, 1, 2, 3]);
});

test('success and a user who insists end the pause', async () => {
  const clock = { now: () => 0 };
  const patience = backOff({ clock });
  const fail = (): Promise<string> =>
    patience.run(
      'a',
      () => Promise.reject(away()),
      () => true,
    );
  const work = (): Promise<string> =>
    patience.run(
      'a',
      async () => 'done',
      () => true,
    );
  await assert.rejects(fail());
  await assert.rejects(work());
  patience.forgive('a');
  assert.equal(await work(), 'done');
});
