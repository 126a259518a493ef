import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { oauthBearerClient, oauthStatusOf } from '../../src/connectors/postgres/oauthBearer.ts';
import { tokenPasswordClient } from '../../src/connectors/postgres/tokenPassword.ts';
import {
  type AccessTokenWish,
  type LabIdentityProvider,
  postgresAudience,
  startIdentityProvider,
} from './identityProvider.ts';
import { canRunPostgres, type LabPostgres, type PostgresKind, startPostgres } from './postgres/index.ts';
import { customers, maskedEmail, orders, regionsOf } from './sampleData.ts';

const passwordUser = { name: 'reporter', password: "it's right" };
const clients = { oauth: oauthBearerClient, pam: tokenPasswordClient };

for (const kind of ['oauth', 'pam'] as const satisfies readonly PostgresKind[]) {
  const reason = await canRunPostgres(kind);
  suite(`PostgreSQL that takes tokens (${kind})`, { skip: reason ?? false }, () => {
    let provider: LabIdentityProvider;
    let database: LabPostgres;
    const open = new Set<Client>();

    before(async () => {
      provider = await startIdentityProvider();
      const { issuer, jwksUri } = provider;
      database = await startPostgres({ kind, issuer, jwksUri, audience: postgresAudience, passwordUser });
    });
    after(async () => {
      await Promise.all([...open].map((client) => client.end()));
      await database?.close();
      await provider?.close();
    });

    async function logIn(user: string, wish: AccessTokenWish | string = { user }): Promise<Client> {
      const token =
        typeof wish === 'string' ? wish : await provider.mintAccessToken({ audience: postgresAudience, ...wish });
      const client = clients[kind](
        { host: database.host, port: database.port, database: database.database, user },
        async () => token,
      );
      await client.connect();
      open.add(client);
      client.once('end', () => open.delete(client));
      return client;
    }

    async function select(client: Client, text: string): Promise<Record<string, unknown>[]> {
      return (await client.query<Record<string, unknown>>(text)).rows;
    }

    async function notes(): Promise<string[]> {
      const { rows } = await database.admin.query<{ note: string }>('SELECT note FROM coffee.scratch ORDER BY note');
      return rows.map((row) => row.note);
    }

    test('the user with a password logs in by that password alone and reads nothing', async () => {
      const { host, port, database: name } = database;
      const attempt = async (user: string, password: string): Promise<string> => {
        const client = new Client({ host, port, database: name, user, password });
        try {
          await client.connect();
          return (await client.query('SELECT * FROM coffee.orders')).command;
        } catch (error) {
          return (error as { code?: string }).code ?? (error as Error).name;
        } finally {
          await client.end().catch(() => undefined);
        }
      };
      const { name: user, password } = passwordUser;
      const token = await provider.mintAccessToken({ user, audience: postgresAudience });
      assert.deepEqual(
        {
          right: await attempt(user, password),
          wrong: await attempt(user, `${password}!`),
          token: await attempt(user, token),
        },
        { right: '42501', wrong: '28P01', token: '28P01' },
      );
    });

    test('alice and bob each see the rows of their regions, under their own names', async () => {
      for (const user of ['alice', 'bob']) {
        const client = await logIn(user);
        const mine = regionsOf(user);
        const expected = {
          session_user: user,
          current_user: user,
          orders: orders.filter((order) => mine.includes(order.region)).length,
          customers: customers.filter((customer) => mine.includes(customer.region)).length,
          emails: [maskedEmail],
          grants: [...mine],
        };
        assert.deepEqual(
          await select(
            client,
            `SELECT session_user, current_user, (SELECT count(*)::int FROM coffee.orders) AS orders,
              (SELECT count(*)::int FROM coffee.customers) AS customers,
              (SELECT array_agg(DISTINCT email) FROM coffee.customers) AS emails,
              (SELECT array_agg(region ORDER BY region) FROM coffee.region_grants) AS grants`,
          ),
          [expected],
        );
      }
    });

    test('a manager sees e-mail addresses, of their own regions still', async () => {
      const client = await logIn('alice');
      await client.query('SET ROLE manager');
      const mine = customers.filter((customer) => regionsOf('alice').includes(customer.region));
      assert.deepEqual(
        await select(client, 'SELECT email FROM coffee.customers ORDER BY customer_id'),
        mine.map(({ email }) => ({ email })),
      );
    });

    test('nobody takes a role that is not theirs or reads behind the mask', async () => {
      const alice = await logIn('alice');
      const bob = await logIn('bob');
      await assert.rejects(bob.query('SET ROLE manager'), { code: '42501' });
      await assert.rejects(alice.query('SET ROLE bob'), { code: '42501' });
      await assert.rejects(alice.query('SELECT email FROM coffee_vault.customers'), { code: '42501' });
      await assert.rejects(alice.query('CREATE TABLE coffee.mine (id integer)'), { code: '42501' });
    });

    test('alice alone writes notes, while things that look like reading write for anyone', async () => {
      const alice = await logIn('alice');
      const bob = await logIn('bob');
      await alice.query("INSERT INTO coffee.scratch (note) VALUES ('by alice')");
      await assert.rejects(bob.query("INSERT INTO coffee.scratch (note) VALUES ('by bob')"), { code: '42501' });
      await bob.query("SELECT coffee.remember('by a function')");
      await bob.query('SELECT * FROM coffee.harmless_report');
      assert.deepEqual(await notes(), ['by a function', 'by alice', 'written by a view']);
      const [{ first, second } = {}] = [
        ...(await select(bob, 'SELECT coffee.count_visit() AS first, coffee.count_visit() AS second')),
      ];
      assert.deepEqual([first, second], ['1', '2']);
      await database.admin.query('TRUNCATE coffee.scratch');
    });

    test('a token that is not a good one of the user who logs in is refused', async () => {
      const good = await provider.mintAccessToken({ user: 'alice', audience: postgresAudience });
      const [header = '', payload = '', signature = ''] = good.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
      const forged = Buffer.from(JSON.stringify({ ...claims, preferred_username: 'bob' })).toString('base64url');
      const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
      const tries: Record<string, [string, AccessTokenWish | string]> = {
        'of another user': ['bob', { user: 'alice' }],
        'for elsewhere': ['alice', { audience: 'https://elsewhere.lab.example' }],
        expired: ['alice', { expiresInSeconds: -60 }],
        'of another issuer': ['alice', { issuer: 'https://stranger.example' }],
        'signed by a stranger': ['alice', { signedBy: 'stranger' }],
        'with a changed name': ['bob', `${header}.${forged}.${signature}`],
        unsigned: ['alice', `${unsigned}.${payload}.`],
        garbage: ['alice', 'not-a-token'],
        'of a user without a role': ['carol', { claims: { preferred_username: 'carol' } }],
        'of the superuser': ['postgres', { claims: { preferred_username: 'postgres' } }],
      };
      const codes: Record<string, unknown> = {};
      for (const [title, [user, wish]] of Object.entries(tries)) {
        codes[title] = await logIn(user, wish).then(
          () => 'let in',
          (error: { code?: unknown }) => error.code,
        );
      }
      assert.deepEqual(codes, Object.fromEntries(Object.keys(tries).map((title) => [title, '28000'])));
      assert.equal(await database.connections('carol'), 0);
    });

    test('a refusal names the reason to the lab, and to a client of OAUTHBEARER where to get a token', async () => {
      const refused = await logIn('alice', { expiresInSeconds: -60 }).catch((error: unknown) => error);
      assert.deepEqual(database.logins().at(-1), { outcome: 'refused', reason: 'ERR_JWT_EXPIRED' });
      const expected = {
        status: 'invalid_token',
        openidConfiguration: `${provider.issuer}/.well-known/openid-configuration`,
        scope: 'openid',
      };
      assert.deepEqual(oauthStatusOf(refused), kind === 'oauth' ? expected : undefined);
    });

    test('a token of ten kilobytes gets in whole', async () => {
      const client = await logIn('bob', { user: 'bob', claims: { groups: 'g'.repeat(10_000) } });
      assert.deepEqual(await select(client, 'SELECT session_user'), [{ session_user: 'bob' }]);
    });

    test('a running statement is seen, and is gone once it is canceled', async () => {
      const client = await logIn('alice');
      const [{ pid } = {}] = await select(client, 'SELECT pg_backend_pid() AS pid');
      const canceled = assert.rejects(client.query('SELECT pg_sleep(60)'), { code: '57014' });
      const running = async (): Promise<unknown[]> => {
        const all = await database.activity('alice');
        return all.filter((each) => each.state === 'active').map((each) => [each.pid, each.query]);
      };
      while ((await running()).length === 0) await sleep(5);
      assert.deepEqual(await running(), [[pid, 'SELECT pg_sleep(60)']]);
      await database.admin.query('SELECT pg_cancel_backend($1)', [pid]);
      await canceled;
      assert.deepEqual(await running(), []);
      assert.deepEqual(await database.activity('postgres'), []);
    });

    test('the levers refuse logins, let them in again, and end sessions', async () => {
      const client = await logIn('alice');
      const port = database.port;
      database.refuse();
      await assert.rejects(logIn('alice'), { code: '28000' });
      assert.deepEqual(await select(client, 'SELECT session_user'), [{ session_user: 'alice' }]);
      database.recover();
      await logIn('alice');

      await database.stop();
      await assert.rejects(client.query('SELECT 1'));
      await assert.rejects(logIn('alice'), { code: 'ECONNREFUSED' });
      await database.start();
      assert.equal(database.port, port);
      assert.equal(await database.connections(), 0);
      await logIn('alice');
      await database.restart();
      assert.equal(await database.connections(), 0);
    });

    test('where TLS is demanded, the token goes over TLS with a trusted certificate and not otherwise', async (context) => {
      const { issuer, jwksUri } = provider;
      const guarded = await startPostgres({ kind, issuer, jwksUri, audience: postgresAudience, tls: true });
      context.after(() => guarded.close());
      const config = { port: guarded.port, user: 'alice', database: guarded.database };
      const supply = (): Promise<string> => provider.mintAccessToken({ audience: postgresAudience });
      const client = clients[kind]({ ...config, host: 'localhost', ssl: { ca: guarded.ca } }, supply);
      await client.connect();
      assert.deepEqual(await select(client, 'SELECT ssl, session_user FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [
        { ssl: true, session_user: 'alice' },
      ]);
      await client.end();

      const plain = clients[kind]({ ...config, host: '127.0.0.1', ssl: false }, supply);
      await assert.rejects(plain.connect(), { code: '28000' });
      const distrustful = clients[kind]({ ...config, host: 'localhost', ssl: true }, supply);
      await assert.rejects(distrustful.connect(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      assert.equal(guarded.logins().length, 1);
    });

    test('a key that the provider brings in later is trusted', async () => {
      await provider.rotateKeys();
      const client = await logIn('bob');
      assert.deepEqual(await select(client, 'SELECT session_user'), [{ session_user: 'bob' }]);
    });
  });
}
