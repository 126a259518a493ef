import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findImports, type FindPorts, readImport, type ReadFile } from '../../src/imports/find.ts';
import { importFormats } from '../../src/imports/index.ts';
import { environment, ports } from './environment.ts';

const filesOf = (more: Record<string, string>, platform?: string) =>
  Object.fromEntries(importFormats.map(({ id, files }) => [id, files(environment(more, platform))]));

test('files are looked for where their programs look: Linux', () => {
  assert.deepEqual(filesOf({}), {
    snowflake: [
      '/home/alice/.snowflake/connections.toml',
      '/home/alice/.snowflake/config.toml',
      '/home/alice/.config/snowflake/connections.toml',
      '/home/alice/.config/snowflake/config.toml',
    ],
    dbt: ['/home/alice/.dbt/profiles.yml'],
    databricks: ['/home/alice/.databrickscfg'],
    pgService: ['/home/alice/.pg_service.conf'],
    team: [],
  });
});

test('files are looked for where variables say', () => {
  const more = {
    SNOWFLAKE_HOME: '~/snow',
    XDG_CONFIG_HOME: '/xdg',
    DBT_PROFILES_DIR: '/profiles',
    DATABRICKS_CONFIG_FILE: '~/bricks.cfg',
    PGSERVICEFILE: '/pg/own.conf',
    PGSYSCONFDIR: '/etc/pg',
  };
  assert.deepEqual(filesOf(more), {
    snowflake: [
      '/home/alice/snow/connections.toml',
      '/home/alice/snow/config.toml',
      '/xdg/snowflake/connections.toml',
      '/xdg/snowflake/config.toml',
    ],
    dbt: ['/profiles/profiles.yml', '/home/alice/.dbt/profiles.yml'],
    databricks: ['/home/alice/bricks.cfg'],
    pgService: ['/pg/own.conf', '/etc/pg/pg_service.conf'],
    team: [],
  });
});

test('files are looked for where their programs look: macOS and Windows', () => {
  assert.deepEqual(filesOf({}, 'darwin')['snowflake']?.slice(2), [
    '/home/alice/Library/Application Support/snowflake/connections.toml',
    '/home/alice/Library/Application Support/snowflake/config.toml',
  ]);
  const windows = {
    LOCALAPPDATA: String.raw`C:\Users\alice\AppData\Local`,
    APPDATA: String.raw`C:\Users\alice\AppData\Roaming`,
  };
  assert.deepEqual(filesOf(windows, 'win32'), {
    snowflake: [
      String.raw`C:\Users\alice\.snowflake\connections.toml`,
      String.raw`C:\Users\alice\.snowflake\config.toml`,
      String.raw`C:\Users\alice\AppData\Local\snowflake\connections.toml`,
      String.raw`C:\Users\alice\AppData\Local\snowflake\config.toml`,
    ],
    dbt: [String.raw`C:\Users\alice\.dbt\profiles.yml`],
    databricks: [String.raw`C:\Users\alice\.databrickscfg`],
    pgService: [String.raw`C:\Users\alice\AppData\Roaming\postgresql\.pg_service.conf`],
    team: [],
  });
});

/** A machine that has these files and no others. */
function machine(
  files: Readonly<Record<string, Awaited<ReturnType<ReadFile>>>>,
  more: Record<string, string> = {},
): FindPorts {
  return { ...ports(), environment: environment(more), readFile: (path) => Promise.resolve(files[path]) };
}

const connectionsToml = '[main]\naccount = "myorg-main"\n[second]\naccount = "myorg-second"\n';
const configToml = 'default_connection_name = "second"\n[connections.old]\naccount = "old"\n';

test('what exists is found with the number of its connections', async () => {
  const found = await findImports(
    machine(
      {
        '/snow/connections.toml': connectionsToml,
        '/snow/config.toml': configToml,
        '/home/alice/.pg_service.conf': '[a]\nhost=h.example.com\ndbname=d\nuser=u\n',
        '/home/alice/.dbt/profiles.yml': { tooLarge: true },
        '/home/alice/.databrickscfg': 'x'.repeat(1_000_001),
      },
      { SNOWFLAKE_HOME: '/snow' },
    ),
  );
  const large = 'The file has more than 1 MB and was not read.';
  assert.deepEqual(
    found.map(({ label: _label, ...rest }) => rest),
    [
      { format: 'snowflake', path: '/snow/connections.toml', entries: 2 },
      { format: 'snowflake', path: '/snow/config.toml', entries: 0 },
      { format: 'dbt', path: '/home/alice/.dbt/profiles.yml', entries: 0, note: large },
      { format: 'databricks', path: '/home/alice/.databrickscfg', entries: 0, note: large },
      { format: 'pgService', path: '/home/alice/.pg_service.conf', entries: 1 },
    ],
  );
});

test('a machine without any of them is quiet', async () => {
  assert.deepEqual(await findImports(machine({})), []);
});

test('a file is read together with what stands beside it', async () => {
  const [snowflake] = importFormats;
  assert.ok(snowflake);
  const both = machine({ '/s/connections.toml': connectionsToml, '/s/config.toml': configToml });
  const draft = await readImport(snowflake, '/s/connections.toml', both);
  assert.deepEqual(
    draft?.connections.map(({ id }) => id),
    ['second', 'main'],
  );
  const alone = machine({ '/s/config.toml': configToml });
  assert.deepEqual(
    (await readImport(snowflake, '/s/config.toml', alone))?.connections.map(({ id }) => id),
    ['old'],
  );
  assert.equal(await readImport(snowflake, '/s/none.toml', alone), undefined);
  const tooLarge = await readImport(snowflake, '/s/config.toml', machine({ '/s/config.toml': { tooLarge: true } }));
  assert.deepEqual(
    tooLarge?.notes.map(({ text }) => text),
    ['the file has more than 1 MB: it is not read'],
  );
});

test('a provider that the settings have already is used, not doubled', async () => {
  const [snowflake] = importFormats;
  assert.ok(snowflake);
  const own = { account: 'myorg-main', preset: 'snowflake' };
  const other = { preset: 'snowflake', account: 'elsewhere' };
  const taken = { providers: { mine: own, 'snowflake-myorg-second': other }, connections: ['main'] };
  const known = { ...machine({ '/s/connections.toml': connectionsToml }), taken };
  const draft = await readImport(snowflake, '/s/connections.toml', known);
  assert.deepEqual(draft?.providers, { 'snowflake-myorg-second-2': { preset: 'snowflake', account: 'myorg-second' } });
  assert.deepEqual(
    draft.connections.map(({ id, settings }) => [id, settings['identityProvider']]),
    [
      ['main-2', 'mine'],
      ['second', 'snowflake-myorg-second-2'],
    ],
  );
});
