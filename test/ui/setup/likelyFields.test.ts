import assert from 'node:assert/strict';
import { test } from 'node:test';

import { schemaOf } from '../../../scripts/settingsSchema.ts';
import { connectors } from '../../../src/connectors/index.ts';
import { PassportError } from '../../../src/core/errors.ts';
import { likelyFields } from '../../../src/ui/setup/likelyFields.ts';

test('whatever a test fails with, every kind of connection has a field to begin with', () => {
  const codes = ['DP-DATABASE-UNREACHABLE', 'DP-DATABASE-REFUSED', 'DP-MCP-STATUS', 'DP-INTERNAL'] as const;
  for (const connector of Object.values(connectors)) {
    const fields = Object.keys(schemaOf(connector.settings).properties);
    const suited = codes.filter((code) => code.startsWith('DP-MCP') === (connector.serves === 'mcp'));
    for (const code of suited)
      assert.ok(
        likelyFields(new PassportError(code)).some((name) => fields.includes(name)),
        `${connector.label} ${code}`,
      );
  }
});

test('a role that the identity provider did not grant leads to the role', () => {
  const expected = 'session:role:AUDITOR';
  assert.deepEqual(likelyFields(new PassportError('DP-TOKEN-CLAIM', { claim: 'scp', expected })), ['role']);
});
