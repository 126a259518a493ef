import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Environment } from './environment.ts';
import type { Fails } from './fails.ts';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Environment;
}

/** Node.js starts these on Windows in a shell only, which would read arguments as commands. */
const batch = ['.cmd', '.bat', '.ps1'];
const isBatch = (file: string): boolean => batch.includes(path.extname(file).toLowerCase());

/**
 * The file of a program: its whole path, or the first of its name in the folders of PATH.
 *
 * It is looked up here, so that neither the working folder (which Windows would search first) nor a folder of PATH that is
 * relative to it decides what is run. On Windows only .exe and .com are programs: .cmd is refused with a way around it, since no
 * shell is used.
 * @param name without a separator, or absolute
 * @throws what `fails` makes
 */
export async function findProgram(name: string, machine: Machine, fails: Fails): Promise<string> {
  const windows = machine.platform === 'win32';
  if (path.isAbsolute(name)) {
    if (windows && isBatch(name)) throw fails(noShell(name));
    await assertProgram(name, fails);
    return name;
  }
  const places = foldersOf(machine.environment).flatMap((folder) =>
    (windows ? windowsNames(name) : [name]).map((file) => path.join(folder, file)),
  );
  for (const file of places) if ((!windows || !isBatch(file)) && (await isProgram(file))) return file;
  for (const file of places) if (windows && isBatch(file) && (await isProgram(file))) throw fails(noShell(file));
  throw fails('it is not installed, or not in the PATH that the editor was started with');
}

function windowsNames(name: string): readonly string[] {
  const extensions = ['.exe', '.com', ...batch];
  return extensions.includes(path.extname(name).toLowerCase())
    ? [name]
    : extensions.map((extension) => name + extension);
}

function foldersOf(environment: Environment): readonly string[] {
  const [, list = ''] = Object.entries(environment).find(([name]) => name.toUpperCase() === 'PATH') ?? [];
  return list
    .split(path.delimiter)
    .map((folder) => folder.replace(/^"(.*)"$/, '$1'))
    .filter((folder) => path.isAbsolute(folder));
}

async function assertProgram(file: string, fails: Fails): Promise<void> {
  const facts = await stat(file).catch(() => undefined);
  if (!facts) throw fails('there is no such file');
  if (!facts.isFile()) throw fails('it is not a file');
  if (!(await isProgram(file))) throw fails('the file may not be executed');
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

function noShell(file: string): string {
  return `${path.basename(file)} is a script for a shell, and none is used here: name the .exe that it starts, with its arguments`;
}
