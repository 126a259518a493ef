import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { personalAccessToken } from '../../src/tokens/personalAccessToken.ts';
import type { StoredSecret } from '../../src/tokens/source.ts';
import { startSource } from './harness.ts';
import { saidBy } from './outcome.ts';

const token = 'CANARY-personal-access-token';

function started(stored: Omit<StoredSecret, 'id'> | undefined) {
  const secrets: Record<string, StoredSecret> = stored ? { token: { id: 'entered first', ...stored } } : {};
  const source = startSource(personalAccessToken, { name: 'personalAccessToken', settings: {}, secrets });
  const enter = (id: string, value: string): void => void (secrets['token'] = { id, value });
  return { source, enter };
}

test('A personal access token is handed out as it was entered, and known to the redactor', async () => {
  const expiresAt = new Date(Date.now() + 86_400_000);
  const { source } = started({ value: token, expiresAt });
  const got = await source.get();
  assert.deepEqual(
    { fields: got.reveal(), id: got.id, expiresAt: got.expiresAt, asked: source.asked, known: source.known },
    {
      fields: { kind: 'personalAccessToken', token },
      id: 'entered first',
      expiresAt,
      asked: [],
      known: [token],
    },
  );
});

test('It is asked for by its title, and needs no settings', () => {
  assert.deepEqual(personalAccessToken.secrets?.({}), [
    { name: 'token', title: 'personal access token', kind: 'token', required: true },
  ]);
  assert.equal(personalAccessToken.settings.safeParse({ token }).success, false);
  assert.deepEqual([personalAccessToken.runsAs({}), personalAccessToken.gives({})], ['user', 'personalAccessToken']);
});

test('One without a last day is good until it is refused', async () => {
  const { source } = started({ value: token });
  const first = await source.get();
  source.later(10 * 365 * 86_400);
  assert.deepEqual([first.expiresAt, (await source.get()).id], [undefined, 'entered first']);
});

test('One that is not stored, or whose day has passed, is an error that the user can mend', async () => {
  const missing = await started(undefined).source.fails();
  const { source } = started({ value: token, expiresAt: new Date(2026, 4, 31, 23, 59, 59) });
  const expired = await source.fails();
  assert.deepEqual(
    [missing.facts(), saidBy(expired, ['CANARY'])],
    [
      { code: 'DP-SECRET-MISSING', params: { secret: 'personal access token', connection: 'sales' } },
      {
        code: 'DP-SECRET-EXPIRED',
        params: { secret: 'personal access token', connection: 'sales', date: '2026-05-31' },
      },
    ],
  );
});

test('Its day is told as it is on this machine, wherever that stands', () => {
  const stored = pathToFileURL(resolve(import.meta.dirname, '../../src/tokens/storedSecret.ts')).href;
  const code = `import { storedSecret } from '${stored}';
    const expiresAt = new Date(2026, 4, 31, 23, 59, 59);
    const secret = async () => ({ id: 'one', value: 'x', expiresAt });
    const request = { connection: 'sales', ports: { clock: { now: () => Infinity } }, secret };
    const error = await storedSecret(request, { name: 'token', title: 'token' }).catch((thrown) => thrown);
    console.log(error.code, error.params.date, expiresAt.toISOString());`;
  const dayIn = (TZ: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { env: { ...process.env, TZ } }).toString();
  assert.deepEqual(
    [dayIn('America/Los_Angeles'), dayIn('Pacific/Auckland')],
    [
      'DP-SECRET-EXPIRED 2026-05-31 2026-06-01T06:59:59.000Z\n',
      'DP-SECRET-EXPIRED 2026-05-31 2026-05-31T11:59:59.000Z\n',
    ],
  );
});

test('It ends on its day, also where it is cached', async () => {
  const { source } = started({ value: token, expiresAt: new Date(Date.now() + 3_600_000) });
  await source.get();
  source.later(3601);
  assert.equal((await source.fails()).code, 'DP-SECRET-EXPIRED');
});

test('After a rejection the same one comes back under the same id, and one that was entered meanwhile under its own', async () => {
  const { source, enter } = started({ value: token });
  const { id } = await source.get();
  const again = await source.get({ rejected: id });
  enter('entered second', 'another-token');
  const other = await source.get({ rejected: again.id });
  assert.deepEqual(
    [again.id === id, other.id, other.reveal()],
    [true, 'entered second', { kind: 'personalAccessToken', token: 'another-token' }],
  );
});

test('A value that no header can carry is refused without being shown', async () => {
  for (const value of ['', 'CANARY line\nfeed', 'CANARY space', 'CANARYé']) {
    const { code } = saidBy(await started({ value }).source.fails(), ['CANARY']);
    assert.equal(code, 'DP-TOKEN-INVALID');
  }
});
