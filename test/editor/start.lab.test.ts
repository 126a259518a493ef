import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type Locator } from 'playwright-core';

import { ensureChromium } from '../../scripts/tools/chromium.ts';
import { run } from '../../scripts/tools/run.ts';
import { regionsOf } from '../lab/sampleData.ts';
import { openWorkbench, type Workbench } from './harness/browser.ts';
import { until } from './harness/driver.ts';

const tasks = fileURLToPath(new URL('../../scripts/tasks.ts', import.meta.url));
/** This machine under another name, as behind a port forward or a proxy; pages from there are no secure context. */
const otherName = 'editor.example';
const question = 'Which orders can I see?';

describe('npm start', () => {
  let demonstration: Demonstration;
  let browser: Browser;
  let workbench: Workbench;

  before(async () => {
    demonstration = await startDemonstration();
    browser = await browserThatKnows(otherName);
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
    const address = new URL(demonstration.url);
    address.hostname = otherName;
    // Only the context is used of the window beside which this one opens.
    workbench = await openWorkbench({ url: address.href }, { pictures: 'start', beside: { context } as Workbench });
  });
  after(async () => {
    await browser?.close();
    await demonstration?.remove();
  });

  async function send(query: string): Promise<void> {
    const { page } = workbench;
    await page.locator('.interactive-input-part .monaco-editor').first().click();
    await page.keyboard.type(query);
    await page.keyboard.press('Enter');
  }

  /** Asks in the chat and returns the answer with these words, once it is complete. */
  async function ask(query: string, words: RegExp, picture: string): Promise<Locator> {
    await send(query);
    const answer = await workbench.chatAnswer(words);
    await workbench.screenshot(picture);
    return answer;
  }

  async function signIn(user: 'alice' | 'bob'): Promise<void> {
    const opened = workbench.newTab();
    await workbench.page.getByRole('button', { name: 'Sign In', exact: true }).first().click();
    const tab = await opened;
    await tab.getByRole('button', { name: user, exact: false }).first().waitFor();
    assert.equal(new URL(tab.url()).hostname, otherName);
    await tab.screenshot({ path: join(import.meta.dirname, '../.artifacts/editor/start', `provider-${user}.png`) });
    await tab.getByRole('button', { name: user, exact: false }).first().click();
    await tab.getByText('You can close this tab').waitFor();
    assert.equal(new URL(tab.url()).hostname, otherName);
    await tab.close();
    await workbench.statusBarItem(`${user}@lab.example`);
    await workbench.screenshot(`signed-in-${user}`);
  }

  /** First cells of every table in an answer. */
  async function firstColumns(answer: Locator): Promise<string[][]> {
    const tables = await answer.locator('table').all();
    return Promise.all(tables.map((table) => table.locator('tbody tr td:first-child').allInnerTexts()));
  }

  test('says where to go, what to click and what to ask', () => {
    const text = demonstration.output();
    assert.match(text, /^Data Passport is ready: +http:\/\/127\.0\.0\.1:\d+\/\?key=[0-9a-f]{24}$/m);
    for (const word of ['Sign In', 'Sign Out', question, 'Ctrl+C']) assert.ok(text.includes(word), word);
  });

  test('shows what to try, the sign-in and a chat with its model, under another host name', async () => {
    const { page } = workbench;
    await page.getByText('Try Data Passport').first().waitFor();
    await page.getByRole('button', { name: 'Sign In', exact: true }).first().waitFor();
    await page.locator('.interactive-session').getByText('Rules, not AI').first().waitFor();
    await workbench.screenshot('opened');
  });

  for (const [user, other] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    test(`signed in as ${user}, the agent sees what ${user} may see and nothing of ${other}'s`, async () => {
      await signIn(user);
      const answer = await ask(
        question,
        new RegExp(`Ran as ${user}[\\s\\S]*ask again to compare`, 'i'),
        `orders-${user}`,
      );
      const seen = await firstColumns(answer);
      assert.equal(seen.length, demonstration.connections);
      for (const column of seen) assert.deepEqual(column, regionsOf(user).toSorted());
      assert.ok(!new RegExp(`Ran as ${other}`, 'i').test(await answer.innerText()));
    });

    if (user === 'alice') {
      test('a statement that writes is refused in words, on every connection', async () => {
        const words = Array.from({ length: demonstration.connections }, () => 'This connection only reads: DELETE');
        await ask('DELETE FROM coffee.orders', new RegExp(words.join(String.raw`[\s\S]*`)), 'refused');
      });
    }

    test(`${user} signs out`, async () => {
      await workbench.command('Data Passport: Sign Out');
      await workbench.statusBarItem('Sign in');
      await workbench.page.getByRole('button', { name: 'Sign In', exact: true }).first().waitFor();
      await workbench.screenshot(`signed-out-${user}`);
    });
  }

  test('signed out, the chat offers the sign-in itself', async () => {
    await send('Who am I?');
    const button = await workbench.chatButton(/^Open/);
    await workbench.screenshot('sign-in-card');
    const opened = workbench.newTab();
    await button.click();
    const tab = await opened;
    await tab.getByRole('button', { name: 'alice', exact: false }).first().click();
    await tab.getByText('You can close this tab').waitFor();
    await tab.close();
    await workbench.chatAnswer(/Ran as alice[\s\S]*detail/i);
    await workbench.screenshot('after-card');
  });

  test('Ctrl+C ends every process that it started and removes every file', async () => {
    const family = await demonstration.family();
    assert.ok(family.size > 3, 'the editor, its extension host, the gateway and the database run below it');
    await workbench.close();
    assert.equal(await demonstration.interrupt(), 0);
    let left: string[] = [];
    await until(
      async () => {
        left = await commandsOf(family);
        return left.length === 0 || undefined;
      },
      10_000,
      () => `Still running: ${left.join(', ')}`,
    );
    assert.deepEqual(await readdir(demonstration.temporary), []);
    assert.match(demonstration.output(), /Stopped\. Nothing is left behind\.\n$/);
  });
});

for (const [args, problem] of [
  [['--prot', '1'], "Unknown option '--prot'."],
  [['--port', 'http'], '--port takes a number below 65536.'],
  [['there'], "Unexpected argument 'there'."],
] as const) {
  test(`npm start -- ${args.join(' ')} is refused with the options that there are`, async () => {
    await assert.rejects(run(process.execPath, [tasks, 'start', ...args]), (error: Error) => {
      assert.ok(error.message.includes('ended with code 2'), error.message);
      for (const text of [problem, '--port N', '--host H', '--no-browser', '--help']) {
        assert.ok(error.message.includes(text), text);
      }
      return true;
    });
  });
}

test('npm start says so when the port that was asked for is taken', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  try {
    await assert.rejects(
      run(process.execPath, [tasks, 'start', '--no-browser', '--port', String(port)]),
      new RegExp(`Port ${port} of 127.0.0.1 is taken`),
    );
  } finally {
    taken.close();
  }
});

interface Demonstration {
  readonly url: string;
  /** How many databases run: PostgreSQL is not to be had everywhere. */
  readonly connections: number;
  /** Folder that the demonstration takes for temporary files. */
  readonly temporary: string;
  output(): string;
  /** Ids of the process and of everything below it. */
  family(): Promise<Set<number>>;
  /** Sends what a terminal sends to all of its processes, and waits for the exit code. */
  interrupt(): Promise<number | null>;
  remove(): Promise<void>;
}

/** Runs what `npm start` hands over to, once the project's packages are there. */
async function startDemonstration(): Promise<Demonstration> {
  const temporary = await mkdtemp(join(tmpdir(), 'dp-'));
  // The database's own user must get through.
  await chmod(temporary, 0o711);
  const child = spawn(process.execPath, [tasks, 'start', '--no-browser', '--port', '0'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  assert.ok(pid !== undefined);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const url = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`npm start ended with code ${child.exitCode}:\n${text}`);
      return text.includes('Press Ctrl+C') ? /is ready: +(?<url>\S+)/.exec(text)?.groups?.['url'] : undefined;
    },
    300_000,
    () => `npm start is not ready:\n${text}`,
  );
  return {
    url,
    connections: text.includes('Without PostgreSQL') ? 1 : 2,
    temporary,
    output: () => text,
    family: () => familyOf(pid),
    interrupt() {
      process.kill(-pid, 'SIGINT');
      return ended;
    },
    async remove() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-pid, 'SIGTERM');
        await ended;
      }
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

async function browserThatKnows(hostName: string): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureChromium(),
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-background-networking',
      `--host-resolver-rules=MAP ${hostName} 127.0.0.1`,
    ],
  });
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process that runs; one that has ended and was not fetched by its parent yet runs no more. */
async function processes(): Promise<ProcessEntry[]> {
  const [lines, form] =
    process.platform === 'linux'
      ? [await linuxProcesses(), /^(?<pid>\d+) \((?<command>.*)\) (?<state>\S) (?<parent>\d+) /s]
      : [
          (await run('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='])).split('\n'),
          /^\s*(?<pid>\d+)\s+(?<parent>\d+)\s+(?<state>\S+)\s+(?<command>.*)$/,
        ];
  return lines.flatMap((line) => {
    const { pid, parent, state = 'Z', command = '' } = form.exec(line)?.groups ?? {};
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** A small system has no `ps`. */
async function linuxProcesses(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
}

async function familyOf(pid: number): Promise<Set<number>> {
  const all = await processes();
  const family = new Set([pid]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const entry of all) if (family.has(entry.parent)) family.add(entry.pid);
  }
  return family;
}

async function commandsOf(pids: ReadonlySet<number>): Promise<string[]> {
  return (await processes()).filter(({ pid }) => pids.has(pid)).map(({ pid, command }) => `${pid} ${command}`);
}
