import { posix, win32 } from 'node:path';

import { drafting, type Drafting } from '../drafting.ts';
import type { Environment, ImportFormat, SourceFile } from '../format.ts';
import { takeSnowflake } from '../systems/snowflake.ts';
import { entryOf, isProblem, readToml, type TomlTable } from '../toml.ts';
import { shownKey } from '../visible.ts';

/** A file of connections alone, whose tables are the connections, beside one of all settings. */
const CONNECTIONS = 'connections.toml';
const SETTINGS = 'config.toml';

/**
 * Folders in the order in which the connectors look (https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-cli):
 * the folder of the user's choice or `~/.snowflake`, then the one that the system has for settings.
 */
function folders({ home, platform, variable }: Environment): readonly string[] {
  const path = platform === 'win32' ? win32 : posix;
  const chosen = variable('SNOWFLAKE_HOME');
  const first = chosen ? chosen.replace(/^~(?=[/\\]|$)/, () => home) : path.join(home, '.snowflake');
  return [first, ofSystem(home, platform, variable)];
}

function ofSystem(home: string, platform: string, variable: Environment['variable']): string {
  if (platform === 'win32')
    return win32.join(variable('LOCALAPPDATA') || win32.join(home, 'AppData', 'Local'), 'snowflake');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'snowflake');
  return posix.join(variable('XDG_CONFIG_HOME') || posix.join(home, '.config'), 'snowflake');
}

const nameOf = (path: string): string => path.split(/[/\\]/).at(-1) ?? '';
const isConnections = (path: string): boolean => nameOf(path).toLowerCase() === CONNECTIONS;

export const snowflakeToml: ImportFormat = {
  id: 'snowflake',
  label: 'Snowflake connections (connections.toml, config.toml)',
  files: (environment) =>
    folders(environment).flatMap((folder) => {
      const path = environment.platform === 'win32' ? win32 : posix;
      return [path.join(folder, CONNECTIONS), path.join(folder, SETTINGS)];
    }),
  beside: (path) => [path.slice(0, path.length - nameOf(path).length) + (isConnections(path) ? SETTINGS : CONNECTIONS)],
  read(input, ports) {
    const draft = drafting(ports);
    const file = readToml(input.text);
    const other = input.other?.find(({ path }) => isConnections(path) !== isConnections(input.path));
    if (isProblem(file)) draft.note(file.line, '', 'broken', file.reason);
    else if (isConnections(input.path)) takeConnections(file, draft, defaultIn(other));
    else takeSettings(file, draft, other !== undefined);
    return draft.done();
  },
};

function defaultIn(other: SourceFile | undefined): string | undefined {
  const file = other && readToml(other.text);
  const name = file && !isProblem(file) ? file.values['default_connection_name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** `connections.toml`: every table is a connection. Some write `[connections.x]` there as well. */
function takeConnections(file: TomlTable, draft: Drafting, usual: string | undefined): void {
  const nested = file.table('connections');
  const isNested = nested !== undefined && Object.keys(nested.values).every((key) => nested.table(key));
  const [plain, inner] = isNested ? [without(file, 'connections'), nested] : [file, undefined];
  takeTables(plain, draft, usual ?? textOf(file.values['default_connection_name']));
  if (inner) takeTables(inner, draft, usual);
}

/** `config.toml`: connections are in the table of that name, and count only without a `connections.toml`. */
function takeSettings(file: TomlTable, draft: Drafting, isHidden: boolean): void {
  const connections = file.table('connections');
  for (const key of Object.keys(file.values).filter((each) => each !== 'connections' && each !== DEFAULT))
    draft.note(file.lineOf(key), '', 'notTaken', `${shownKey(key)} is not taken: it sets up the command line`);
  const usual = textOf(file.values[DEFAULT]);
  if (usual !== undefined) sayDefault(file, draft);
  if (connections && isHidden)
    for (const name of Object.keys(connections.values))
      draft.note(connections.lineOf(name), name, 'notTaken', 'is not taken: connections.toml beside it counts instead');
  else if (connections) takeTables(connections, draft, usual);
}

const DEFAULT = 'default_connection_name';

function sayDefault(file: TomlTable, { note }: Drafting): void {
  const text = `${DEFAULT} is not taken: there is no default connection here. The one that it names comes first`;
  note(file.lineOf(DEFAULT), '', 'notTaken', text);
}

function takeTables(file: TomlTable, draft: Drafting, usual: string | undefined): void {
  const names = Object.keys(file.values);
  const ordered = [...names.filter((name) => name === usual), ...names.filter((name) => name !== usual)];
  for (const name of ordered) {
    const table = file.table(name);
    if (table) takeSnowflake(entryOf(name, table), draft);
    else if (name === DEFAULT) sayDefault(file, draft);
    else draft.note(file.lineOf(name), '', 'broken', `${shownKey(name)} is not taken: it is no table of a connection`);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function without(file: TomlTable, key: string): TomlTable {
  return { ...file, values: Object.fromEntries(Object.entries(file.values).filter(([name]) => name !== key)) };
}
