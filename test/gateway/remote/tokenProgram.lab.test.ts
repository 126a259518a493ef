/**
 * Acceptance rows 6 and 7 of Airflow's token provider for MCP connections (apache/airflow#68104): programs on this machine, which get
 * a token in the one variable that the user names, or an address in its place. What a program inherits, its restarts and its end are in
 * program.lab.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { PassportError } from '../../../src/core/errors.ts';
import { listen } from '../../lab/tokenServices/listen.ts';
import { editorAt, found, readable } from './evidence.ts';
import { type Mint, remoteHarness, remoteWire } from './harness.ts';

const program = join(import.meta.dirname, '..', '..', 'lab', 'mcp', 'stdioServer.ts');
const TOKEN = 'token-of-alice-0123456789';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dp-program-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program, a gateway with one connection to it, and an editor. */
async function started(mint: Mint, settings: object) {
  const wire = remoteWire('tool', 'mcp/stdio', { command: process.execPath, args: [program], ...settings });
  const gateway = await remoteHarness([wire], mint);
  const editor = await editorAt(gateway, 'tool');
  return {
    gateway,
    editor,
    async [Symbol.asyncDispose]() {
      await editor[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Arguments with which Node writes a file. */
const writing = (file: string): string[] => ['-e', `require('fs').writeFileSync(${JSON.stringify(file)}, '')`];

/** Whether a program was started that writes this file: one that is started now has as much to do and is waited for. */
function hasRun(file: string): boolean {
  execFileSync(process.execPath, writing(`${file} by another`));
  return existsSync(file);
}

const always: Mint = async () => ({ token: TOKEN });
const who = (text: string) => JSON.parse(text) as { sha256: string | null; pid: number };

test('D6: a program that is pointed at an address has no token, and what it asks there goes on with the token on', async () => {
  const seen: unknown[] = [];
  const service = await listen(
    createServer(({ headers, url }, response) => {
      seen.push([url, headers.authorization]);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    }),
  );
  const api = { variable: 'DP_HOME', url: `http://${service.host}/base` };
  await using part = await started(always, { api });
  const { text } = await part.editor.call('whoami');
  const home = await part.editor.call('fetch_home');
  await service.close();
  assert.deepEqual([who(text).sha256, seen], [null, [['/base/me', `Bearer ${TOKEN}`]]]);
  assert.equal((JSON.parse(home.text) as { status: number }).status, 200);
  assert.deepEqual(found(readable(part.gateway, part.editor), [TOKEN]), []);
});

test('D7: the token wins over a fixed variable of the same name, and the other fixed ones stay', async () => {
  await using part = await started(always, {
    tokenVariable: 'DP_TOKEN',
    env: { DP_TOKEN: 'fixed', DP_HOME: 'http://127.0.0.1:9' },
  });
  const { text } = await part.editor.call('whoami');
  const names = JSON.parse((await part.editor.call('environment')).text) as string[];
  assert.equal(who(text).sha256, sha256(TOKEN));
  assert.ok(names.includes('DP_HOME'));
});

test('D7: the token is masked in what the program says, and its standard error goes nowhere', async () => {
  await using part = await started(always, { tokenVariable: 'DP_TOKEN' });
  const echo = await part.editor.call('echo', { text: `${TOKEN} and ${Buffer.from(TOKEN).toString('base64')}` });
  await part.editor.call('complain', { text: `complaint with ${TOKEN}` });
  const after = await part.editor.call('echo', { text: 'still here' });
  assert.match(echo.text, /^\[redacted\] and \[redacted\]=*$/);
  assert.equal(after.text, 'still here');
  const everything = readable(part.gateway, part.editor);
  assert.deepEqual(found(everything, [TOKEN]), []);
  assert.doesNotMatch(everything, /complaint/);
});

test('D7: the arguments of the program hold no token', async () => {
  const file = join(folder, 'argv');
  const script = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.argv)); setInterval(() => {}, 1000);`;
  const wire = remoteWire('tool', 'mcp/stdio', {
    command: process.execPath,
    args: ['-e', script, 'fixed'],
    tokenVariable: 'DP_TOKEN',
    cwd: folder,
  });
  await using gateway = await remoteHarness([wire], always);
  const connecting = gateway.connect('tool').catch(() => undefined);
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 5));
  await gateway.gateway.replaceConnections([]);
  const argv = JSON.parse(readFileSync(file, 'utf8')) as string[];
  await (await connecting)?.client.close();
  assert.deepEqual(argv.slice(1), ['fixed']);
});

const failing: Record<string, readonly [mint: Mint, code: string]> = {
  'an empty token': [async () => ({ token: '' }), 'DP-MCP-HEADER'],
  'no text': [async () => ({ token: 7 as unknown as string }), 'DP-MCP-HEADER'],
  'a line end': [async () => ({ token: 'token\nDP_OTHER=x' }), 'DP-MCP-HEADER'],
  'an error of ours': [
    () =>
      Promise.reject(new PassportError('DP-TOKEN-INVALID', { source: 'x', connection: 'y', problem: 'z', path: 'p' })),
    'DP-TOKEN-INVALID',
  ],
  'an error with a secret in it': [() => Promise.reject(new Error(`no ${TOKEN}`)), 'DP-INTERNAL'],
};
for (const [what, [mint, code]] of Object.entries(failing))
  test(`D7: a source that gives ${what} starts no program`, async () => {
    const file = join(folder, 'ran');
    const args = writing(file);
    const wire = remoteWire('tool', 'mcp/stdio', { command: process.execPath, args, tokenVariable: 'DP_TOKEN' });
    await using gateway = await remoteHarness([wire], mint);
    await using editor = await editorAt(gateway, 'tool');
    const answer = await editor.call('echo', { text: 'x' });
    assert.deepEqual([answer.code, hasRun(file)], [code, false]);
    assert.deepEqual(found(readable(gateway, editor), [TOKEN]), []);
  });

test('D7: without a sign-in no program is started', async () => {
  const file = join(folder, 'ran');
  const args = writing(file);
  const settings = { command: process.execPath, args, tokenVariable: 'DP_TOKEN' };
  const wire = remoteWire('tool', 'mcp/stdio', settings, { subject: undefined });
  await using gateway = await remoteHarness([wire], always);
  await using editor = await editorAt(gateway, 'tool');
  const answer = await editor.call('echo', { text: 'x' });
  assert.deepEqual([answer.code, hasRun(file)], ['DP-SIGN-IN-REQUIRED', false]);
});
