import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How the windows of one user on one machine agree on who leads. */
export interface Leadership {
  /** The newest term and where its holder listens, if there ever was one. */
  current(): Promise<Term | undefined>;
  /** Takes the term after `over`, whose holder is gone. False when another window was faster. */
  take(over: Term | undefined, address: string): Promise<Term | undefined>;
  /** Whether nobody has taken a later term. */
  holds(term: Term): boolean;
  /** Secret of this folder: windows prove to each other that they can read it. */
  key(): Promise<string>;
  /** Id of this machine, as stored sign-ins name it. */
  machine(): Promise<string>;
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

  async function prepare(): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }

  /** Made once by whoever comes first; everybody else reads it. */
  async function lasting(name: string): Promise<string> {
    const file = join(folder, name);
    const known = await readWhole(file).catch(() => '');
    if (known !== '') return known;
    await prepare();
    await createWhole(file, randomBytes(32).toString('hex'));
    return readWhole(file);
  }

  return {
    async current() {
      await prepare();
      const number = newest(await readdir(folder));
      if (number === 0) return undefined;
      return { number, address: await readWhole(path(number)) };
    },
    async take(over, address) {
      const number = (over?.number ?? 0) + 1;
      await prepare();
      if (!(await createWhole(path(number), address))) return undefined;
      const names = await readdir(folder);
      if (newest(names) > number) {
        // Too slow by a whole reign: the file that stood in the way was already cleaned up.
        await unlink(path(number)).catch(() => undefined);
        return undefined;
      }
      const older = numbers(names).filter((each) => each < number);
      await Promise.all(older.map((each) => rm(path(each), { force: true })));
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
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  // Not by the name that readers look for.
  const hidden = join(path, '..', `draft-${draft.slice(path.length + 1)}`);
  await writeFile(hidden, content, { flag: 'wx', mode: 0o600 });
  try {
    await link(hidden, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without hard links: made at once, and filled a moment later.
    return await createThenFill(path, content);
  } finally {
    await rm(hidden, { force: true });
  }
}

async function createThenFill(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Waits a moment for one that is being filled. */
async function readWhole(path: string): Promise<string> {
  for (let left = 20; left > 0; left -= 1) {
    const content = await readFile(path, 'utf8');
    if (content !== '') return content;
    await delay(25);
  }
  return '';
}
