import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { inspect } from 'node:util';

import { DatabaseError } from 'pg';

import { oauthBearerClient, oauthStatusOf } from '../../../src/connectors/postgres/oauthBearer.ts';
import { passwordClient } from '../../../src/connectors/postgres/passwordClient.ts';
import { tokenPasswordClient } from '../../../src/connectors/postgres/tokenPassword.ts';
import { selfSigned } from '../../lab/certificates.ts';
import { type FakeServer, fakeServer, say } from './fakeServer.ts';
import { type Attempt, attemptLogin, outcome, secret, type Stage } from './loginAttempt.ts';

const remote = 'db.lab.example';

const sasl = `n,,\u0001auth=Bearer ${secret}\u0001\u0001`;

/** One way of giving the token: what the server says to ask for it, and what it gets. */
interface Way {
  readonly make: Stage['make'];
  readonly ask: Buffer;
  readonly given: readonly [type: string, text: string];
  /** What else it knows to answer. */
  readonly answers?: string;
  /** What it does not send. */
  readonly malformed?: readonly (string | undefined)[];
}

/** No token of RFC 6750. */
const noTokens = ['', 'a b', 'a\nb', 'a\u0001auth=b', 'a\0b', 'caf\u00e9', 'a'.repeat(70_000), undefined];

const ways = {
  oauthBearerClient: {
    make: oauthBearerClient,
    ask: say.sasl('OAUTHBEARER'),
    given: ['p', `OAUTHBEARER\0\0\0\0${String.fromCharCode(sasl.length)}${sasl}`],
  },
  tokenPasswordClient: { make: tokenPasswordClient, ask: say.cleartext, given: ['p', `${secret}\0`] },
  passwordClient: {
    make: passwordClient,
    ask: say.cleartext,
    given: ['p', `${secret}\0`],
    // Its other way to log in: passwordClient.test.ts.
    answers: 'SCRAM',
    malformed: ['', 'a\nb', 'a\u0001b', 'a\0b', 'a'.repeat(70_000), undefined],
  },
} as const satisfies Readonly<Record<string, Way>>;

for (const [name, way] of Object.entries<Way>(ways)) {
  const attempt = (context: TestContext, stage: Omit<Stage, 'make'>): Promise<Attempt> =>
    attemptLogin(context, { make: way.make, ...stage });

  suite(name, { timeout: 20_000 }, () => {
    test('gives the token once and whole to a server that asks for it', async (context) => {
      const done = await attempt(context, { answers: [[way.ask], [say.ok, say.ready]] });
      assert.deepEqual(outcome(done), { reason: undefined, asked: 1, received: [way.given] });
    });

    const others = {
      'a password in clear text': [say.cleartext],
      'an MD5 password': [say.md5],
      SCRAM: [say.sasl('SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS')],
      OAUTHBEARER: [say.sasl('OAUTHBEARER')],
      'nothing at all': [say.ok, say.ready],
    };
    for (const [title, answer] of Object.entries(others)) {
      if (answer[0]?.equals(way.ask) || title === way.answers) continue;
      test(`gives nothing to a server that asks for ${title}`, async (context) => {
        const done = await attempt(context, { answers: [answer] });
        assert.deepEqual(outcome(done), { reason: 'method', asked: 0, received: [] });
      });
    }

    const broken = {
      'an authentication code of Redshift': say.redshift,
      'an authentication code of Kerberos': say.gss,
      'the middle of a login': say.saslContinue('{}'),
      'the end of a login': say.saslFinal('v=x'),
    };
    for (const [title, answer] of Object.entries(broken)) {
      test(`ends the connection, not the process, on ${title}`, async (context) => {
        const done = await attempt(context, { answers: [[answer]] });
        assert.deepEqual(outcome(done), { reason: 'protocol', asked: 0, received: [] });
      });
    }

    test('gives the token no second time', async (context) => {
      const done = await attempt(context, { answers: [[way.ask], [way.ask]] });
      assert.deepEqual(outcome(done), { reason: 'protocol', asked: 1, received: [way.given] });
    });

    test('gives nothing to a server that asks again while the token is made', async (context) => {
      const done = await attempt(context, {
        answers: [[way.ask, way.ask]],
        supply: () => new Promise((resolve) => setImmediate(resolve, secret)),
      });
      assert.deepEqual(outcome(done), { reason: 'protocol', asked: 1, received: [] });
    });

    test('does not send what can not be a token', async (context) => {
      for (const token of way.malformed ?? noTokens) {
        const done = await attempt(context, { answers: [[way.ask]], supply: () => Promise.resolve(token as string) });
        assert.deepEqual(outcome(done), { reason: 'token', asked: 1, received: [] });
        if (token) assert.ok(!String(done.error).includes(token));
      }
    });

    test('fails with the error of whoever makes the tokens', async (context) => {
      const failure = new Error('Nobody is signed in');
      const done = await attempt(context, { answers: [[way.ask]], supply: () => Promise.reject(failure) });
      assert.deepEqual(outcome(done), { reason: failure, asked: 1, received: [] });
      const thrown = await attempt(context, {
        answers: [[way.ask]],
        supply: () => {
          throw failure;
        },
      });
      assert.deepEqual(outcome(thrown), { reason: failure, asked: 1, received: [] });
    });

    test('drops the token when the server hangs up while it is made', async (context) => {
      const made = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const server = await fakeServer([[way.ask]]);
      context.after(() => server.close());
      const client = way.make({ host: '127.0.0.1', port: server.port, user: 'alice', ssl: false }, () => {
        begun.resolve();
        return made.promise;
      });
      const rejected = assert.rejects(client.connect(), { message: 'Connection terminated unexpectedly' });
      await begun.promise;
      server.hangUp();
      await rejected;
      made.resolve(secret);
      await made.promise;
      assert.deepEqual(server.received, []);
    });

    test('asks for no token where the line to another machine is not encrypted', async (context) => {
      const done = await attempt(context, { answers: [[way.ask]], config: { host: remote } });
      assert.deepEqual(outcome(done), { reason: 'insecure', asked: 0, received: [] });
    });

    test('asks for no token where the certificate of another machine is not verified', async (context) => {
      const tls = selfSigned(remote);
      const config = { host: remote, ssl: { rejectUnauthorized: false } };
      const done = await attempt(context, { answers: [[way.ask]], config, tls });
      assert.deepEqual(outcome(done), { reason: 'insecure', asked: 0, received: [] });
    });

    test('gives the token over TLS with a certificate that is trusted and names the host', async (context) => {
      const tls = selfSigned(remote);
      const answers = [[way.ask], [say.ok, say.ready]];
      const done = await attempt(context, { answers, config: { host: remote, ssl: { ca: tls.cert } }, tls });
      assert.deepEqual(outcome(done), { reason: undefined, asked: 1, received: [way.given] });

      const other = await attempt(context, {
        answers,
        config: { host: 'other.lab.example', ssl: { ca: tls.cert } },
        tls,
      });
      assert.equal((other.error as NodeJS.ErrnoException).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
      assert.equal(other.asked(), 0);
    });

    test('never uses a password from its settings or the environment', async (context) => {
      process.env['PGPASSWORD'] = 'of-the-environment';
      context.after(() => delete process.env['PGPASSWORD']);
      const answers = [[way.ask], [say.ok, say.ready]];
      const done = await attempt(context, { answers, config: { password: 'of-the-settings' } });
      assert.deepEqual(outcome(done), { reason: undefined, asked: 1, received: [way.given] });
    });

    test('keeps the token out of everything that can be printed', async (context) => {
      const done = await attempt(context, { answers: [[way.ask], [say.refused]] });
      assert.ok(done.error instanceof DatabaseError);
      assert.deepEqual([done.error.code, done.asked()], ['28000', 1]);
      const printed = inspect([done.client, done.error], { depth: Infinity, showHidden: true, maxArrayLength: null });
      assert.ok(printed.includes('alice'));
      assert.ok(!printed.includes(secret));
    });

    test('an open session that receives nonsense fails its statement and leaves the process alone', async (context) => {
      const done = await attempt(context, { answers: [[way.ask], [say.ok, say.ready], [say.redshift]] });
      await assert.rejects(done.client.query('SELECT 1'), { name: 'PostgresLoginError', reason: 'protocol' });
      await done.server.hungUp;
      await assert.rejects(done.client.query('SELECT 1'));
    });

    test('an idle session that is asked for a token again gives none', async (context) => {
      const done = await attempt(context, { answers: [[way.ask], [say.ok, say.ready]] });
      done.server.send(way.ask);
      await done.server.hungUp;
      assert.deepEqual(outcome(done), { reason: undefined, asked: 1, received: [way.given] });
    });
  });
}

suite('oauthStatusOf', () => {
  async function refusedWith(context: TestContext, challenge: string): Promise<{ error: unknown; server: FakeServer }> {
    const server = await fakeServer([[say.sasl('OAUTHBEARER')], [say.saslContinue(challenge)], [say.refused]]);
    context.after(() => server.close());
    const config = { host: '127.0.0.1', port: server.port, user: 'alice', ssl: false };
    const error = await oauthBearerClient(config, () => Promise.resolve(secret))
      .connect()
      .catch((thrown: unknown) => thrown);
    return { error, server };
  }

  test('has what the server said about the token', async (context) => {
    const challenge = { status: 'invalid_token', 'openid-configuration': 'https://idp.example/x', scope: 'openid' };
    const { error, server } = await refusedWith(context, JSON.stringify(challenge));
    assert.ok(error instanceof DatabaseError);
    assert.equal(error.code, '28000');
    assert.deepEqual(oauthStatusOf(error), {
      status: 'invalid_token',
      openidConfiguration: 'https://idp.example/x',
      scope: 'openid',
    });
    assert.deepEqual(server.received.at(-1), ['p', '\u0001']);
  });

  test('leaves out what is no plain text', async (context) => {
    const challenges = {
      'not json': {},
      null: {},
      '[1]': {},
      [JSON.stringify({ status: 'a\u001b[31mb', scope: 5, 'openid-configuration': 'https://idp.example' })]: {
        openidConfiguration: 'https://idp.example',
      },
      [JSON.stringify({ status: 'x'.repeat(10_000) })]: {},
    };
    for (const [challenge, expected] of Object.entries(challenges)) {
      const { error } = await refusedWith(context, challenge);
      assert.ok(error instanceof DatabaseError);
      assert.deepEqual(oauthStatusOf(error), expected);
    }
  });

  test('is absent where the server said nothing', () => {
    assert.equal(oauthStatusOf(new Error('no')), undefined);
    assert.equal(oauthStatusOf(undefined), undefined);
  });
});
