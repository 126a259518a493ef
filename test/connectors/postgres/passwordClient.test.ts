import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { suite, test, type TestContext } from 'node:test';
import { inspect } from 'node:util';

import { passwordClient } from '../../../src/connectors/postgres/passwordClient.ts';
import { PostgresLoginError } from '../../../src/connectors/postgres/tokenClient.ts';
import { type FakeServer, say, type Turn } from './fakeServer.ts';
import { type Attempt, attemptLogin, outcome, secret, type Stage } from './loginAttempt.ts';

/** The login with a proof of the password (SCRAM). The one with the password itself is a way of tokenClient.test.ts. */

const attempt = (context: TestContext, answers: readonly Turn[], more: Partial<Stage> = {}): Promise<Attempt> =>
  attemptLogin(context, { make: passwordClient, answers, ...more });

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

interface Scram {
  /** The server's first message, for what the client has begun with. */
  readonly first: (heard: string) => Buffer;
  /** Its last one: throws where the client's proof is wrong. */
  readonly final: (heard: string) => Buffer;
}

/** The server's side of RFC 5802, with the password that it knows. */
function scram(password: string = secret): Scram {
  const salt = randomBytes(16);
  let begun = '';
  let first = '';
  return {
    first(heard) {
      begun = heard.slice(heard.indexOf('n=*'));
      const nonce = begun.slice('n=*,r='.length) + randomBytes(18).toString('base64');
      first = `r=${nonce},s=${salt.toString('base64')},i=4096`;
      return say.saslContinue(first);
    },
    final(heard) {
      const [bare = '', proof = ''] = heard.split(',p=');
      const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
      const message = [begun, first, bare].join(',');
      const key = hmac(salted, 'Client Key');
      const signature = hmac(createHash('sha256').update(key).digest(), message);
      const wanted = Buffer.from(key.map((byte, index) => byte ^ (signature[index] ?? 0)));
      const right = timingSafeEqual(wanted, Buffer.from(proof, 'base64'));
      return right ? say.saslFinal(`v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`) : say.refused;
    },
  };
}

const reasonOf = ({ error }: Attempt): unknown => (error instanceof PostgresLoginError ? error.reason : error);
const begin = say.sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256');
const hearsNothingOf = (server: FakeServer): boolean => !JSON.stringify(server.received).includes(secret);

suite('passwordClient with SCRAM', { timeout: 20_000 }, () => {
  test('proves the password, asks for it once, and never sends it', async (context) => {
    const { first, final } = scram();
    const done = await attempt(context, [
      [begin],
      (heard) => [first(heard)],
      (heard) => [final(heard), say.ok, say.ready],
    ]);
    assert.deepEqual([done.error, done.asked()], [undefined, 1]);
    assert.deepEqual(
      done.server.received.map(([type]) => type),
      ['p', 'p'],
    );
    assert.ok(hearsNothingOf(done.server));
  });

  for (const names of [['SCRAM-SHA-256-PLUS'], ['SCRAM-SHA-1'], ['GSSAPI', 'PLAIN']]) {
    test(`gives nothing to a server that offers ${names.join(' and ')} alone`, async (context) => {
      assert.deepEqual(outcome(await attempt(context, [[say.sasl(...names)]])), {
        reason: 'method',
        asked: 0,
        received: [],
      });
    });
  }

  test('a server that turns to the password itself, or to MD5, when it has begun gets neither', async (context) => {
    for (const [turn, reason] of [
      [say.cleartext, 'protocol'],
      [say.md5, 'method'],
    ] as const) {
      const done = await attempt(context, [[begin], [turn]]);
      assert.deepEqual([reasonOf(done), done.asked(), done.server.received.length], [reason, 1, 1]);
      assert.ok(hearsNothingOf(done.server));
    }
  });

  test('a server that can not prove that it knows the password is left', async (context) => {
    const { first } = scram();
    for (const proof of [`v=${randomBytes(32).toString('base64')}`, 'v=', 'e=other-error', '']) {
      const done = await attempt(context, [
        [begin],
        (heard) => [first(heard)],
        [say.saslFinal(proof), say.ok, say.ready],
      ]);
      assert.equal(reasonOf(done), 'protocol', proof);
    }
  });

  test('a server that lets in before the proof is done, ours or its own, is left', async (context) => {
    const { first } = scram();
    for (const answers of [
      [[begin], [say.ok, say.ready]],
      [[begin], (heard: string) => [first(heard)], [say.ok, say.ready]],
    ]) {
      assert.equal(reasonOf(await attempt(context, answers)), 'method');
    }
  });

  test('a server that goes on with a login of somebody else is left, and gets no proof', async (context) => {
    const salt = randomBytes(16).toString('base64');
    for (const message of [`r=another,s=${salt},i=4096`, 'r=,s=,i=', `r=another,s=${salt},i=0`, '']) {
      const done = await attempt(context, [[begin], [say.saslContinue(message)]]);
      assert.deepEqual([reasonOf(done), done.server.received.length], ['protocol', 1]);
    }
  });

  test('a wrong password is the refusal of the server', async (context) => {
    const { first, final } = scram('another');
    const done = await attempt(context, [[begin], (heard) => [first(heard)], (heard) => [final(heard)]]);
    assert.equal((done.error as { code?: string }).code, '28000');
    assert.ok(hearsNothingOf(done.server));
  });

  test('keeps the password out of everything that can be printed', async (context) => {
    const { first, final } = scram();
    const done = await attempt(context, [
      [begin],
      (heard) => [first(heard)],
      (heard) => [final(heard), say.ok, say.ready],
    ]);
    const printed = inspect(done.client, { depth: Infinity, showHidden: true, maxArrayLength: null });
    assert.ok(printed.includes('alice'));
    assert.ok(!printed.includes(secret));
  });
});
