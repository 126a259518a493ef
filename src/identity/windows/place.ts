import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where two processes of this user meet. */
export interface PrivatePlace {
  /** A socket in a folder of mode 0700, or a named pipe; absent where neither can be had. */
  readonly path: string | undefined;
  remove(): void;
}

/** Bytes of a socket's path on macOS, the shortest of all. */
const LONGEST = 104;

/** A socket that only this user can reach, or a pipe with a name that can not be guessed. @param name a few letters */
export function privatePlace(name: string): PrivatePlace {
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\data-passport-${randomBytes(16).toString('hex')}`, remove: () => undefined };
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'dp-'));
    const path = join(folder, name);
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    if (Buffer.byteLength(path) < LONGEST) return { path, remove };
    remove();
  } catch {
    // No folder for temporary files.
  }
  return { path: undefined, remove: () => undefined };
}
