import { type ChildProcess, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';

import { systemCode } from '../systemCode.ts';
import { shortComplaint } from './complaint.ts';
import type { Environment } from './environment.ts';
import type { Fails } from './fails.ts';

/** Bytes that a program may print; a token has some thousand. */
const MOST_BYTES = 64 * 1024;
/** Bytes of what it complains of that are looked at: the last ones. */
const LAST_BYTES = 8 * 1024;
/** Milliseconds after its end in which the rest of its output must have come: children that it leaves behind may hold the pipe. */
const REST = 500;

export interface ProgramRun {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program without a shell and gives what it printed. It has no input, no terminal of ours and the user's home as its
 * folder, and leads a process group: when its time is over, when it prints too much or when the signal aborts, it is killed at
 * once with all of that group (on Windows: with its tree). After an abort nothing is started.
 * @throws what `fails` makes; the signal's reason
 */
export async function runProgram(run: ProgramRun, fails: Fails): Promise<Uint8Array> {
  const { timeoutSeconds: seconds, signal } = run;
  signal?.throwIfAborted();
  const child = start(run, fails);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const giveUp = (reason: unknown): void => {
    kill(child);
    reject(reason);
  };
  const output = collected(child, () => giveUp(fails(`it printed more than ${MOST_BYTES / 1024} KiB`)));
  const done = (): void => {
    const printed = output.printed();
    const how = howItEnded(child);
    if (how === undefined) resolve(printed);
    else reject(fails(how, { detail: shortComplaint({ ...output.complained(), printed }) }));
  };
  const onAbort = (): void => giveUp(signal?.reason);
  const overdue = setTimeout(
    () => giveUp(fails(`it took longer than ${seconds} second${seconds === 1 ? '' : 's'}`)),
    seconds * 1000,
  );
  let rest: NodeJS.Timeout | undefined;
  signal?.addEventListener('abort', onAbort, { once: true });
  child.on('error', (cause) => giveUp(fails(`it can not be started (${systemCode(cause)})`, { cause })));
  child.once('close', done);
  child.once('exit', () => {
    rest = setTimeout(done, REST);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(overdue);
    clearTimeout(rest);
    signal?.removeEventListener('abort', onAbort);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

interface Collected {
  printed(): Buffer;
  complained(): { readonly text: Buffer; readonly cut: boolean };
}

function collected({ stdout, stderr }: ChildProcess, tooMuch: () => void): Collected {
  const printed: Buffer[] = [];
  let bytes = 0;
  let text = Buffer.alloc(0);
  let cut = false;
  stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) tooMuch();
    else printed.push(chunk);
  });
  stderr?.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([text, chunk]);
    cut ||= all.length > LAST_BYTES;
    text = all.subarray(-LAST_BYTES);
  });
  // A broken pipe says no more than the end of the program does.
  for (const stream of [stdout, stderr]) stream?.on('error', () => undefined);
  return { printed: () => Buffer.concat(printed), complained: () => ({ text, cut }) };
}

function start({ file, args, environment }: ProgramRun, fails: Fails): ChildProcess {
  try {
    return spawn(file, args, {
      cwd: homedir(),
      env: environment,
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
      // On Windows this would open a console window.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (cause) {
    throw fails(`it can not be started (${systemCode(cause)})`, { cause });
  }
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `it was ended by ${signalCode}`;
  return exitCode === 0 ? undefined : `it ended with exit code ${exitCode ?? 'unknown'}`;
}

function kill(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') killTree(child, pid);
    else process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function killTree(child: ChildProcess, pid: number): void {
  const program = path.join(process.env['SystemRoot'] ?? String.raw`C:\Windows`, 'System32', 'taskkill.exe');
  spawn(program, ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).once('error', () =>
    child.kill('SIGKILL'),
  );
}
