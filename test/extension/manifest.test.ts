import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as z from 'zod/mini';

import { configuration, isUsable, settingsFor } from '../../scripts/manifest.ts';
import type { Property } from '../../scripts/settingsSchema.ts';
import { connectors } from '../../src/connectors/index.ts';
import { TOKEN_KINDS } from '../../src/connectors/mcp/common.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import type { TokenSource } from '../../src/tokens/source.ts';

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

const madeUp: TokenSource = {
  ...(tokenSources['static'] as TokenSource),
  settings: z.strictObject({
    role: z.string(),
    policy: z.optional(z.string()),
    database: z.optional(z.string()),
    seconds: z.optional(z.int()),
  }),
  kinds: ['aws', 'password'],
  gives: (own) => ((own as { database?: string }).database === undefined ? 'aws' : 'password'),
  leadsTo: { policy: 'aws', database: 'password' },
};

test('a connection type is offered the settings that lead to what it can take, and has to take the only way there', () => {
  const offered = (accepts: TokenSource['kinds']) => {
    const { properties, required } = settingsFor(madeUp, { accepts });
    return { settings: Object.keys(properties), required };
  };
  assert.deepEqual(offered(['bearer', 'password']), {
    settings: ['role', 'database', 'seconds'],
    required: ['role', 'database'],
  });
  assert.deepEqual(offered(['aws']), { settings: ['role', 'policy', 'seconds'], required: ['role'] });
  assert.deepEqual(offered(['aws', 'password']), {
    settings: ['role', 'policy', 'database', 'seconds'],
    required: ['role'],
  });
});

test('what sources say of their settings is so: each that leads to a kind of credential gives it', () => {
  const wrong = Object.entries(tokenSources).flatMap(([name, source]: [string, TokenSource]) =>
    Object.entries(source.leadsTo ?? {}).filter(([setting, kind]) => source.gives({ [setting]: name }) !== kind),
  );
  assert.deepEqual(wrong, []);
});

/** What the editor proposes for a setting, wherever it is. */
function proposedFor(setting: 'token' | 'serverToken'): unknown[] {
  const proposed: unknown[] = [];
  JSON.stringify(configuration(), (key, value: unknown) => {
    if (key === setting) proposed.push((value as { properties: { source: Property } }).properties.source.enum);
    return value;
  });
  return proposed;
}

const usableFor = (taker: Parameters<typeof isUsable>[1]): readonly string[] =>
  Object.entries(tokenSources).flatMap(([name, source]) => (isUsable(source, taker) ? name : []));

test('the editor proposes every source that a connection type can use, and no other', () => {
  assert.deepEqual(proposedFor('token'), Object.values(connectors).map(usableFor));
});

test('the editor proposes a credential of the server itself where there can be one, and what comes in one piece for it', () => {
  const several = Object.values(connectors).filter(({ secondCredential }) => secondCredential);
  assert.deepEqual(
    proposedFor('serverToken'),
    several.map(() => usableFor({ accepts: TOKEN_KINDS })),
  );
  assert.ok(several.length > 0);
});

interface Alternative {
  readonly properties: Readonly<Record<string, Property | undefined>>;
  readonly required: readonly string[];
}

test('the editor tells kinds of connections apart by type and preset, as the settings are read', () => {
  const { 'dataPassport.connections': setting } = configuration()['properties'] as Readonly<
    Record<string, { readonly patternProperties: Readonly<Record<string, { readonly anyOf: readonly Alternative[] }>> }>
  >;
  const [connection] = Object.values(setting?.patternProperties ?? {});
  const found = connection?.anyOf.map(({ properties: { type, preset }, required }) => [
    [type?.const, preset?.const].filter((part) => part !== undefined).join('/'),
    required.filter((name) => name === 'type' || name === 'preset'),
  ]);
  assert.deepEqual(
    found,
    Object.entries(connectors).map(([key, { preset }]) => [
      key,
      preset === undefined || preset === 'generic' ? ['type'] : ['type', 'preset'],
    ]),
  );
});

test('every alternative of a choice has a title and a text, so that the editor can tell what it is', () => {
  const choices: Property[] = [];
  JSON.stringify(configuration(), (key, value: unknown) => {
    if (key === 'oneOf') choices.push(...(value as Property[]));
    return value;
  });
  assert.ok(choices.length > 0);
  assert.deepEqual(
    choices.filter(({ title = '', description = '' }) => title === '' || description === ''),
    [],
  );
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
