import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { signInFailures } from '../../src/extension/signInFailures.ts';
import type { Session } from '../../src/identity/session.ts';

/** Only its identity matters here. */
const session = (): Session => ({}) as unknown as Session;
const refused = new PassportError('DP-SIGN-IN-REFUSED', { provider: 'Corp', error: 'access_denied' });
const canceled = new PassportError('DP-SIGN-IN-CANCELED', { provider: 'Corp' });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the last sign-in that failed is kept until one succeeds', async () => {
  const failures = signInFailures();
  const mine = session();
  failures.follow(mine, Promise.reject(refused));
  await settled();
  const kept = failures.last(mine);
  failures.follow(mine, Promise.resolve('alice'));
  await settled();
  assert.deepEqual([kept, failures.last(mine)], [refused, undefined]);
});

test('one that the user canceled says nothing, and takes nothing back', async () => {
  const failures = signInFailures();
  const [mine, other] = [session(), session()];
  failures.failed(mine, refused);
  failures.failed(mine, canceled);
  failures.failed(other, canceled);
  assert.deepEqual([failures.last(mine), failures.last(other)], [refused, undefined]);
});

test('a provider with other settings, or a mended secret, begins anew', () => {
  const failures = signInFailures();
  const [before, after] = [session(), session()];
  failures.failed(before, refused);
  const other = failures.last(after);
  failures.forget(before);
  assert.deepEqual([other, failures.last(before)], [undefined, undefined]);
});
