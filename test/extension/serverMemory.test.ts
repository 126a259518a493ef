import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import type { Connection } from '../../src/core/connection.ts';
import { bindingOf } from '../../src/extension/binding.ts';
import { createServerMemory } from '../../src/extension/serverMemory.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { keptLog } from '../support/keptLog.ts';

const tables = { connectors, tokenSources };
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function connectionWith(more: object = {}, id = 'catalog'): Connection {
  const { connections, problems } = parseSettings(
    {
      identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
      connections: { [id]: { type: 'mcp', url: 'https://catalog.example.com/mcp', ...more } },
      limits: undefined,
    },
    { presets, ...tables },
  );
  assert.deepEqual(problems, []);
  const [connection] = connections;
  assert.ok(connection);
  return connection;
}

function setup(...connections: Connection[]) {
  const parent = mkdtempSync(join(tmpdir(), 'dp-memory-'));
  folders.push(parent);
  const folder = join(parent, 'servers');
  const { log, lines } = keptLog();
  const open = () => createServerMemory({ ...tables, folder, connections: () => connections, log });
  return { folder, lines, open, memory: open() };
}

const said = (connection: Connection, subject: string, facts: string, more: object = {}) => ({
  connection: connection.id,
  binding: bindingOf(connection, tables),
  subject,
  facts,
  withheld: [],
  ...more,
});

const catalog = connectionWith();

test('what a server said is known to the next window for the same user, and to nobody else', () => {
  const { memory, open } = setup(catalog);
  assert.equal(memory.recall(catalog, 'alice'), undefined);
  memory.remember(said(catalog, 'alice', '{"tools":1}'));
  memory.remember(said(catalog, 'bob', '{"tools":2}'));
  const next = open();
  assert.deepEqual(
    ['alice', 'bob', 'carol'].map((subject) => next.recall(catalog, subject)),
    ['{"tools":1}', '{"tools":2}', undefined],
  );
});

test('while nobody is signed in it is that of whoever used the server last', () => {
  const { memory, folder } = setup(catalog);
  memory.remember(said(catalog, 'bob', '{"tools":2}'));
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), new Date(1000), new Date(1000));
  memory.remember(said(catalog, 'alice', '{"tools":1}'));
  assert.equal(memory.recall(catalog, undefined), '{"tools":1}');
});

test('files are for their owner alone, and neither their names nor a draft says whose they are', () => {
  const { memory, folder } = setup(catalog);
  memory.remember(said(catalog, 'alice', '{}'));
  const [name = '', ...others] = readdirSync(folder);
  assert.deepEqual(others, []);
  assert.match(name, /^[\da-f]{32}-[\da-f]{32}\.json$/);
  assert.deepEqual([statSync(folder).mode & 0o777, statSync(join(folder, name)).mode & 0o777], [0o700, 0o600]);
  assert.ok(!readFileSync(join(folder, name), 'utf8').includes('alice'));
});

test('other settings of the same server keep what it said, and another server knows nothing of it', () => {
  const { memory } = setup(catalog);
  memory.remember(said(catalog, 'alice', '{"tools":1}'));
  assert.equal(memory.recall(connectionWith({ allow: [], title: 'Catalog' }), 'alice'), '{"tools":1}');
  assert.equal(memory.recall(connectionWith({ url: 'https://other.example.com/mcp' }), 'alice'), undefined);
  assert.equal(memory.recall(connectionWith({ url: 'https://other.example.com/mcp' }), undefined), undefined);
});

test('a word of a connection that has other settings by now, or that is none of ours, is dropped', () => {
  const { memory } = setup(catalog);
  let changes = 0;
  memory.onDidChange(() => (changes += 1));
  const withheld = [{ tool: 'search', after: '{}' }];
  memory.remember(said(catalog, 'alice', '{}', { binding: 'another', withheld }));
  memory.remember(said(connectionWith({}, 'other'), 'alice', '{}', { withheld }));
  assert.deepEqual([memory.recall(catalog, 'alice'), memory.withheld(catalog, 'alice'), changes], [undefined, [], 0]);
});

test('withheld tools are told of for the user and the settings that they are withheld for', () => {
  const { memory } = setup(catalog);
  let changes = 0;
  memory.onDidChange(() => (changes += 1));
  const withheld = [{ tool: 'search', before: '{}', after: '{"description":"other"}' }];
  memory.remember(said(catalog, 'alice', '{}', { withheld }));
  const elsewhere = connectionWith({ url: 'https://other.example.com/mcp' });
  assert.deepEqual(
    [
      memory.withheld(catalog, 'alice'),
      memory.withheld(catalog, 'bob'),
      memory.withheld(catalog, undefined),
      memory.withheld(elsewhere, 'alice'),
    ],
    [withheld, [], [], []],
  );
  memory.remember(said(catalog, 'alice', '{}'));
  assert.deepEqual([memory.withheld(catalog, 'alice'), changes], [[], 2]);
});

test('what is too large is not kept, its withheld tools are told of all the same, and what was there before stays', () => {
  const { memory, lines } = setup(catalog);
  memory.remember(said(catalog, 'alice', '{"tools":1}'));
  const withheld = [{ tool: 'search', after: '{}' }];
  memory.remember(said(catalog, 'alice', 'x'.repeat(4_000_000), { withheld }));
  assert.equal(memory.recall(catalog, 'alice'), '{"tools":1}');
  assert.deepEqual(memory.withheld(catalog, 'alice'), withheld);
  assert.match(lines.join('\n'), /too large to be remembered connection="catalog"/);
});

const tool = (name: string, hash: string, at: number, more: object = {}) => ({ name, hash, at, ...more });
const facts = (tools: readonly object[], more: object = {}) =>
  JSON.stringify({ version: 1, server: 'https://catalog.example.com/mcp', tools, complete: true, ...more });

test('of what two windows know of a tool the later word counts, and a tool of the other one stays', () => {
  const { memory, open } = setup(catalog);
  const other = open();
  other.remember(
    said(
      catalog,
      'alice',
      facts([tool('search', 'reviewed', 20), tool('list', 'old', 5), tool('drop', 'd', 5, { definition: {} })]),
    ),
  );
  memory.remember(
    said(catalog, 'alice', facts([tool('search', 'first', 10), tool('list', 'new', 30)], { complete: false })),
  );
  assert.deepEqual(JSON.parse(memory.recall(catalog, 'alice') ?? ''), {
    version: 1,
    server: 'https://catalog.example.com/mcp',
    tools: [tool('search', 'reviewed', 20), tool('list', 'new', 30), tool('drop', 'd', 5)],
    complete: true,
  });
});

test('what the other window wrote of another server, or not like this, changes nothing', () => {
  const { memory } = setup(catalog);
  const mine = facts([tool('search', 'first', 10)]);
  for (const before of ['', 'null', '{}', facts([tool('search', 'later', 20)], { server: 'https://other.example' })]) {
    memory.remember(said(catalog, 'alice', before));
    memory.remember(said(catalog, 'alice', mine));
    assert.equal(memory.recall(catalog, 'alice'), mine);
  }
});

test('facts of the greatest size that the gateway tells are kept, however many of their characters a file writes twice', () => {
  const { memory } = setup(catalog);
  const quotes = facts([], { tools: [], more: '"'.repeat(740_000) });
  memory.remember(said(catalog, 'alice', quotes));
  assert.equal(memory.recall(catalog, 'alice'), quotes);
});

test('only the newest users of a connection are remembered', () => {
  const { memory, folder } = setup(catalog);
  for (let index = 0; index < 12; index += 1) memory.remember(said(catalog, `user-${index}`, String(index)));
  assert.equal(readdirSync(folder).length, 10);
});

test('with a connection goes what its server said; with a mistake in its settings it does not', () => {
  const other = connectionWith({ url: 'https://other.example.com/mcp' }, 'other');
  const { memory } = setup(catalog, other);
  memory.remember(said(catalog, 'alice', '1', { withheld: [{ tool: 'search', after: '{}' }] }));
  memory.remember(said(other, 'alice', '2'));
  const recalled = () => [catalog, other].map((connection) => memory.recall(connection, 'alice'));
  memory.forgetOthers([], [{ path: 'dataPassport.connections', problem: 'must be an object' }]);
  memory.forgetOthers([other], [{ path: 'dataPassport.connections.catalog.url', problem: 'is missing' }]);
  assert.deepEqual(recalled(), ['1', '2']);
  memory.forgetOthers([other], [{ path: 'dataPassport.limits', problem: 'must be an object' }]);
  assert.deepEqual([recalled(), memory.withheld(catalog, 'alice')], [[undefined, '2'], []]);
});

test('a folder that can not be used, and files that nobody wrote like this, are no errors', () => {
  const { memory, folder, lines } = setup(catalog);
  memory.forgetOthers([catalog], []);
  memory.remember(said(catalog, 'alice', '1'));
  const [name = ''] = readdirSync(folder);
  for (const text of ['', 'null', '{"version":2}', '{"version":1,"server":7,"facts":"x"}', 'x'.repeat(4_000_001)]) {
    writeFileSync(join(folder, name), text);
    assert.equal(memory.recall(catalog, 'alice'), undefined);
  }
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'a file where the folder should be');
  memory.remember(said(catalog, 'alice', '1'));
  memory.forgetOthers([], []);
  assert.equal(memory.recall(catalog, undefined), undefined);
  assert.ok(lines.every((line) => line.startsWith('warn ')));
});

test('a database remembers nothing', () => {
  const { connections } = parseSettings(
    {
      identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
      connections: { sales: { type: 'postgres', host: 'db.example.com', database: 'sales' } },
      limits: undefined,
    },
    { presets, ...tables },
  );
  const [sales] = connections;
  assert.ok(sales);
  const { memory } = setup(sales);
  memory.remember(said(sales, 'alice', '1'));
  assert.equal(memory.recall(sales, 'alice'), undefined);
});
