import assert from 'node:assert/strict';
import { test } from 'node:test';

import { idFor, suggestedName } from '../../../src/ui/setup/naming.ts';

test('a name to start from is the most telling thing that was entered', () => {
  assert.equal(suggestedName({ type: 'postgres', host: 'db.example.com', database: 'orders' }, 'PostgreSQL'), 'orders');
  assert.equal(suggestedName({ url: 'https://mcp.example.com/mcp' }, 'MCP server'), 'mcp.example.com');
  assert.equal(suggestedName({}, 'Google'), 'Google');
});

test('an id is one that settings take, and nobody else has it', () => {
  assert.equal(idFor('Sales & Orders (EU)', []), 'sales-orders-eu');
  assert.equal(idFor('Café', ['cafe', 'cafe-2']), 'cafe-3');
  for (const name of ['注文', '', '---', 'x'.repeat(200)]) assert.match(idFor(name, []), /^[a-z0-9][a-z0-9_-]{0,39}$/);
});
