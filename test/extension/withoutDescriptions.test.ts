import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions } from 'esbuild';
import * as z from 'zod/mini';

import { descriptions, withoutDescriptions } from '../../scripts/withoutDescriptions.ts';
import { connectors } from '../../src/connectors/index.ts';
import { connectionBase, limitsSchema } from '../../src/extension/connectionSettings.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const root = new URL('../../', import.meta.url);
const own = { connectors, presets, tokenSources, connectionBase, limitsSchema, parseSettings };
type Settings = typeof own;

async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    charset: 'utf8',
    absWorkingDir: fileURLToPath(root),
    external: ['vscode', '*.session.ts'],
    define: { DATA_PASSPORT_VERSION: '"0"' },
    plugins: [withoutDescriptions],
    logLevel: 'silent',
    ...options,
  });
  return outputFiles?.[0]?.text ?? '';
}

const inLiterals = (text: string): string => JSON.stringify(text).slice(1, -1);

test('nothing that settings say of themselves is in the extension', async () => {
  const entryPoints = ['src/extension/main.ts'];
  const [plain, bare] = await Promise.all([bundled({ entryPoints, plugins: [] }), bundled({ entryPoints })]);
  const found = descriptions().filter((text) => plain.includes(inLiterals(text)) || plain.includes(text));
  assert.ok(found.length > 100, `${found.length} descriptions`);
  assert.deepEqual(
    found.filter((text) => bare.includes(inLiterals(text)) || bare.includes(text)),
    [],
  );
});

/** Everything that can be read off the schemas. */
function schemasOf({ connectors, presets, tokenSources, connectionBase, limitsSchema }: Settings): unknown {
  const tables = [connectors, presets, tokenSources].map(
    (table: Readonly<Record<string, { settings: z.ZodMiniType }>>) =>
      Object.entries(table).map(([name, { settings }]) => [name, z.toJSONSchema(settings, { io: 'input' })]),
  );
  return [tables, z.toJSONSchema(z.object(connectionBase), { io: 'input' }), z.toJSONSchema(limitsSchema)];
}

/** The examples of the docs, and each of them with one thing after another gone wrong. */
const examples = globSync('test/data/{identity-providers,token-sources,mcp-servers}/*.json', { cwd: root })
  .toSorted()
  .flatMap((path): readonly string[] => {
    const example = JSON.stringify(JSON.parse(readFileSync(new URL(path, root), 'utf8')));
    const values = [...example.matchAll(/:("[^"]*"|\d+|true|false)/g)];
    const spoilt = values.flatMap(({ index, 0: { length } }) =>
      ['""', '-1', '"{a b"'].map((wrong) => `${example.slice(0, index)}:${wrong}${example.slice(index + length)}`),
    );
    return [example].concat(spoilt);
  });

function readBy({ parseSettings, ...tables }: Settings): readonly string[] {
  return examples.map((example) => {
    const raw = JSON.parse(example) as Record<string, unknown>;
    const { 'dataPassport.identityProviders': identityProviders, 'dataPassport.connections': connections } = raw;
    return JSON.stringify(parseSettings({ identityProviders, connections, limits: { rows: 0 } }, tables));
  });
}

test('without what they say of themselves, settings are the same and are read the same', async () => {
  const contents = `
    export { connectors } from './src/connectors/index.ts';
    export { presets } from './src/identity/presets/index.ts';
    export { tokenSources } from './src/tokens/index.ts';
    export { connectionBase, limitsSchema } from './src/extension/connectionSettings.ts';
    export { parseSettings } from './src/extension/settings.ts';`;
  const code = await bundled({ stdin: { contents, resolveDir: fileURLToPath(root) } });
  const bare = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as Settings;
  const undescribed = JSON.stringify(schemasOf(own), (key, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value,
  );
  assert.equal(JSON.stringify(schemasOf(bare)), undescribed);
  assert.deepEqual(readBy(bare), readBy(own));
});
