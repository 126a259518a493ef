import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the windows of one user on one machine agree on who leads. A few tiny files: nobody waits for a thread to touch them. */
export interface Leadership {
  /** The newest term and where its holder listens, if there ever was one. */
  current(): Term | undefined;
  /** Takes the term after `over`, whose holder is gone. Undefined when another window was faster. */
  take(over: Term | undefined, address: string): Term | undefined;
  /** Whether nobody has taken a later term. */
  holds(term: Term): boolean;
  /** Secret of this folder: windows prove to each other that they can read it. */
  key(): string;
  /** Id of this machine, as stored sign-ins name it. */
  machine(): string;
}

/** One reign: a number that only grows, and the holder's socket or pipe. */
export interface Term {
  readonly number: number;
  readonly address: string;
}

const PREFIX = 'term-';

/**
 * The editor gives every profile a storage folder of its own, but one secret storage to all of them: the windows that share
 * sign-ins meet in the folder of the default profile.
 * @param storage the extension's global storage folder
 */
export function meetingPlace(storage: string): string {
  return join(storage.replace(/([\\/])profiles[\\/][^\\/]+[\\/](?=globalStorage[\\/])/, '$1'), 'windows');
}

/**
 * Terms are files that are made whole or not at all (a hard link to a written file), and only the next number may be taken. The
 * newest file is never removed, so a window that was slow finds out before it acts, and a holder that was asleep before it spends
 * anything. A lock file with an owner could not do that: whoever removes a stale one may remove its successor.
 *
 * @param folder of this user and machine alone; made with mode 0700
 */
export function leadership(folder: string): Leadership {
  const path = (number: number): string => join(folder, `${PREFIX}${number}`);
  const numbers = (names: readonly string[]): number[] =>
    names.flatMap((name) => (name.startsWith(PREFIX) ? [Number(name.slice(PREFIX.length))] : []));
  const newest = (names: readonly string[]): number => Math.max(0, ...numbers(names));

  const prepare = (): void => void mkdirSync(folder, { recursive: true, mode: 0o700 });

  /** Made once by whoever comes first; everybody else reads it. */
  function lasting(name: string): string {
    const file = join(folder, name);
    const known = readWhole(file);
    if (known !== undefined) return known;
    prepare();
    createWhole(file, randomBytes(32).toString('hex'));
    return readWhole(file) ?? '';
  }

  return {
    current() {
      prepare();
      for (;;) {
        const number = newest(readdirSync(folder));
        if (number === 0) return undefined;
        const address = readWhole(path(number));
        // Otherwise a later one came, and this one was cleaned up, while we looked.
        if (address !== undefined) return { number, address };
      }
    },
    take(over, address) {
      const number = (over?.number ?? 0) + 1;
      prepare();
      if (!createWhole(path(number), address)) return undefined;
      const names = readdirSync(folder);
      if (newest(names) > number) {
        // Too slow by a whole reign: the file that stood in the way was already cleaned up.
        rmSync(path(number), { force: true });
        return undefined;
      }
      for (const each of numbers(names)) if (each < number) rmSync(path(each), { force: true });
      return { number, address };
    },
    holds(term) {
      try {
        return newest(readdirSync(folder)) === term.number;
      } catch {
        return false;
      }
    },
    key: () => lasting('key'),
    machine: () => lasting('machine'),
  };
}

/** False when it is there already. */
function createWhole(path: string, content: string): boolean {
  // Not by a name that readers look for.
  const draft = join(path, '..', `draft-${randomBytes(8).toString('hex')}`);
  writeFileSync(draft, content, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    // A file system without hard links: made at once, and filled a moment later.
    return createThenFill(path, content);
  } finally {
    rmSync(draft, { force: true });
  }
}

function createThenFill(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Waits a moment for one that is being filled. Undefined when there is none. */
function readWhole(path: string): string | undefined {
  let content = '';
  for (let left = 20; left > 0 && content === ''; left -= 1) {
    if (left < 20) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    try {
      content = readFileSync(path, 'utf8');
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
  return content;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
