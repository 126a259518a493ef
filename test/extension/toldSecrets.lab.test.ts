import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';

import { toldSecrets } from '../../src/extension/toldSecrets.ts';
import { type Broker, createBroker } from '../../src/identity/windows/broker.ts';
import { leadership } from '../../src/identity/windows/leadership.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

const key = 'connection-secrets/sales/token';
const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Three windows of one machine; the first one leads. */
async function windows(shared: boolean): Promise<[Window, Window, Window]> {
  const folder = mkdtempSync(join(tmpdir(), 'dp-told-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const open = async (): Promise<Window> => {
    const broker: Broker = createBroker({ leadership: leadership(folder), log: keptLog().log });
    const own = memorySecrets();
    own.shared = shared;
    const secrets = toldSecrets(own, broker);
    const heard: string[] = [];
    secrets.onHeard((each) => heard.push(each));
    await broker.joined();
    closers.push(() => broker.dispose());
    return { own, secrets, heard };
  };
  return [await open(), await open(), await open()];
}

interface Window {
  readonly own: ReturnType<typeof memorySecrets>;
  readonly secrets: ReturnType<typeof toldSecrets>;
  readonly heard: readonly string[];
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('what one window stores or deletes, every window of a browser does', async () => {
  const [one, two, three] = await windows(false);
  await two.secrets.store(key, 'secret of sales');
  await until(() => one.own.values.has(key) && three.own.values.has(key));
  assert.deepEqual([one.heard, two.heard, three.heard], [[key], [], [key]]);
  await one.secrets.delete(key);
  await until(() => two.heard.length > 0 && three.heard.length > 1);
  assert.deepEqual([two.own.values.size, three.own.values.size], [0, 0]);
});

test('other keys are not taken from another window: a sign-in has a road of its own', async () => {
  const [one, two] = await windows(false);
  await two.secrets.store('sign-ins/machine/lab', 'somebody');
  await two.secrets.store(key, 'secret of sales');
  await until(() => one.own.values.has(key));
  assert.deepEqual([...one.own.values.keys()], [key]);
});

test('windows that share a storage tell each other nothing', async () => {
  const [one, two] = await windows(true);
  await two.secrets.store(key, 'secret of sales');
  const quiet = await windows(false);
  await quiet[1].secrets.store(key, 'another');
  await until(() => quiet[0].own.values.has(key));
  assert.deepEqual([one.own.values.size, one.heard], [0, []]);
});
