import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type OfferedConnection, serverDefinitions } from '../../src/extension/serverDefinitions.ts';

const database = (id: string, title = id): OfferedConnection => ({
  id,
  title,
  type: 'postgres',
  serves: 'sql',
  binding: 'here',
});
const server = (id: string, title = id, binding = 'here'): OfferedConnection => ({
  id,
  title,
  type: 'mcp/generic',
  serves: 'mcp',
  binding,
});

const labels = (...connections: OfferedConnection[]): readonly string[] =>
  serverDefinitions(connections, '1.0.0').map(({ label }) => label);
const versions = (...connections: OfferedConnection[]): readonly string[] =>
  serverDefinitions(connections, '1.0.0').map(({ version }) => version);

test('all databases are one server, which is there when there is a database, and each MCP server is one of its own', () => {
  const found = (...connections: OfferedConnection[]) =>
    serverDefinitions(connections, '1.0.0').map(({ label, path }) => [label, path]);
  assert.deepEqual(found(), []);
  assert.deepEqual(found(database('sales'), server('catalog', 'Catalog'), database('orders')), [
    ['Data Passport', '/mcp'],
    ['Data Passport: Catalog', '/mcp/catalog'],
  ]);
  assert.deepEqual(found(server('catalog', 'Catalog')), [['Data Passport: Catalog', '/mcp/catalog']]);
});

test('no two labels are the same, whatever the case of their letters and whatever titles look like', () => {
  assert.deepEqual(labels(server('a', 'Sales'), server('b', 'SALES'), server('c', 'Sales (B)')), [
    'Data Passport: Sales (a)',
    'Data Passport: SALES (b)',
    'Data Passport: Sales (B) (c)',
  ]);
  assert.deepEqual(labels(database('a', 'Sales'), server('b', 'Sales')), ['Data Passport', 'Data Passport: Sales (b)']);
});

test('the version of a server changes with what its tools depend on, and with nothing of another one', () => {
  const [databases, catalog] = versions(database('sales'), server('catalog'));
  assert.deepEqual(versions(database('sales'), server('catalog', 'catalog', 'elsewhere'))[0], databases);
  assert.notEqual(versions(database('sales'), server('catalog', 'catalog', 'elsewhere'))[1], catalog);
  assert.notEqual(versions(database('sales', 'Sales'), server('catalog'))[0], databases);
  assert.equal(versions(database('sales', 'Sales'), server('catalog'))[1], catalog);
  const [next] = serverDefinitions([database('sales')], '1.0.1');
  assert.notEqual(next?.version, databases);
});
