import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { AnyWish, Reply, Start } from './protocol.ts';

/** A window in a process of its own. */
export interface WindowProcess {
  readonly pid: number;
  /** @throws Error with the code of the PassportError, or when the process is gone */
  ask<T>(wish: AnyWish): Promise<T>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

/** One machine: its windows share a folder and, on a desktop, the secret storage. */
export interface Machine {
  /** @param copy what the window's own storage holds, where there is no shared one */
  open(copy?: Readonly<Record<string, string>>): Promise<WindowProcess>;
  close(): Promise<void>;
}

export function machine(idp: { readonly issuer: string; readonly clientId: string }): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'dp-machine-'));
  const storage = join(folder, 'secrets.json');
  writeFileSync(storage, '{}');
  const all: WindowProcess[] = [];
  return {
    async open(copy) {
      const window = start();
      all.push(window);
      const wanted: Start = {
        issuer: idp.issuer,
        clientId: idp.clientId,
        folder: join(folder, 'windows'),
        storage: copy ? { kind: 'copy', values: copy } : { kind: 'shared', path: storage },
      };
      await window.ask({ name: 'open', start: wanted });
      return window;
    },
    async close() {
      for (const window of all) window.signal('SIGKILL');
      await Promise.all(all.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function start(): WindowProcess {
  const child = fork(fileURLToPath(new URL('windowProcess.ts', import.meta.url)), [], { execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  child.on('message', ({ id, value, error }: Reply) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(value);
    else one?.reject(new Error(error));
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const one of waiting.values()) one.reject(new Error('the window is gone'));
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    ask<T>(wish: AnyWish) {
      last += 1;
      const one = Promise.withResolvers<unknown>();
      waiting.set(last, one);
      child.send({ ...wish, id: last }, () => undefined);
      return one.promise as Promise<T>;
    },
    signal: (name) => void child.kill(name),
  };
}
