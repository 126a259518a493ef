import assert from 'node:assert/strict';
import { test } from 'node:test';

import { credential } from '../../src/core/credential.ts';
import { describeCredential } from '../../src/tokens/describe.ts';
import { unsigned } from './outcome.ts';

const now = Date.UTC(2026, 10, 27, 12);

/** Without the padding of the tables. */
const plain = (text: string): string => text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---');

const describe = (token: string, expected = {}) =>
  plain(
    describeCredential({
      title: 'Sales *DB*',
      source: 'Access token',
      credential: credential({ kind: 'bearer', token }, { id: '1', expiresAt: new Date(now + 600_000) }),
      expected: { scopes: [], ...expected },
      now,
    }),
  );

test('claims stand beside what is expected of them, and the signature is nowhere', () => {
  const claims = {
    iss: 'https://idp.example',
    aud: ['https://other.example'],
    sub: 'alice',
    scp: ['session:role:ANALYST'],
    exp: now / 1000 + 600,
    note: 'a | b `c`\n# no heading',
  };
  const token = unsigned(claims, { alg: 'RS256', kid: 'k1' });
  const text = describe(token, {
    issuer: 'https://idp.example',
    audience: 'https://db.example',
    scopes: ['session:role:ANALYST'],
  });
  assert.equal(
    text,
    `# Token of Sales \\*DB\\*

- Token source: Access token
- Kind: bearer
- Expires: 2026-11-27T12:10:00.000Z (in 10 min)

## Header

| Name | Value |
| --- | --- |
| \`alg\` | \`RS256\` |
| \`kid\` | \`k1\` |

## Claims

| Claim | Value | Expected |
| --- | --- | --- |
| \`iss\` | \`https://idp.example\` | ✓ \`https://idp.example\` |
| \`aud\` | \`["https://other.example"]\` | ✗ \`https://db.example\` |
| \`sub\` | \`alice\` | |
| \`scp\` | \`["session:role:ANALYST"]\` | ✓ \`session:role:ANALYST\` |
| \`exp\` | \`1795781400 = 2026-11-27T12:10:00.000Z (in 10 min)\` | ✓ \`a time to come\` |
| \`note\` | \`\`a \\| b \`c\` # no heading\`\` | |

The signature is left out: nobody can use this text as a token.

`,
  );
  assert.ok(!text.includes(token.split('.')[2] ?? ''));
});

test('a claim that is expected and absent is told as absent', () => {
  assert.match(
    describe(unsigned({ sub: 'alice' }), { audience: 'https://db.example' }),
    /\| `aud` \| \(absent\) \| `https:\/\/db.example` \|/,
  );
});

test('an opaque token says only what it was asked for with', () => {
  const text = describe('opaque-token-canary', { audience: 'https://db.example', scopes: ['sql'] });
  assert.match(text, /The token is opaque.* It was asked for with audience https:\/\/db\.example and scopes sql\./);
  assert.ok(!text.includes('opaque-token-canary'));
});

test('user and access key are named, passwords and keys are not', () => {
  const facts = { title: 'x', source: 'y', expected: { scopes: [] }, now };
  const password = credential({ kind: 'password', user: 'alice', password: 'canary-password' }, { id: '1' });
  const aws = credential(
    {
      kind: 'aws',
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 'canary-secret',
      sessionToken: 'canary-session',
      region: 'eu-west-1',
    },
    { id: '2' },
  );
  const texts = [password, aws].map((each) => describeCredential({ ...facts, credential: each }));
  assert.match(texts[0] ?? '', /User: alice[^]*no claims/);
  assert.match(texts[1] ?? '', /ASIAEXAMPLE, region eu-west-1/);
  assert.ok(!texts.join('').includes('canary'));
});
