import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';

import { tokenSourceDocs } from '../../scripts/tokenSourceDocs.ts';
import { connectors } from '../../src/connectors/index.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const root = new URL('../../', import.meta.url);

for (const path of globSync('test/data/token-sources/*.json', { cwd: root }).toSorted()) {
  const name = basename(path, '.json');
  test(`the example of ${name} in the docs is read as it stands, and uses that source`, () => {
    const raw = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Record<string, unknown>;
    const { connections, problems } = parseSettings(
      {
        identityProviders: raw['dataPassport.identityProviders'],
        connections: raw['dataPassport.connections'],
        limits: undefined,
      },
      { presets, connectors, tokenSources },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      connections.map(({ token }) => token.source),
      [name],
    );
  });
}

test('every source that a connection type can use has an example', () => {
  const usable = Object.entries(tokenSources).filter(([, { kinds }]) =>
    Object.values(connectors).some(({ accepts }) => accepts.some((kind) => kinds.includes(kind))),
  );
  const examples = globSync('test/data/token-sources/*.json', { cwd: root }).map((path) => basename(path, '.json'));
  assert.deepEqual(examples.toSorted(), usable.map(([name]) => name).toSorted());
});

test('docs/token-sources.md is made from the table (npm run manifest renews it)', async () => {
  assert.equal(readFileSync(new URL('docs/token-sources.md', root), 'utf8'), await tokenSourceDocs());
});
