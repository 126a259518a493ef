import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DatabaseConnector, DatabaseSession, QueryOptions } from '../../src/connectors/connector.ts';
import { credential } from '../../src/core/credential.ts';
import { type ErrorCode, PassportError } from '../../src/core/errors.ts';
import { directNetwork } from '../../src/core/network.ts';
import type { Cell, Rows } from '../../src/core/result.ts';
import { type AccessTokenWish, type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { type LabUserName, regionsOf } from '../lab/sampleData.ts';
import { type Fixture, type FixtureStart, tokenFor } from './fixture.ts';

const hostile = 'x"; DROP TABLE y; --';

/** What every connector promises in connector.ts, against a server of its own kind. */
export function connectorSuite(title: string, connector: DatabaseConnector, start: FixtureStart): void {
  describe(title, () => {
    let provider: LabIdentityProvider;
    let fixture: Fixture;
    const logged: string[] = [];
    const tokens: string[] = [];

    before(async () => {
      provider = await startIdentityProvider();
      fixture = await start.start(provider);
    });
    after(async () => {
      await fixture?.close();
      await provider?.close();
    });

    interface Opening {
      readonly user?: LabUserName;
      readonly settings?: Readonly<Record<string, unknown>>;
      readonly wish?: AccessTokenWish;
      readonly signal?: AbortSignal;
    }

    async function open({ user = 'alice', settings = {}, wish, signal }: Opening = {}): Promise<DatabaseSession> {
      const token = await tokenFor(provider, fixture, { user, ...wish });
      tokens.push(token);
      const note = (message: string, data: unknown): void => void logged.push(`${message} ${JSON.stringify(data)}`);
      const { open: logIn } = await connector.load();
      return logIn(connector.settings.parse({ ...fixture.settings, ...settings }), {
        connection: 'coffee',
        credentials: async () => credential({ kind: 'bearer', token }, { id: 'lab', subject: user }),
        network: directNetwork,
        log: { error: note, warn: note, info: note, debug: note },
        signal: signal ?? new AbortController().signal,
      });
    }

    async function use<T>(work: (session: DatabaseSession) => Promise<T>, opening: Opening = {}): Promise<T> {
      const session = await open(opening);
      try {
        return await work(session);
      } finally {
        await session.close();
      }
    }

    it('says who the database takes us for, at login and when asked again', async () => {
      await use(async (session) => {
        assert.equal(session.identity.user, fixture.userName('alice'));
        assert.deepEqual(await session.whoami(options().signal), session.identity);
      });
    });

    it('gives each of two users at once their own rows and name, and never the other’s', async () => {
      const visit = (user: LabUserName): Promise<unknown> =>
        use(
          async (session) => {
            const regions: Cell[][] = [];
            for (let turn = 0; turn < 3; turn += 1) {
              regions.push((await read(await session.query(fixture.sql.ownRegions, options()))).flat());
            }
            return { user: session.identity.user, regions };
          },
          { user },
        );
      const seen = await Promise.all((['alice', 'bob', 'alice', 'bob'] as const).map(visit));
      const expected = (user: LabUserName): unknown => {
        const own = regionsOf(user).toSorted();
        return { user: fixture.userName(user), regions: [own, own, own] };
      };
      assert.deepEqual(seen, [expected('alice'), expected('bob'), expected('alice'), expected('bob')]);
    });

    it('runs as the role that the settings ask for', async () => {
      const role = fixture.roleName('manager');
      await use(async (session) => assert.equal(session.identity.role, role), { settings: { role } });
    });

    it('refuses a role that the user does not have, by name', async () => {
      const role = fixture.roleName('manager');
      const error = await failure(open({ user: 'bob', settings: { role } }), 'DP-DATABASE-ROLE');
      assert.deepEqual(error.params, { connection: 'coffee', role });
    });

    it('gives every value exactly, nothing as null, and both columns of one name', async () => {
      await use(async (session) => {
        const rows = await session.query(fixture.values.sql, options());
        const columns = rows.columns.map(({ name, type }) => [name, type]);
        assert.deepEqual(
          { columns, rows: await read(rows) },
          { columns: fixture.values.columns, rows: [fixture.values.row] },
        );
      });
    });

    it('names the columns of a result without rows', async () => {
      await use(async (session) => {
        const rows = await session.query(
          `SELECT region FROM (${fixture.sql.ownRegions}) AS own WHERE 1 = 0`,
          options(),
        );
        assert.deepEqual({ columns: rows.columns.length, rows: await read(rows) }, { columns: 1, rows: [] });
      });
    });

    it('gives a large result in order and in batches', async () => {
      await use(async (session) => {
        const rows = await session.query(fixture.sql.numbers(2500), { ...options(), maxRows: 5000 });
        const all = await read(rows);
        assert.deepEqual(
          all.flat(),
          Array.from({ length: 2500 }, (_, index) => index),
        );
      });
    });

    it('stops one row above the limit', async () => {
      await use(async (session) => {
        const rows = await session.query(fixture.sql.numbers(900), { ...options(), maxRows: 300 });
        assert.equal((await read(rows)).length, 301);
      });
    });

    it('can be left in the middle of a result, or before it began, and asked the next question', async () => {
      await use(async (session) => {
        await session.query(fixture.sql.numbers(900), options());
        const rows = await session.query(fixture.sql.numbers(900), options());
        for await (const batch of rows.batches) {
          assert.equal(batch[0]?.[0], 0);
          break;
        }
        assert.deepEqual(await read(await session.query(fixture.sql.numbers(3), options())), [[0], [1], [2]]);
        assert.equal(session.usable, true);
      });
      await until(async () => (await fixture.running()).length === 0);
    });

    it('cancels in the database, rejects with the reason of the signal, and goes on', async () => {
      await use(async (session) => {
        const controller = new AbortController();
        const reason = new PassportError('DP-QUERY-CANCELED', { connection: 'coffee' });
        const outcome = session.query(fixture.sql.sleep(60), { ...options(), signal: controller.signal }).then(
          () => 'answered',
          (error: unknown) => error,
        );
        await until(async () => (await fixture.running()).length === 1);
        controller.abort(reason);
        assert.equal(await outcome, reason);
        await until(async () => (await fixture.running()).length === 0);
        if (!session.usable) return;
        assert.deepEqual(await read(await session.query(fixture.sql.numbers(1), options())), [[0]]);
        // Longer than any last resort of the cancel would wait: what it was for has ended.
        await session.query(fixture.sql.sleep(2), options());
        assert.equal(session.usable, true);
      });
    });

    it('sends nothing when the signal has aborted before', async () => {
      await use(async (session) => {
        const signal = AbortSignal.abort(new Error('given up'));
        await assert.rejects(session.query(fixture.sql.sleep(60), { ...options(), signal }), new Error('given up'));
        await assert.rejects(session.whoami(signal), new Error('given up'));
        await until(async () => (await fixture.running()).length === 0);
      });
    });

    it('lets the database end a statement that takes too long', async () => {
      await use(async (session) => {
        const error = await failure(
          session.query(fixture.sql.sleep(60), { ...options(), seconds: 1 }),
          'DP-QUERY-TIMEOUT',
        );
        assert.deepEqual(error.params, { connection: 'coffee', seconds: '1' });
        await until(async () => (await fixture.running()).length === 0);
      });
    });

    it('ends a running statement when it is closed', async () => {
      const session = await open();
      const outcome = session.query(fixture.sql.sleep(60), options()).then(
        () => 'answered',
        () => 'ended',
      );
      await until(async () => (await fixture.running()).length === 1);
      await session.close();
      assert.equal(await outcome, 'ended');
      await until(async () => (await fixture.running()).length === 0 && (await fixture.sessions()) === 0);
    });

    const refusals: readonly (readonly [title: string, wish: AccessTokenWish])[] = [
      ['has expired', { expiresInSeconds: -30 }],
      ['is meant for another audience', { audience: 'https://elsewhere.lab.example' }],
      ['is signed by a stranger', { signedBy: 'stranger' }],
      ['comes from another issuer', { issuer: 'https://issuer.lab.example' }],
      ['names nobody that the database knows', { user: 'mallory' }],
    ];
    for (const [problem, wish] of refusals) {
      it(`is refused with a token that ${problem}, and leaves no session`, async () => {
        const error = await failure(open({ wish }), 'DP-DATABASE-REFUSED');
        assert.equal(error.params['connection'], 'coffee');
        assert.match(error.detail ?? '', /iss ".+", aud ".+", sub ".+", exp \d/);
        await until(async () => (await fixture.sessions()) === 0);
      });
    }

    it('says so when nobody listens', async () => {
      const error = await failure(open({ settings: fixture.nobodyListens }), 'DP-DATABASE-UNREACHABLE');
      assert.equal(error.params['reason'], 'ECONNREFUSED');
    });

    it('gives up a login when asked to, with the reason of the signal', async () => {
      const reason = new Error('given up');
      await assert.rejects(open({ signal: AbortSignal.abort(reason) }), reason);
      await until(async () => (await fixture.sessions()) === 0);
    });

    it('tells a statement that is wrong from an object that is not there', async () => {
      await use(async (session) => {
        const wrong = await failure(session.query(fixture.sql.wrong, options()), 'DP-DATABASE-STATEMENT');
        assert.match(wrong.detail ?? '', /syntax error/i);
        assert.match(wrong.detail ?? '', /line \d/);
        await failure(session.query(fixture.sql.missing, options()), 'DP-DATABASE-PERMISSION');
        await failure(
          session.query(`${fixture.sql.numbers(1)}; ${fixture.sql.numbers(1)}`, options()),
          'DP-DATABASE-STATEMENT',
        );
        assert.deepEqual(await read(await session.query(fixture.sql.numbers(1), options())), [[0]]);
      });
    });

    it('answers a statement that is no SELECT but reads', async () => {
      await use(async (session) => {
        assert.notDeepEqual(await read(await session.query(fixture.sql.context, options())), []);
      });
    });

    it('shows the plan of a statement without running it', async () => {
      await use(async (session) => {
        const rows = await read(await session.explain(fixture.sql.sleep(60), { ...options(), seconds: 5 }));
        assert.notDeepEqual(rows, []);
      });
    });

    it('lists tables by path and by part of a name, and never more than one above the limit', async () => {
      await use(async (session) => {
        const orders = {
          name: fixture.ordersPath.at(-1),
          qualifiedName: fixture.ordersName,
          kind: 'table',
          comment: 'Orders of 2026',
        };
        const all = await session.list(fixture.schemaPath, '', options());
        assert.deepEqual(
          all.find(({ name }) => name === orders.name),
          orders,
        );
        assert.deepEqual(await session.list(fixture.schemaPath, 'oRDER', options()), [orders]);
        assert.deepEqual(await session.list(fixture.schemaPath, '%', options()), []);
        assert.deepEqual(await session.list(fixture.schemaPath, `'`, options()), []);
        assert.equal((await session.list(fixture.schemaPath, '', { ...options(), maxRows: 1 })).length, 2);
        assert.ok(
          (await session.list([], '', options())).some(({ qualifiedName }) => qualifiedName === fixture.ordersName),
        );
      });
    });

    it('describes a table with its columns', async () => {
      await use(async (session) => {
        const { columns, ...rest } = await session.describe(fixture.ordersPath, options());
        assert.deepEqual(rest, { qualifiedName: fixture.ordersName, kind: 'table', comment: 'Orders of 2026' });
        assert.deepEqual(
          columns.map(({ name, type, nullable }) => [name, type, nullable]),
          fixture.ordersColumns,
        );
        assert.equal(columns[0]?.comment, 'Key');
      });
    });

    it('takes hostile and unknown names for names', async () => {
      await use(async (session) => {
        const paths = [
          [hostile],
          [...fixture.schemaPath, hostile],
          [hostile, hostile],
          [hostile, hostile, hostile],
          [''],
        ];
        for (const path of paths) {
          const error = await failure(session.describe(path, options()), 'DP-OBJECT-UNKNOWN');
          assert.equal(error.params['connection'], 'coffee');
        }
        await failure(session.list([...fixture.schemaPath.slice(0, -1), hostile], '', options()), 'DP-OBJECT-UNKNOWN');
        await session.describe(fixture.ordersPath, options());
      });
    });

    it('knows when its session is lost, and can still be closed', async () => {
      const session = await open();
      await fixture.loseSessions();
      const error: unknown = await session.query(fixture.sql.numbers(1), options()).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof PassportError);
      assert.match(error.code, /^DP-DATABASE-(?:LOST|UNREACHABLE)$/);
      assert.equal(error.retry, true);
      assert.equal(session.usable, false);
      await session.close();
      await use(async (next) => assert.equal(next.identity.user, fixture.userName('alice')));
    });

    it('leaves no session behind, and no token in a log or an error', async () => {
      const session = await open();
      assert.equal(await fixture.sessions(), 1);
      await session.close();
      await session.close();
      await until(async () => (await fixture.sessions()) === 0);
      for (const token of tokens)
        assert.equal(
          logged.some((line) => line.includes(token)),
          false,
        );
    });

    async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<PassportError> {
      const thrown: unknown = await promise.then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(thrown instanceof PassportError, `expected ${code}, got ${String(thrown)}`);
      assert.equal(thrown.code, code, thrown.detail);
      const told = `${thrown.message} ${thrown.detail ?? ''} ${JSON.stringify(thrown.params)}`;
      for (const token of tokens) assert.equal(told.includes(token), false);
      return thrown;
    }
  });
}

function options(): QueryOptions {
  return { signal: new AbortController().signal, maxRows: 1000, seconds: 30 };
}

async function read(rows: Rows): Promise<readonly (readonly Cell[])[]> {
  const all: (readonly Cell[])[] = [];
  for await (const batch of rows.batches) all.push(...batch);
  return all;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail('It never came true.');
}
