import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Credential, credential } from '../../src/core/credential.ts';
import { ANY, credentialCache, type Replaced } from '../../src/core/credentialCache.ts';

/** A clock in seconds and a mint that counts; `hold` keeps mints open until `release`. */
function harness(lifeSeconds: number | undefined = 600) {
  const clock = { seconds: 0, now: () => clock.seconds * 1000 };
  const minted: Credential[] = [];
  const rejections: (string | undefined)[] = [];
  let held: Promise<void> = Promise.resolve();
  let release = (): void => undefined;
  const mint = async ({ rejected }: Replaced<Credential>): Promise<Credential> => {
    const id = String(minted.length + 1);
    rejections.push(rejected?.id);
    const expiresAt = lifeSeconds === undefined ? undefined : new Date(clock.now() + lifeSeconds * 1000);
    const made = credential({ kind: 'bearer', token: `token-${id}` }, { id, expiresAt });
    minted.push(made);
    await held;
    return made;
  };
  return {
    clock,
    minted,
    rejections,
    mint,
    cache: credentialCache<Credential>({ clock }),
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a credential is minted once and used until shortly before its end', async () => {
  const { cache, mint, clock } = harness(600);
  const ids = [];
  for (const seconds of [0, 100, 470, 541, 542]) {
    clock.seconds = seconds;
    ids.push((await cache.get({ key: 'a' }, mint)).id);
    await settle();
  }
  assert.deepEqual(ids, ['1', '1', '1', '2', '2']);
});

test('a short life keeps a tenth of itself in reserve', async () => {
  const { cache, mint, clock } = harness(6);
  const ids = [];
  for (const seconds of [0, 4.7, 5.5]) {
    clock.seconds = seconds;
    ids.push((await cache.get({ key: 'a' }, mint)).id);
  }
  assert.deepEqual(ids, ['1', '1', '2']);
});

test('a use in the last fifth renews behind the back of the caller', async () => {
  const { cache, mint, minted, clock } = harness(600);
  await cache.get({ key: 'a' }, mint);
  clock.seconds = 490;
  assert.equal((await cache.get({ key: 'a' }, mint)).id, '1');
  await settle();
  assert.equal(minted.length, 2);
  assert.equal((await cache.get({ key: 'a' }, mint)).id, '2');
});

test('a renewal ahead of time that fails does not spoil the credential at hand', async () => {
  const { cache, mint, clock } = harness(600);
  await cache.get({ key: 'a' }, mint);
  clock.seconds = 490;
  const failing = (): Promise<Credential> => Promise.reject(new Error('the provider is away'));
  assert.equal((await cache.get({ key: 'a' }, failing)).id, '1');
  await settle();
  assert.equal((await cache.get({ key: 'a' }, failing)).id, '1');
});

test('many callers share one mint, and one that gives up does not stop it', async () => {
  const { cache, mint, minted, hold, release } = harness();
  hold();
  const controller = new AbortController();
  const impatient = cache.get({ key: 'a', signal: controller.signal }, mint);
  const patient = [1, 2, 3].map(() => cache.get({ key: 'a' }, mint));
  controller.abort(new Error('gave up'));
  await assert.rejects(impatient, /gave up/);
  release();
  assert.deepEqual(
    (await Promise.all(patient)).map(({ id }) => id),
    ['1', '1', '1'],
  );
  assert.equal(minted.length, 1);
});

test('a rejected credential is minted anew once, whoever reports it', async () => {
  const { cache, mint, rejections } = harness();
  await cache.get({ key: 'a' }, mint);
  const after = await Promise.all([1, 2].map(() => cache.get({ key: 'a', rejected: '1' }, mint)));
  assert.deepEqual(
    after.map(({ id }) => id),
    ['2', '2'],
  );
  assert.deepEqual(rejections, [undefined, '1']);
  assert.equal((await cache.get({ key: 'a', rejected: '1' }, mint)).id, '2');
});

test('a caller that needs more life than is left gets a fresh one', async () => {
  const { cache, mint, clock } = harness(600);
  await cache.get({ key: 'a' }, mint);
  clock.seconds = 200;
  assert.equal((await cache.get({ key: 'a', leastLife: 300 }, mint)).id, '1');
  assert.equal((await cache.get({ key: 'a', leastLife: 500 }, mint)).id, '2');
});

test('keys do not share, and what is forgotten while it is minted is not kept', async () => {
  const { cache, mint, minted, hold, release } = harness();
  hold();
  const pending = cache.get({ key: 'lab\na' }, mint);
  cache.forget('lab\n');
  release();
  await pending;
  assert.equal(cache.peek('lab\na'), undefined);
  await cache.get({ key: 'lab\nb' }, mint);
  await cache.get({ key: 'lab\nc' }, mint);
  assert.equal(minted.length, 3);
});

test('a credential without a known end is used until it is rejected', async () => {
  const { cache, mint, clock } = harness(undefined);
  const open = async (): Promise<Credential> => credential({ kind: 'bearer', token: 'opaque-token' }, { id: 'open' });
  await cache.get({ key: 'a' }, open);
  clock.seconds = 1e9;
  assert.equal((await cache.get({ key: 'a' }, mint)).id, 'open');
  assert.equal((await cache.get({ key: 'a', rejected: 'open' }, mint)).id, '1');
});

test('whoever asks after a sign-out does not join a mint of before it', async () => {
  const { cache, mint, minted, hold, release } = harness();
  hold();
  const before = cache.get({ key: 'lab\na' }, mint);
  cache.forget('lab\n');
  const after = cache.get({ key: 'lab\na' }, mint);
  release();
  assert.deepEqual([(await before).id, (await after).id, minted.length], ['1', '2', 2]);
});

test('whoever wants a newer one than theirs gets it, and one that is newer already is not renewed again', async () => {
  const { cache, mint } = harness(600);
  await cache.get({ key: 'a' }, mint);
  const first = await cache.get({ key: 'a', renews: '1' }, mint);
  const second = await cache.get({ key: 'a', renews: '1' }, mint);
  const third = await cache.get({ key: 'a', renews: ANY }, mint);
  assert.deepEqual([first.id, second.id, third.id], ['2', '2', '3']);
});

test('F12: a renewal ahead of time that is refused leaves the credential as good as it was', async () => {
  const { cache, mint } = harness(600);
  await cache.get({ key: 'a' }, mint);
  const refused = cache.get({ key: 'a', renews: '1' }, () => Promise.reject(new Error('refused')));
  await assert.rejects(refused, /refused/);
  assert.equal((await cache.get({ key: 'a' }, mint)).id, '1');
});

test('a renewal ahead of the end that brings nothing new is not tried again at once', async () => {
  const { cache, clock } = harness();
  const same = credential({ kind: 'bearer', token: 'token-x' }, { id: 'x', expiresAt: new Date(100_000) });
  const asked: number[] = [];
  const handOver = async (): Promise<Credential> => {
    asked.push(clock.seconds);
    return same;
  };
  for (const seconds of [0, 81, 81.5, 82, 85, 86, 87]) {
    clock.seconds = seconds;
    await cache.get({ key: 'a' }, handOver);
    await settle();
  }
  assert.deepEqual(asked, [0, 81, 86]);
});

test('the same credential handed over twice keeps its age, so that its end is seen in time', async () => {
  const { cache, clock } = harness();
  const same = credential({ kind: 'bearer', token: 'token-x' }, { id: 'x', expiresAt: new Date(100_000) });
  let asked = 0;
  const handOver = async (): Promise<Credential> => {
    asked += 1;
    return same;
  };
  for (const seconds of [0, 82, 88, 95]) {
    clock.seconds = seconds;
    await cache.get({ key: 'a' }, handOver);
    await settle();
  }
  assert.equal(asked, 4);
});
