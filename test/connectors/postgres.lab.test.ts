import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DatabaseConnector, DatabaseSession } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { typeNames } from '../../src/connectors/postgres/cells.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../lab/identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../lab/postgres/index.ts';
import { contextWith, failureOf, queryOptions, read } from './sessionContext.ts';

const impossible = await canRunPostgres('oauth');

describe('The PostgreSQL connector', { skip: impossible ?? false }, () => {
  const postgres = connectors['postgres'] as DatabaseConnector;
  let provider: LabIdentityProvider;
  let server: LabPostgres;
  let secure: LabPostgres;
  let home: string;

  before(async () => {
    provider = await startIdentityProvider();
    const { issuer, jwksUri } = provider;
    server = await startPostgres({ issuer, jwksUri, audience: postgresAudience });
    secure = await startPostgres({ issuer, jwksUri, audience: postgresAudience, tls: true });
    home = await mkdtemp(join(tmpdir(), 'dp-test-'));
    await writeFile(join(home, 'ca.pem'), secure.ca ?? '');
  });
  after(async () => {
    await secure?.close();
    await server?.close();
    await provider?.close();
    await rm(home, { recursive: true, force: true });
  });

  async function open(lab: LabPostgres, settings: Record<string, unknown> = {}): Promise<DatabaseSession> {
    const token = await provider.mintAccessToken({ audience: postgresAudience, scopes: ['openid'] });
    const { open: logIn } = await postgres.load();
    const own = { host: lab.host, port: lab.port, database: lab.database, authentication: 'oauthbearer' };
    return logIn(postgres.settings.parse({ ...own, ...settings }), contextWith(token));
  }

  async function use(
    lab: LabPostgres,
    settings: object,
    work: (session: DatabaseSession) => Promise<void>,
  ): Promise<void> {
    const session = await open(lab, { ...settings });
    try {
      await work(session);
    } finally {
      await session.close();
    }
  }

  const trusted = (): object => ({ host: 'localhost', tls: 'always', caFile: join(home, 'ca.pem') });

  it('reads over TLS with the authority of the settings, and cancels over TLS too', async () => {
    await use(secure, trusted(), async (session) => {
      assert.deepEqual(
        await read(await session.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', queryOptions())),
        [[true]],
      );
      const controller = new AbortController();
      const reason = new Error('enough');
      const outcome = session
        .query('SELECT pg_sleep(60)', queryOptions({ signal: controller.signal }))
        .catch((error: unknown) => error);
      while (!(await secure.activity()).some(({ state, query }) => state === 'active' && query.includes('FETCH')))
        await sleep(20);
      controller.abort(reason);
      assert.equal(await outcome, reason);
      assert.equal(session.usable, true);
    });
  });

  it('sends no token to a server whose certificate it does not know, or that has another name', async () => {
    const before = secure.logins().length;
    const unknown = await failureOf(open(secure, { host: 'localhost', tls: 'always' }), 'DP-DATABASE-CERTIFICATE');
    const otherName = await failureOf(open(secure, { ...trusted(), host: '127.0.0.1' }), 'DP-DATABASE-CERTIFICATE');
    assert.deepEqual(
      [unknown.params, otherName.params],
      [
        { host: 'localhost', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
        { host: '127.0.0.1', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      ],
    );
    assert.equal(secure.logins().length, before);
  });

  it('sends no token to a server without TLS when TLS is asked for', async () => {
    const before = server.logins().length;
    const error = await failureOf(open(server, { tls: 'always' }), 'DP-DATABASE-INSECURE');
    assert.deepEqual(error.params, { connection: 'coffee', host: '127.0.0.1' });
    assert.equal(server.logins().length, before);
  });

  it('says which file of authorities can not be read', async () => {
    const error = await failureOf(open(secure, { ...trusted(), caFile: join(home, 'none.pem') }), 'DP-SETTING-INVALID');
    assert.equal(error.params['path'], 'dataPassport.connections.coffee.caFile');
  });

  it('fills the user name from a claim, and names the claim that is missing', async () => {
    await use(server, { user: '{sub}' }, async (session) => assert.equal(session.identity.user, 'alice'));
    const error = await failureOf(open(server, { user: '{upn}' }), 'DP-SETTING-INVALID');
    assert.deepEqual(error.params, {
      path: 'dataPassport.connections.coffee.user',
      problem: 'the token has no claim upn',
    });
    const control = await failureOf(open(server, { user: 'alice\0role\0manager' }), 'DP-SETTING-INVALID');
    assert.equal(control.params['problem'], 'the name has a control character');
  });

  it('tells a refused user which issuer and scope the database expects', async () => {
    server.refuse();
    const error = await failureOf(open(server), 'DP-DATABASE-REFUSED').finally(() => server.recover());
    const expected = `The database expects ${provider.issuer}/.well-known/openid-configuration. It wants the scope openid.`;
    assert.ok(error.detail?.endsWith(expected), error.detail);
  });

  it('names a database that does not exist and a role that can not be quoted away', async () => {
    const database = await failureOf(open(server, { database: 'postgres' }), 'DP-DATABASE-REFUSED');
    assert.match(database.detail ?? '', /no pg_hba.conf entry/);
    const role = await failureOf(open(server, { role: 'x -c default_transaction_read_only=off' }), 'DP-DATABASE-ROLE');
    assert.equal(role.params['role'], 'x -c default_transaction_read_only=off');
  });

  const escapes = [
    'COMMIT',
    'SET transaction_read_only = off',
    'ROLLBACK; DROP TABLE coffee.scratch',
    "INSERT INTO coffee.scratch (note) VALUES ('x')",
    "WITH new AS (INSERT INTO coffee.scratch (note) VALUES ('x') RETURNING note) SELECT * FROM new",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT set_config('default_transaction_read_only', 'off', false), coffee.remember('x')",
    "SELECT coffee.remember('x')",
    'SELECT * FROM coffee.harmless_report',
    'SELECT coffee.count_visit()',
    'SELECT * INTO coffee.copied FROM coffee.orders',
    "EXPLAIN ANALYZE INSERT INTO coffee.scratch (note) VALUES ('x')",
    "EXPLAIN ANALYZE SELECT coffee.remember('x')",
    'SELECT * FROM coffee.scratch FOR UPDATE',
    'CALL coffee.nothing()',
    'VACUUM',
  ];
  it('writes nothing, whatever the guard in front let pass', async () => {
    await use(server, {}, async (session) => {
      for (const statement of escapes) {
        const error: unknown = await session.query(statement, queryOptions()).then(
          async (rows) => read(rows),
          (thrown: unknown) => thrown,
        );
        assert.ok(error instanceof Error, `${statement} gave ${JSON.stringify(error)}`);
      }
      await failureOf(session.query("SELECT coffee.remember('x')", queryOptions()), 'DP-READ-ONLY');
      await failureOf(
        session.explain("(ANALYZE) SELECT coffee.remember('x')", queryOptions()),
        'DP-DATABASE-STATEMENT',
      );
      assert.deepEqual(await read(await session.query('SHOW transaction_read_only', queryOptions())), [['on']]);
    });
    const { rows } = await server.admin.query(
      `SELECT (SELECT count(*)::int FROM coffee.scratch) AS notes, (SELECT is_called FROM coffee.visits) AS visited, to_regclass('coffee.copied') AS copied`,
    );
    assert.deepEqual(rows, [{ notes: 0, visited: false, copied: null }]);
  });

  it('leaves nothing of a statement behind for the next one', async () => {
    await use(server, {}, async (session) => {
      await read(
        await session.query(
          "SELECT set_config('search_path', 'coffee_vault', false)",
          queryOptions({ tag: 'a "tag"' }),
        ),
      );
      const after = await read(
        await session.query(
          "SELECT current_setting('search_path'), current_setting('application_name')",
          queryOptions(),
        ),
      );
      assert.deepEqual(after, [['"$user", public', 'data-passport']]);
      assert.deepEqual(
        await read(await session.query("SELECT current_setting('application_name')", queryOptions({ tag: 'a "tag"' }))),
        [['a "tag"']],
      );
    });
  });

  it('ends its transaction when a result is left in the middle', async () => {
    await use(server, {}, async (session) => {
      const rows = await session.query('SELECT n FROM generate_series(1, 900) AS n', queryOptions());
      const states = async (): Promise<readonly string[]> => (await server.activity('alice')).map(({ state }) => state);
      for await (const batch of rows.batches) {
        assert.deepEqual([batch.length, await states()], [200, ['idle in transaction']]);
        break;
      }
      while ((await states())[0] !== 'idle') await sleep(20);
    });
  });

  it('counts lines and columns of a mistake in the statement as it was written', async () => {
    await use(server, {}, async (session) => {
      const error = await failureOf(
        session.query("SELECT '\u{1F600}',\n  nope", queryOptions()),
        'DP-DATABASE-STATEMENT',
      );
      assert.equal(error.detail, 'column "nope" does not exist at line 2, column 3 (42703).');
    });
  });

  it('calls an administrator’s cancel by its name and loses a session that is terminated', async () => {
    await use(server, {}, async (session) => {
      for (const [verb, code] of [
        ['cancel', 'DP-QUERY-CANCELED'],
        ['terminate', 'DP-DATABASE-LOST'],
      ] as const) {
        const failed = failureOf(session.query('SELECT pg_sleep(60)', queryOptions()), code);
        while (
          (
            await server.admin.query(
              `SELECT pg_${verb}_backend(pid) FROM pg_stat_activity WHERE usename = 'alice' AND state = 'active' AND query LIKE 'FETCH%'`,
            )
          ).rowCount === 0
        )
          await sleep(20);
        await failed;
        assert.equal(session.usable, verb === 'cancel');
      }
    });
  });

  it('takes an idle session that was ended for lost, so that nothing is sent on it', async () => {
    await use(server, {}, async (session) => {
      await server.admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'`);
      while (session.usable) await sleep(20);
      await failureOf(session.query('SELECT 1', queryOptions()), 'DP-DATABASE-UNREACHABLE');
    });
  });

  it('lets a cancel that is late hit nobody: the session is given back when the cancel is through', async () => {
    await using line = await slowLine(server.port);
    await use(server, { port: line.port }, async (session) => {
      const controller = new AbortController();
      line.delay = 400;
      // The server's own time is over before the cancel reaches it.
      const canceled = session.query('SELECT pg_sleep(60)', queryOptions({ signal: controller.signal, seconds: 0.2 }));
      controller.abort(new Error('enough'));
      await assert.rejects(canceled, new Error('enough'));
      assert.equal(session.usable, true);
      assert.deepEqual(await read(await session.query('SELECT 1 FROM pg_sleep(1)', queryOptions())), [[1]]);
    });
  });

  it('gives up a session whose cancel does not come through', async () => {
    await using line = await slowLine(server.port);
    await use(server, { port: line.port }, async (session) => {
      const controller = new AbortController();
      line.delay = 60_000;
      const canceled = session.query('SELECT pg_sleep(60)', queryOptions({ signal: controller.signal, seconds: 0.2 }));
      controller.abort(new Error('enough'));
      await assert.rejects(canceled, new Error('enough'));
      assert.equal(session.usable, false);
    });
  });

  it('calls a session that ends between two pages lost: its statement has run', async () => {
    await use(server, {}, async (session) => {
      const rows = await session.query('SELECT n FROM generate_series(1, 900) AS n', queryOptions());
      const rest = async (): Promise<void> => {
        for await (const batch of rows.batches) {
          assert.equal(batch.length, 200);
          await server.admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'`);
          while (session.usable) await sleep(20);
        }
      };
      await failureOf(rest(), 'DP-DATABASE-LOST');
    });
  });

  it('names the built-in types as the database does', async () => {
    const { rows } = await server.admin.query<{ oid: number; name: string }>(
      'SELECT oid::int, format_type(oid, NULL) AS name FROM pg_type WHERE oid = ANY ($1)',
      [[...typeNames.keys()]],
    );
    assert.deepEqual(
      new Map(rows.map(({ oid, name }) => [oid, name])),
      new Map([...typeNames].toSorted(([a], [b]) => a - b)),
    );
  });
});

/** A way to a port of this machine on which new connections wait for `delay` milliseconds. */
async function slowLine(to: number) {
  const sockets = new Set<Socket>();
  const line = {
    port: 0,
    delay: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
  const keep = (socket: Socket): void => void sockets.add(socket.on('error', () => undefined));
  const relay = createServer((near) => {
    keep(near);
    setTimeout(() => {
      const far = connect(to, '127.0.0.1');
      keep(far);
      near.pipe(far).pipe(near);
    }, line.delay).unref();
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  line.port = (relay.address() as AddressInfo).port;
  return line;
}
