import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import type { ProgramServer } from '../../../src/connectors/mcp/server.ts';
import { credential } from '../../../src/core/credential.ts';
import { directNetwork } from '../../../src/core/network.ts';
import { programPipe, type ProgramPorts } from '../../../src/gateway/remote/program.ts';
import { followProgram } from '../../../src/gateway/remote/programEnd.ts';
import type { RpcMessage } from '../../../src/gateway/remote/rpc.ts';
import { remoteWire } from './harness.ts';

/** Ends for nothing but SIGKILL, and says when it is there. */
const STUBBORN = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('here');";
const source = (file: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src/gateway/remote', file)).href);

function ports(reach: Partial<ProgramServer>, more: Partial<ProgramPorts> = {}): ProgramPorts {
  return {
    wire: remoteWire('tool', 'mcp/stdio', { command: 'x', tokenVariable: 'DP_TOKEN' }),
    reach: { kind: 'program', command: process.execPath, args: [], environment: {}, ...reach },
    slots: ['token'],
    supply: async () => credential({ kind: 'bearer', token: 'token-of-alice' }, { id: 'one' }),
    network: directNetwork,
    clock: { now: () => Date.now() },
    life: new AbortController().signal,
    ...more,
  };
}

test('a program is found by its bare name on the PATH that the extension host has', async (t) => {
  if (process.platform === 'win32') return t.skip('scripts are no programs there');
  const folder = mkdtempSync(join(tmpdir(), 'dp-path-'));
  try {
    const answer = '{"jsonrpc":"2.0","method":"notifications/message","params":{"path":"\'"$PATH"\'"}}';
    writeFileSync(join(folder, 'crm-mcp'), `#!/bin/sh\necho '${answer}'\nread line\n`, { mode: 0o755 });
    const heard = Promise.withResolvers<RpcMessage>();
    const open = programPipe(ports({ command: 'crm-mcp' }, { environment: { PATH: folder } }));
    const pipe = await open(
      { hear: heard.resolve, ended: heard.reject, retire: () => undefined },
      new AbortController().signal,
    );
    const { params } = await heard.promise;
    await pipe.close();
    assert.deepEqual(params, { path: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a connection that ends while its program is about to start starts none', async () => {
  const life = new AbortController();
  const api = { variable: 'DP_HOME', url: 'http://127.0.0.1:9/', headers: () => ({}) };
  const open = programPipe(ports({ command: '/nowhere/at/all', api }, { life: life.signal }));
  const opening = open(
    { hear: () => undefined, ended: () => undefined, retire: () => undefined },
    new AbortController().signal,
  );
  life.abort(new Error('the user changed'));
  await assert.rejects(opening, /^Error: the user changed$/);
});

test('a program that ignores the end of its input and every request to end is ended', async () => {
  const child = spawn(process.execPath, ['-e', STUBBORN], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const followed = followProgram(child.pid ?? 0);
  followed.ending();
  // Keeps this process alive, whose timers do not.
  const [, signal] = (await once(child, 'exit')) as [unknown, string];
  followed.gone();
  assert.equal(signal, 'SIGKILL');
});

test('no program outlives the process that started it', async () => {
  const script = `
    import { spawn } from 'node:child_process';
    import { followProgram } from ${source('programEnd.ts')};
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { stdio: ['ignore', 'pipe', 'inherit'] });
    followProgram(child.pid);
    child.stdout.once('data', () => process.exit(0));
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  parent.stderr.resume();
  // The program holds this stream until it is gone.
  const [ended] = await Promise.all([once(parent, 'exit'), once(parent.stderr, 'close')]);
  assert.deepEqual(ended, [0, null]);
});
