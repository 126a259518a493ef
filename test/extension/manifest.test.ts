import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { configuration } from '../../scripts/manifest.ts';

interface Manifest {
  readonly engines: { readonly vscode: string };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly contributes: {
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly scope?: string; readonly ignoreSync?: boolean }>>;
    };
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
  };
}

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;
const sources = globSync('src/**/*.ts', { cwd: root })
  .map((file) => readFileSync(new URL(file, root), 'utf8'))
  .join('\n');

/** Object settings merge: any other scope lets a repository add a host beside the user's. */
const scopes: Readonly<Record<string, string>> = {
  'dataPassport.identityProviders': 'application',
  'dataPassport.connections': 'application',
  'dataPassport.limits': 'application',
};

test('every setting has the scope of the fixed list and stays on the machine', () => {
  const { properties } = manifest.contributes.configuration;
  const found = Object.fromEntries(Object.entries(properties).map(([name, { scope }]) => [name, scope]));
  assert.deepEqual(found, scopes);
  assert.deepEqual(
    Object.values(properties).filter(({ ignoreSync }) => ignoreSync !== true),
    [],
  );
});

test('the settings in package.json are those that the sources read (npm run manifest renews them)', () => {
  assert.deepEqual(manifest.contributes.configuration, JSON.parse(JSON.stringify(configuration())));
});

test('every command is registered, and its menus name only commands that exist', () => {
  const commands = manifest.contributes.commands.map(({ command }) => command);
  assert.deepEqual(
    commands.filter((command) => !sources.includes(`'${command}'`)),
    [],
  );
  const used = Object.values(manifest.contributes.menus)
    .flat()
    .map(({ command }) => command);
  assert.deepEqual(
    used.filter((command) => !commands.includes(command)),
    [],
  );
});

test('the typings are those of the oldest editor that is supported', () => {
  assert.equal(manifest.engines.vscode, `^${manifest.devDependencies['@types/vscode']}`);
});
