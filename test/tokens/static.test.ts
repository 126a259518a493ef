import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { StoredSecret } from '../../src/tokens/source.ts';
import { staticSecret } from '../../src/tokens/static.ts';
import { startSource } from './harness.ts';
import { saidBy } from './outcome.ts';

const value = 'CANARY shared secret';

function started(settings: object, stored: Omit<StoredSecret, 'id'> | undefined) {
  const secrets: Record<string, StoredSecret> = stored ? { secret: { id: 'entered', ...stored } } : {};
  return startSource(staticSecret, { name: 'static', settings, secrets });
}

test('A shared secret is a bearer token, or a password where the settings name its user', async () => {
  const bearer = started({}, { value: 'CANARY-token' });
  const password = started({ user: 'reporting' }, { value });
  assert.deepEqual(
    [(await bearer.get()).reveal(), (await password.get()).reveal(), bearer.known, password.known].flat(),
    [
      { kind: 'bearer', token: 'CANARY-token' },
      { kind: 'password', user: 'reporting', password: value },
      'CANARY-token',
      value,
    ],
  );
});

test('It says of itself that many are the same to the other side', () => {
  assert.equal(staticSecret.runsAs({}), 'shared');
  assert.match(staticSecret.about, /Everyone who uses it is the same/);
  assert.deepEqual([staticSecret.gives({}), staticSecret.gives({ user: 'reporting' })], ['bearer', 'password']);
});

test('A bearer token has a last day that is worth asking for, a password none', () => {
  const asked = (settings: object): unknown => staticSecret.secrets?.(settings).map(({ title, kind }) => [title, kind]);
  assert.deepEqual([asked({}), asked({ user: 'reporting' })], [[['secret', 'token']], [['secret', 'password']]]);
});

test('One that is missing or over is an error that the user can mend', async () => {
  const missing = await started({}, undefined).fails();
  const over = await started({}, { value: 'CANARY-token', expiresAt: new Date(2026, 4, 31, 23, 59, 59) }).fails();
  assert.deepEqual(
    [missing.facts(), over.facts()],
    [
      { code: 'DP-SECRET-MISSING', params: { secret: 'secret', connection: 'sales' } },
      { code: 'DP-SECRET-EXPIRED', params: { secret: 'secret', connection: 'sales', date: '2026-05-31' } },
    ],
  );
});

test('After a rejection the same one comes back under the same id: there is nothing new to try', async () => {
  const source = started({ user: 'reporting' }, { value });
  const { id } = await source.get();
  assert.deepEqual([id, (await source.get({ rejected: id })).id], ['entered', 'entered']);
});

test('A password may have spaces and letters of any language, a token not, and neither a control character', async () => {
  const fine = await started({ user: 'reporting' }, { value: 'pässword with space' }).get();
  assert.equal(fine.kind, 'password');
  for (const [settings, bad] of [
    [{}, 'CANARY space'],
    [{ user: 'reporting' }, 'CANARY\u0000nul'],
    [{ user: 'reporting' }, ''],
  ] as const) {
    const { code } = saidBy(await started(settings, { value: bad }).fails(), ['CANARY']);
    assert.equal(code, 'DP-TOKEN-INVALID');
  }
});
