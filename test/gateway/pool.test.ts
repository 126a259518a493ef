import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ErrorCode, PassportError } from '../../src/core/errors.ts';
import type { WireConnection } from '../../src/core/link.ts';
import { type Configured, connectionTable } from '../../src/gateway/connectionTable.ts';
import { type Pool, pool, POOL_LIMITS, type Supply } from '../../src/gateway/pool.ts';
import { fakeDatabase, recordingLog, token, wire } from './fakeDatabase.ts';

interface Setup {
  readonly injection?: 'perConnect' | 'perRequest';
  readonly supply?: Supply;
  readonly limits?: Partial<typeof POOL_LIMITS>;
  /** Seconds that a token lives. */
  readonly life?: number;
}

function setup({ injection = 'perConnect', supply, limits, life = 3600 }: Setup = {}) {
  const database = fakeDatabase(injection);
  const time = { now: 1_000_000 };
  const rejected: (string | undefined)[] = [];
  let issued = 0;
  const sessions = pool({
    clock: { now: () => time.now },
    log: recordingLog().log,
    limits: { ...POOL_LIMITS, ...limits },
    supply:
      supply ??
      (async ({ wire }, _slot, why) => {
        rejected.push(why.rejected?.id);
        issued += 1;
        return token(wire.subject ?? 'nobody', issued, new Date(time.now + life * 1000));
      }),
  });
  return {
    database,
    time,
    sessions,
    rejected,
    connect: (more?: Partial<WireConnection>) => configured(database, more),
  };
}

function configured(database: ReturnType<typeof fakeDatabase>, more: Partial<WireConnection> = {}): Configured {
  const table = connectionTable({ fake: database.connector });
  table.replace([wire('sales', more)]);
  return table.get('sales');
}

const never = new AbortController().signal;

function query(sessions: Pool, connection: Configured, statement: string, signal = never): Promise<unknown> {
  const subject = connection.wire.subject ?? '';
  return sessions.use({ connection, subject, signal }, (session, ended) =>
    session.query(statement, { signal: ended, maxRows: 1, seconds: 1 }),
  );
}

const code = (expected: ErrorCode) => (error: unknown) => error instanceof PassportError && error.code === expected;
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('one statement after the other uses one session', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  await query(sessions, connection, 'a');
  await query(sessions, connection, 'b');
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'query alice b']);
});

test('four statements run at once, the next waits, and one too many is told so', async () => {
  const { database, sessions, connect } = setup({ limits: { waiting: 1 } });
  const connection = connect();
  const running = ['wait 1', 'wait 2', 'wait 3', 'wait 4', 'last'].map((text) => query(sessions, connection, text));
  await turn();
  await assert.rejects(query(sessions, connection, 'too many'), code('DP-DATABASE-BUSY'));
  assert.equal(database.open.size, 4);
  assert.ok(!database.events.includes('query alice last'));
  database.finish();
  await Promise.all(running);
  assert.equal(database.open.size, 4);
  assert.ok(database.events.includes('query alice last'));
});

test('a call that gives up waiting leaves the queue and takes no session', async () => {
  const { database, sessions, connect } = setup({ limits: { sessions: 1 } });
  const connection = connect();
  const first = query(sessions, connection, 'wait');
  await turn();
  const gone = new AbortController();
  const second = query(sessions, connection, 'never', gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  database.finish();
  await first;
  await query(sessions, connection, 'third');
  assert.deepEqual(database.events, ['open alice', 'query alice wait', 'query alice third']);
});

test('a session idle for a minute is closed', async () => {
  const { database, sessions, time, connect } = setup();
  await query(sessions, connect(), 'a');
  time.now += 59_000;
  sessions.sweep();
  assert.equal(database.open.size, 1);
  time.now += 1000;
  sessions.sweep();
  await turn();
  assert.equal(database.open.size, 0);
  sessions.sweep();
  assert.equal(sessions.size(), 0);
});

test('a session whose token has expired is not used again, and its running statement finishes', async () => {
  const { database, sessions, time, connect } = setup({ life: 30 });
  const connection = connect();
  const running = query(sessions, connection, 'wait');
  await turn();
  time.now += 30_000;
  sessions.sweep();
  database.finish();
  await running;
  await query(sessions, connection, 'b');
  assert.deepEqual(database.events, ['open alice', 'query alice wait', 'close alice', 'open alice', 'query alice b']);
});

test('no session lives longer than a quarter of an hour', async () => {
  const { database, sessions, time, connect } = setup();
  const connection = connect();
  for (let minute = 0; minute <= 15; minute += 1) {
    await query(sessions, connection, `${minute}`);
    time.now += 60_000;
  }
  assert.equal(database.events.filter((event) => event.startsWith('open')).length, 2);
});

test('a session that asks for its token with every request outlives the token of its login', async () => {
  const { database, sessions, time, connect } = setup({ injection: 'perRequest', life: 30 });
  const connection = connect();
  await query(sessions, connection, 'a');
  time.now += 40_000;
  await query(sessions, connection, 'b');
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'query alice b']);
});

test('a refused login is tried once more with another token', async () => {
  const { database, sessions, rejected, connect } = setup();
  database.refusedTokens.add('alice-secret-token-1');
  await query(sessions, connect(), 'a');
  assert.deepEqual(database.events, ['refuse alice-secret-token-1', 'open alice', 'query alice a']);
  assert.deepEqual(rejected, [undefined, 'credential-1']);
});

test('a login that is refused twice is not tried a third time', async () => {
  const { database, sessions, rejected, connect } = setup();
  for (const issued of [1, 2, 3]) database.refusedTokens.add(`alice-secret-token-${issued}`);
  await assert.rejects(query(sessions, connect(), 'a'), code('DP-DATABASE-REFUSED'));
  assert.deepEqual(database.events, ['refuse alice-secret-token-1', 'refuse alice-secret-token-2']);
  assert.deepEqual(rejected, [undefined, 'credential-1']);
});

test('a statement that was refused before it ran is sent once more on a new login, and never again', async () => {
  const { database, sessions, rejected, connect } = setup();
  await assert.rejects(query(sessions, connect(), 'refused'), code('DP-DATABASE-REFUSED'));
  const once = ['open alice', 'query alice refused', 'close alice'];
  assert.deepEqual(database.events, [...once, ...once]);
  assert.deepEqual(rejected, [undefined, 'credential-1']);
});

test('a statement whose session is lost is not sent again', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  await query(sessions, connection, 'a');
  await assert.rejects(query(sessions, connection, 'lost'), code('DP-DATABASE-LOST'));
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'query alice lost', 'close alice']);
});

test('a pooled session that died while idle is replaced before the statement is sent', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  await query(sessions, connection, 'a');
  for (const session of database.open) session.usable = false;
  await query(sessions, connection, 'b');
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'close alice', 'open alice', 'query alice b']);
});

test('a pooled session that turns out to have ended is replaced, and the statement runs once', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  await query(sessions, connection, 'a');
  await query(sessions, connection, 'ended');
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'close alice', 'open alice', 'query alice ended']);
});

test('a call whose session ends after its first answer is not repeated, whatever the session says of it', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  await query(sessions, connection, 'a');
  const user = { connection, subject: 'alice', signal: never };
  const twice = sessions.use(user, async (session, signal) => {
    const options = { signal, maxRows: 1, seconds: 1 };
    await session.query('first', options);
    await session.query('ended', options);
  });
  await assert.rejects(twice, code('DP-DATABASE-UNREACHABLE'));
  assert.deepEqual(database.events, ['open alice', 'query alice a', 'query alice first', 'close alice']);
});

test('sixty-four parallel calls of two users never meet in one session', async () => {
  const { database, sessions, connect } = setup();
  const users = ['alice', 'bob'].map((subject) => connect({ subject }));
  const seen = await Promise.all(
    Array.from({ length: 64 }, (_, index) => users[index % 2] as Configured).map(async (connection) => {
      const user = { connection, subject: connection.wire.subject ?? '', signal: never };
      return sessions.use(user, async (session) => {
        await turn();
        return `${connection.wire.subject} ran as ${session.identity.user}`;
      });
    }),
  );
  assert.deepEqual(new Set(seen), new Set(['alice ran as alice', 'bob ran as bob']));
  assert.equal(database.open.size, 8);
});

test('another host, role or user means another session', async () => {
  const { database, sessions, connect } = setup();
  await query(sessions, connect(), 'a');
  await query(sessions, connect({ settings: { host: 'other.example' } }), 'b');
  await query(sessions, connect({ subject: 'bob' }), 'c');
  assert.equal(database.open.size, 3);
});

test('ending cancels what runs, refuses who waits, closes everything and then resolves', async () => {
  const { database, sessions, connect } = setup({ limits: { sessions: 1 } });
  const connection = connect();
  const calls = ['wait', 'next'].map((text) =>
    assert.rejects(query(sessions, connection, text), code('DP-QUERY-CANCELED')),
  );
  await turn();
  await sessions.end(() => true);
  await Promise.all(calls);
  assert.deepEqual(database.events, ['open alice', 'query alice wait', 'cancel', 'close alice']);
  assert.equal(sessions.size(), 0);
});

test('a token that arrives after the sign-out is not sent any more', async () => {
  let give: (() => void) | undefined;
  const asked = new Promise<void>((resolve) => (give = resolve));
  const { database, sessions, connect } = setup({
    supply: async () => {
      await asked;
      return token('alice', 1);
    },
  });
  const call = assert.rejects(query(sessions, connect(), 'a'), code('DP-QUERY-CANCELED'));
  await turn();
  const ended = sessions.end(() => true);
  give?.();
  await Promise.all([call, ended]);
  assert.deepEqual(database.events, []);
});

test('a retired session finishes what it runs and is closed then', async () => {
  const { database, sessions, connect } = setup();
  const connection = connect();
  const running = query(sessions, connection, 'wait');
  await turn();
  sessions.retire(() => true);
  database.finish();
  await running;
  await turn();
  assert.equal(database.open.size, 0);
});

test('a statement that does not heed its cancellation loses its session, and the call ends at once', async () => {
  const { database, sessions, connect } = setup({ limits: { grace: 0 } });
  const stop = new AbortController();
  const call = query(sessions, connect(), 'hang', stop.signal);
  await turn();
  stop.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(database.events, ['open alice', 'query alice hang', 'close alice']);
});

test('a login that does not end is given up', async () => {
  const { sessions, connect } = setup({
    limits: { login: 0 },
    supply: (_connection, _slot, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  });
  await assert.rejects(query(sessions, connect(), 'a'), code('DP-DATABASE-UNREACHABLE'));
});

test('a credential that can only be repeated is not tried twice, and what the database said of it is told', async () => {
  let asked = 0;
  const { database, sessions, connect } = setup({
    supply: async () => {
      asked += 1;
      return token('alice', 1);
    },
  });
  database.refusedTokens.add('alice-secret-token-1');
  await assert.rejects(query(sessions, connect(), 'a'), code('DP-DATABASE-REFUSED'));
  assert.deepEqual([database.events, asked], [['refuse alice-secret-token-1'], 2]);
  await sessions.end(() => true);
});
