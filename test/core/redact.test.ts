import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { credential } from '../../src/core/credential.ts';
import { redactedLog, redactor } from '../../src/core/redact.ts';

const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9abcdef.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0`;
const opaque = 'opaque/secret+with=odd characters';

test('a known secret is masked in every form that it may take', () => {
  const { know, redact } = redactor();
  know(opaque);
  know(jwt);
  const forms = [
    opaque,
    encodeURIComponent(opaque),
    Buffer.from(opaque).toString('base64'),
    jwt,
    jwt.split('.')[2] ?? '',
  ];
  for (const form of forms) {
    const clean = redact(`before ${form} after`);
    assert.ok(!clean.includes(form), clean);
    assert.match(clean, /^before \[redacted\]\S* after$/);
  }
});

test('what looks like a secret is masked even when nobody made it known', () => {
  const { redact } = redactor();
  const cases = [
    [`Headers.append: "Bearer abcdefgh12345678" is an invalid header value`, 'abcdefgh12345678'],
    [`{"refresh_token":"rt-1234567890"}`, 'rt-1234567890'],
    [`http://127.0.0.1:9/callback?code=abcd1234&state=xyz98765`, 'abcd1234'],
    [`postgres://alice:hunter22@db.example/lab`, 'hunter22'],
    [`login with ${jwt} failed`, 'eyJzdWIiOiJhbGljZSJ9'],
    [`client_secret=s3cr3tvalue&grant_type=x`, 's3cr3tvalue'],
  ] as const;
  for (const [text, secret] of cases) assert.ok(!redact(text).includes(secret), redact(text));
});

test('ordinary text stays as it is', () => {
  const { know, redact } = redactor();
  know('short');
  const texts = [
    'short words stay',
    'error="DP-SIGN-IN-REQUIRED" connection="sales"',
    'no token was asked for',
    'https://login.example.com/path',
  ];
  assert.deepEqual(texts.map(redact), texts);
});

test('a log line is masked as a whole, message and data', () => {
  const known = redactor();
  known.know(opaque);
  const lines: string[] = [];
  const log = redactedLog(known, (level, line) => lines.push(`${level}: ${line}`));
  log.warn('It said', { text: `x ${opaque} y`, count: 3, nothing: undefined });
  assert.deepEqual(lines, ['warn: It said text="x [redacted] y" count=3']);
});

test('a credential shows its secret to nobody who does not ask', () => {
  const secret = credential({ kind: 'bearer', token: 'canary-token' }, { id: 'one', subject: 'alice' });
  const shown = [
    JSON.stringify(secret),
    inspect(secret, { depth: 9 }),
    inspect(secret, { showHidden: true, depth: 9 }),
    JSON.stringify({ ...secret }),
  ].join();
  assert.ok(!shown.includes('canary-token'), shown);
  assert.deepEqual(secret.reveal(), { kind: 'bearer', token: 'canary-token' });
});

test('hostile text of any size is searched in one pass', () => {
  const { redact } = redactor();
  // A pattern that begins anew at every character would take minutes for each of these.
  for (const piece of [
    'a-',
    'a.',
    '-eyJ',
    'eyJ',
    'eyJaaaaaaaa.',
    'a://',
    'token',
    'token=',
    'Bearer ',
    '?code=',
    'x',
  ]) {
    const text = piece.repeat(1_000_000 / piece.length);
    assert.ok(redact(text).length <= 3 * text.length, piece);
  }
});
