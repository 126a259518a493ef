import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { openWorkbench, type Workbench } from './harness/browser.ts';
import { type EditorWindow, until } from './harness/driver.ts';
import { type Product, serverId, startProduct } from './product.ts';

const TOKEN_SECONDS = 10;

describe('two browser windows at one server, and a provider that rotates refresh tokens and detects reuse', () => {
  let product: Product;
  let beside: Workbench;
  let windows: readonly [EditorWindow, EditorWindow];
  before(async () => {
    product = await startProduct({ pictures: 'windows', accessTokenSeconds: TOKEN_SECONDS });
    beside = await openWorkbench(product.editor, { beside: product.workbench, pictures: 'windows' });
    windows = [product.window, await product.driver.window(1)];
  });
  after(async () => {
    await beside?.close();
    await product?.close();
  });

  const refreshes = (): number =>
    product.lab.idp.requests.filter(({ grantType }) => grantType === 'refresh_token').length;

  async function user(window: EditorWindow): Promise<string> {
    const tool = await window.startMcpServer(serverId, /_query$/);
    const answer = await window.invokeTool(tool, { connection: 'postgres', sql: 'SELECT 1' });
    const { ranAs, error } = JSON.parse(answer) as { ranAs?: { user: string }; error?: { code: string } };
    return ranAs?.user ?? error?.code ?? '';
  }

  test('a sign-in in one window is one in the other', async () => {
    await product.signIn('alice');
    await beside.statusBarItem('alice@lab.example');
    assert.deepEqual(await Promise.all(windows.map(user)), ['alice', 'alice']);
    await beside.screenshot('beside');
  });

  test('ten refreshes of ten-second tokens, both windows at work: exactly one request each time, and nobody is signed out', async () => {
    const first = refreshes();
    const moments: number[] = [];
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) {
        while (first + moments.length < refreshes()) moments.push(Date.now());
        await delay(20);
      }
    })();
    const users = new Set<string>();
    while (moments.length < 10) {
      for (const each of await Promise.all(windows.map(user))) users.add(each);
      await delay(300);
    }
    done.abort();
    await watching;
    assert.deepEqual([...users], ['alice']);
    // Two requests for one token would be together: the next is due when most of a token's life is over.
    const gaps = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0));
    assert.deepEqual(
      gaps.filter((gap) => gap < (TOKEN_SECONDS * 1000) / 2),
      [],
    );
    await product.workbench.statusBarItem('alice@lab.example');
    await beside.statusBarItem('alice@lab.example');
  });

  test('the first window is killed in the middle of a refresh: the other goes on, and nobody is asked', async () => {
    const { idp } = product.lab;
    const [first, second] = windows;
    assert.deepEqual(await Promise.all(windows.map(user)), ['alice', 'alice']);
    await delay(TOKEN_SECONDS * 1000);
    idp.stall(2000, { dropAbandoned: true });
    const before = idp.requests.length;
    const call = user(second);
    await until(
      () => (idp.requests.slice(before).some(({ path }) => path === '/token') ? true : undefined),
      20_000,
      'No refresh began',
    );
    const pid = await first.evaluate(() => process.pid, undefined);
    process.kill(pid, 'SIGKILL');
    assert.equal(await call, 'alice');
    idp.recover();
    await delay(TOKEN_SECONDS * 1000);
    assert.equal(await user(second), 'alice');
    await beside.statusBarItem('alice@lab.example');
    await beside.screenshot('after-the-kill');
    assert.equal(product.workbench.context.pages().length, 2);
  });
});
