import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientSecretKey } from '../../src/extension/sessions.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { createRecordStore } from '../../src/identity/record.ts';
import { keyOf } from '../../src/identity/windows/messages.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

const plain = {
  issuer: 'https://login.example.com',
  clientId: 'data-passport',
  authorizationEndpoint: 'https://login.example.com/authorize',
  tokenEndpoint: 'https://login.example.com/token',
};

function describe(more: object = {}): ProviderDescription {
  const { oauth2 } = presets;
  assert.ok(oauth2);
  return oauth2.describe('company', oauth2.settings.parse({ ...plain, account: { from: 'accessToken' }, ...more }));
}

const others: readonly (readonly [what: string, more: object])[] = [
  ['issuer', { issuer: 'https://evil.example' }],
  ['client', { clientId: 'another' }],
  ['token endpoint', { tokenEndpoint: 'https://evil.example/token' }],
  ['revocation endpoint', { revocationEndpoint: 'https://evil.example/revoke' }],
];

for (const [what, more] of others) {
  test(`a sign-in and a client secret that were stored are not for another ${what}`, async () => {
    const secrets = memorySecrets();
    const { log } = keptLog();
    const storeOf = (description: ProviderDescription) =>
      createRecordStore({ secrets, description, machine: 'here', log });
    const account = { subject: 'alice', label: 'alice' };
    const record = { id: '1', account, refreshToken: 'refresh-token', since: 1, revision: 1 };
    await storeOf(describe()).write([record]);
    assert.deepEqual(await storeOf(describe()).read(), [record]);
    assert.deepEqual(await storeOf(describe(more)).read(), []);
    assert.equal(secrets.values.size, 0);
    assert.notEqual(clientSecretKey(describe(more)), clientSecretKey(describe()));
    assert.notEqual(keyOf(describe(more)), keyOf(describe()));
  });
}
