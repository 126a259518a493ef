import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';

import { isUsable } from '../../scripts/manifest.ts';
import { remoteServerDocs } from '../../scripts/remoteServerDocs.ts';
import { descriptionsIn } from '../../scripts/settingsSchema.ts';
import { tokenSourceDocs } from '../../scripts/tokenSourceDocs.ts';
import { connectors } from '../../src/connectors/index.ts';
import { parseSettings, type Settings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const root = new URL('../../', import.meta.url);

interface Example {
  readonly name: string;
  readonly raw: Readonly<Record<string, Record<string, Record<string, unknown>> | undefined>>;
  readonly settings: Settings;
}

const examples = globSync('test/data/token-sources/*.json', { cwd: root })
  .toSorted()
  .map((path): Example => {
    const raw = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Example['raw'];
    const { 'dataPassport.identityProviders': identityProviders, 'dataPassport.connections': connections } = raw;
    const tables = { presets, connectors, tokenSources };
    return {
      name: basename(path, '.json'),
      raw,
      settings: parseSettings({ identityProviders, connections, limits: undefined }, tables),
    };
  });

for (const { name, settings } of examples) {
  test(`the example of ${name} in the docs is read as it stands, and uses that source`, () => {
    assert.deepEqual(settings.problems, []);
    assert.deepEqual(
      settings.connections.map(({ token }) => token.source),
      [name],
    );
  });
}

/** Who logs in, as the example says it. A password brings its user: there only what the connection names itself is asked after. */
function userIn({ raw, settings: { connections } }: Example): string | undefined {
  const [connection] = connections;
  const source = connection && tokenSources[connection.token.source];
  const isPassword = source?.gives(connection?.token.settings) === 'password';
  const written = isPassword ? raw['dataPassport.connections']?.[connection?.id ?? ''] : connection?.settings;
  const { user } = (written ?? {}) as { readonly user?: string };
  return isPassword || !source?.expects ? user : undefined;
}

test('no example takes the user of a connection from claims that its credential is not known to have', () => {
  assert.deepEqual(
    examples.filter((example) => userIn(example)?.includes('{')).map(({ name }) => name),
    [],
  );
});

const servers = globSync('test/data/mcp-servers/*.json', { cwd: root }).toSorted();
const services = globSync('test/data/mcp-servers/services/*.json', { cwd: root }).toSorted();

for (const path of services) {
  test(`the example of the service ${basename(path, '.json')} is read as it stands`, () => {
    const raw = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Example['raw'];
    const { 'dataPassport.identityProviders': identityProviders, 'dataPassport.connections': connections } = raw;
    const tables = { presets, connectors, tokenSources };
    const settings = parseSettings({ identityProviders, connections, limits: undefined }, tables);
    assert.deepEqual([settings.problems, settings.connections.map(({ type }) => type)], [[], ['mcp/generic']]);
  });
}

test('docs/remote-mcp-servers.md is made from the presets and these examples (npm run manifest renews it)', async () => {
  assert.equal(readFileSync(new URL('docs/remote-mcp-servers.md', root), 'utf8'), await remoteServerDocs());
});

for (const path of servers) {
  test(`the example of the MCP server ${basename(path, '.json')} is read as it stands, and is of that preset`, () => {
    const raw = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Example['raw'];
    const { 'dataPassport.identityProviders': identityProviders, 'dataPassport.connections': connections } = raw;
    const tables = { presets, connectors, tokenSources };
    const settings = parseSettings({ identityProviders, connections, limits: undefined }, tables);
    assert.deepEqual(
      [settings.problems, settings.connections.map(({ type }) => type)],
      [[], [`mcp/${basename(path, '.json')}`]],
    );
  });
}

test('every preset of an MCP server has an example', () => {
  assert.deepEqual(
    servers.map((path) => basename(path, '.json')),
    Object.values(connectors)
      .flatMap(({ preset }) => preset ?? [])
      .toSorted(),
  );
});

test('every source that a connection type can use has an example', () => {
  const usable = Object.entries(tokenSources).filter(([, source]) =>
    Object.values(connectors).some((connector) => isUsable(source, connector)),
  );
  assert.deepEqual(
    examples.map(({ name }) => name),
    usable.map(([name]) => name).toSorted(),
  );
});

test('the page says everything that settings say of themselves, and when an identity is shared', async () => {
  const page = await tokenSourceDocs();
  const readable = page.replaceAll('&lt;', '<').replaceAll(String.raw`\|`, '|');
  assert.deepEqual(
    Object.values(tokenSources).flatMap(({ settings }) =>
      descriptionsIn(settings).filter((text) => !readable.includes(text)),
    ),
    [],
  );
  const cells = [...page.matchAll(/^\| \[`(\w+)`\]\(#\w+\) *\|[^|]*\| *([^|]*?) *\|/gm)];
  assert.deepEqual(Object.fromEntries(cells.map(([, name, seen]) => [name, seen])), {
    accessToken: 'you',
    idToken: 'you',
    tokenExchange: 'you, or **a shared identity**',
    awsWebIdentity: 'you, or **a shared identity**',
    gcpWorkforce: 'you',
    personalAccessToken: 'you',
    command: 'you',
    static: '**a shared identity**',
    snowflakeKeyPair: 'you',
    githubApp: '**a shared identity**',
  });
  assert.deepEqual(page.match(/(?<=\*\*Shared identity:\*\* with ).*(?= the other side sees)/g), [
    '`clientId`',
    '`database.kind` `redshift` or `redshiftServerless`',
  ]);
});

test('docs/token-sources.md is made from the table (npm run manifest renews it)', async () => {
  assert.equal(readFileSync(new URL('docs/token-sources.md', root), 'utf8'), await tokenSourceDocs());
});
