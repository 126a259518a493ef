/** Variables that a program needs to find its way; nothing that could hold a secret. */
const INHERITED: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'TZ',
  'USER',
  'LOGNAME',
  'SHELL',
  'APPDATA',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
]);

/**
 * What programs may get of an environment, under the names of the list: `Path` is `PATH` on Windows, where case says nothing, and
 * another variable everywhere else.
 * @param isWindows whether names differ by more than case
 */
export function programEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  isWindows: boolean,
): Readonly<Record<string, string>> {
  const kept = Object.entries(environment).flatMap(([given, value]) => {
    const name = isWindows ? given.toUpperCase() : given;
    return value !== undefined && INHERITED.has(name) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(kept);
}
