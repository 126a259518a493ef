import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';

import * as oauth from 'openid-client';
import type { Connection, ConnectionOptions, RowStatement, SnowflakeError } from 'snowflake-sdk';

import {
  postgresAudience,
  signInByHttp,
  startIdentityProvider,
  warehouseAudience,
  type LabIdentityProvider,
} from './identityProvider.ts';
import { orders, type LabUserName } from './sampleData.ts';
import { startWarehouse, type LabWarehouse } from './warehouse.ts';

// The driver reads these when it is loaded, so it is imported after them.
process.env['SNOWFLAKE_DISABLE_PLATFORM_DETECTION'] = 'true';
process.env['SNOWFLAKE_DISABLE_MINICORE'] = '1';
process.env['SF_TELEMETRY_DISABLE_CONNECTION_SHAPE'] = '1';
const { default: snowflake } = await import('snowflake-sdk');
snowflake.configure({
  logLevel: 'OFF',
  additionalLogToConsole: false,
  // The driver's own parser falls back to running the text as code.
  jsonColumnVariantParser: (text: string): unknown => JSON.parse(text),
});

type Row = Record<string, unknown>;

let idp: LabIdentityProvider;
let warehouse: LabWarehouse;
const open: Connection[] = [];

before(async () => {
  idp = await startIdentityProvider();
  warehouse = await startWarehouse({ issuer: idp.issuer, jwksUri: idp.jwksUri, audience: warehouseAudience });
});

after(async () => {
  await Promise.all(open.map((connection) => destroy(connection)));
  await warehouse.close();
  await idp.close();
});

async function connect(options: Partial<ConnectionOptions> & { token?: string }): Promise<Connection> {
  const connection = snowflake.createConnection({
    account: 'labacct',
    accessUrl: warehouse.url,
    authenticator: 'OAUTH',
    database: 'LAB',
    schema: 'COFFEE',
    role: 'ANALYST',
    warehouse: 'COMPUTE_WH',
    clientSessionKeepAlive: false,
    sfRetryMaxLoginRetries: 0,
    fetchAsString: ['Number', 'Date', 'JSON', 'Buffer', 'Boolean'],
    representNullAsStringNull: false,
    ...options,
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  open.push(connection);
  return connection;
}

async function connectAs(user: LabUserName, role = 'ANALYST'): Promise<Connection> {
  return connect({ role, token: await idp.mintAccessToken({ user, scopes: ['session:role-any'] }) });
}

async function destroy(connection: Connection): Promise<void> {
  await new Promise<void>((resolve) => {
    connection.destroy(() => resolve());
  });
}

interface QueryExtras {
  readonly binds?: (string | number)[];
  readonly parameters?: Record<string, string | number>;
  readonly rowMode?: 'array';
  readonly onStatement?: (statement: RowStatement) => void;
}

async function query(connection: Connection, sqlText: string, extras: QueryExtras = {}): Promise<Row[]> {
  const { binds, parameters, rowMode, onStatement } = extras;
  return new Promise((resolve, reject) => {
    const statement = connection.execute({
      sqlText,
      ...(binds === undefined ? {} : { binds }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(rowMode === undefined ? {} : { rowMode }),
      complete: (error, _statement, rows) => (error ? reject(error) : resolve((rows as Row[] | undefined) ?? [])),
    });
    onStatement?.(statement);
  });
}

/** Code of the error that this ends with. */
async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'no error',
    (error: SnowflakeError) => String(error.code),
  );
}

test('Each user sees the rows of their own regions through the same statement', async () => {
  const regionsSeen = async (user: LabUserName): Promise<Row[]> =>
    query(
      await connectAs(user),
      'select current_user() as me, region, count(*) as n from orders group by all order by region',
    );
  const count = (region: string): string => String(orders.filter((order) => order.region === region).length);
  assert.deepEqual(await Promise.all([regionsSeen('alice'), regionsSeen('bob')]), [
    [
      { ME: 'ALICE', REGION: 'north', N: count('north') },
      { ME: 'ALICE', REGION: 'west', N: count('west') },
    ],
    [{ ME: 'BOB', REGION: 'south', N: count('south') }],
  ]);
});

test('Customer e-mail is masked unless the current role is MANAGER', async () => {
  const sql = "select distinct email <> '***' as readable from customers";
  assert.deepEqual(
    {
      analyst: await query(await connectAs('alice'), sql),
      manager: await query(await connectAs('alice', 'MANAGER'), sql),
    },
    { analyst: [{ READABLE: 'FALSE' }], manager: [{ READABLE: 'TRUE' }] },
  );
});

test('Session functions say who is asking, where and as what', async () => {
  const connection = await connectAs('alice');
  const rows = await query(
    connection,
    `select current_user(), current_role, current_warehouse() as wh, current_database() as db, current_schema() as s,
       current_available_roles() as roles, current_account_name() as account, current_version() as version`,
  );
  assert.deepEqual(rows, [
    {
      'CURRENT_USER()': 'ALICE',
      CURRENT_ROLE: 'ANALYST',
      WH: 'COMPUTE_WH',
      DB: 'LAB',
      S: 'COFFEE',
      ROLES: '["ANALYST","MANAGER","PUBLIC"]',
      ACCOUNT: 'LAB_EU',
      VERSION: '10.38.1',
    },
  ]);
});

test('A login is refused with the code of its reason', async () => {
  const attempt = async (
    wish: Parameters<LabIdentityProvider['mintAccessToken']>[0],
    role = 'ANALYST',
  ): Promise<string> => codeOf(connect({ role, token: await idp.mintAccessToken(wish) }));
  assert.deepEqual(
    {
      wrongAudience: await attempt({ audience: postgresAudience }),
      wrongIssuer: await attempt({ issuer: 'https://elsewhere.example' }),
      strangerKey: await attempt({ signedBy: 'stranger' }),
      expired: await attempt({ expiresInSeconds: -60 }),
      garbage: await codeOf(connect({ token: 'not-a-token' })),
      unknownUser: await attempt({ user: 'carol' }),
      roleNotInToken: await attempt({ scopes: ['session:role:ANALYST'] }, 'MANAGER'),
      roleNotGranted: await attempt({ user: 'bob' }, 'MANAGER'),
      unknownRole: await attempt({ scopes: ['session:role-any'] }, 'SYSADMIN'),
      otherLoginName: await codeOf(connect({ username: 'bob', token: await idp.mintAccessToken() })),
    },
    {
      wrongAudience: '390303',
      wrongIssuer: '390303',
      strangerKey: '390303',
      expired: '390318',
      garbage: '390303',
      unknownUser: '390304',
      roleNotInToken: '390317',
      roleNotGranted: '390186',
      unknownRole: '390189',
      otherLoginName: '390309',
    },
  );
});

test('Programmatic access tokens and key pairs are accepted, and refused once they are not known', async () => {
  const token = warehouse.issueProgrammaticToken('bob');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const byKey = { authenticator: 'SNOWFLAKE_JWT', username: 'alice', privateKey };
  const unknownKey = await codeOf(connect(byKey));
  warehouse.registerPublicKey('alice', publicKey);
  const who = async (connection: Connection): Promise<unknown> =>
    (await query(connection, 'select current_user() as me'))[0]?.['ME'];
  const known = [
    await who(await connect({ authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token })),
    await who(await connect(byKey)),
  ];
  warehouse.revokeProgrammaticToken(token);
  const revoked = await codeOf(connect({ authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token }));
  assert.deepEqual(
    { known, unknownKey, revoked },
    { known: ['BOB', 'ALICE'], unknownKey: '390144', revoked: '394400' },
  );
});

test('Every type arrives as the driver expects it', async () => {
  const connection = await connectAs('alice');
  const [row] = await query(
    connection,
    `select 9007199254740993 as big, 1.50::number(10,2) as dec, 2.5::float as dbl, 'it''s' as txt, true as yes,
       '2024-02-29'::date as d, '13:45:56'::time as t, '2024-02-29 13:45:56.789'::timestamp_ntz as ntz,
       '2024-02-29 13:45:56.789+00'::timestamp_ltz as ltz, to_timestamp_tz('2024-02-29 13:45:56.789 +02:30') as tz,
       to_binary('C0FFEE', 'HEX') as bin, parse_json('{"a":[1,2]}') as v, {'a': 1} as o, [1, 2] as arr, null as nothing`,
  );
  assert.deepEqual(row, {
    BIG: '9007199254740993',
    DEC: '1.50',
    DBL: '2.5',
    TXT: "it's",
    YES: 'TRUE',
    D: '2024-02-29',
    T: '13:45:56',
    NTZ: '2024-02-29 13:45:56.789',
    LTZ: '2024-02-29 13:45:56.789 +0000',
    TZ: '2024-02-29 13:45:56.789 +0230',
    BIN: 'C0FFEE',
    V: '{"a":[1,2]}',
    O: { a: 1 },
    ARR: [1, 2],
    NOTHING: null,
  });
});

test('Bindings, JSON paths and two columns of one name come through', async () => {
  const connection = await connectAs('alice');
  const rows = await query(
    connection,
    'select order_id, details:channel::string as channel, amount, amount from orders where region = ? and order_id < ? order by 1 limit 1',
    { binds: ['north', 1100], rowMode: 'array' },
  );
  const expected = orders.find((order) => order.region === 'north');
  assert.ok(expected !== undefined);
  const { channel } = JSON.parse(expected.details) as { channel: string };
  assert.deepEqual(rows, [[String(expected.order_id), channel, expected.amount, expected.amount]]);
});

test('What is missing, hidden, misspelled or forbidden is refused with the code of the server', async () => {
  const analyst = await connectAs('alice');
  const manager = await connectAs('alice', 'MANAGER');
  const statements = {
    missingTable: 'select * from nope',
    missingSchema: 'select * from lab.nope.orders',
    missingDatabase: 'select * from nope.coffee.orders',
    hiddenTable: 'select * from region_grants',
    behindTheViews: 'select * from lab._base.orders',
    missingColumn: 'select nope from orders',
    unknownFunction: 'select read_csv(1)',
    typo: 'selec 1',
    two: 'select 1; select 2',
    write: "insert into scratch values (1, 'x')",
    missingDescribe: 'describe table nope',
  };
  const codes: Record<string, string> = {};
  for (const [name, sql] of Object.entries(statements)) codes[name] = await codeOf(query(analyst, sql));
  assert.deepEqual(codes, {
    missingTable: '002003',
    missingSchema: '002003',
    missingDatabase: '002003',
    hiddenTable: '002003',
    behindTheViews: '002003',
    missingColumn: '000904',
    unknownFunction: '002140',
    typo: '001003',
    two: '000008',
    write: '003001',
    missingDescribe: '002003',
  });
  assert.equal(await codeOf(query(manager, 'select * from region_grants')), 'no error');
});

test('A manager really writes to the scratch table', async () => {
  const manager = await connectAs('alice', 'MANAGER');
  const done = await query(manager, 'insert into scratch values (?, ?)', { binds: [7, 'kept'] });
  assert.deepEqual(
    { done, kept: await warehouse.inspect('SELECT * FROM COFFEE.SCRATCH WHERE ID = 7') },
    { done: [{ 'number of rows inserted': '1' }], kept: [{ ID: '7', NOTE: 'kept' }] },
  );
});

test('The catalog is listed, described and explained', async () => {
  const connection = await connectAs('bob');
  const names = async (sql: string): Promise<unknown[]> => (await query(connection, sql)).map((row) => row['name']);
  const [described] = await query(connection, 'describe table customers');
  const columns = await query(
    connection,
    "select column_name, data_type from lab.information_schema.columns where table_name = 'REGIONS' order by ordinal_position",
  );
  const plan = await query(connection, 'explain using text select * from orders');
  assert.deepEqual(
    {
      databases: await names('show databases'),
      schemas: await names('show terse schemas in database lab'),
      tables: await names('show tables in schema lab.coffee'),
      like: await names("show tables like 'ord%' in account limit 5"),
      views: await names('show views'),
      objects: (await names('show objects in lab.coffee')).length,
      described: [described?.['name'], described?.['type'], described?.['null?'], described?.['primary key']],
      columns: columns.map((row) => Object.values(row).join(' ')),
      plan: String(plan[0]?.['content']).includes('LAB.COFFEE.ORDERS'),
    },
    {
      databases: ['LAB'],
      schemas: ['COFFEE', 'INFORMATION_SCHEMA', 'PUBLIC'],
      tables: ['CUSTOMERS', 'ORDERS', 'PRODUCTS', 'REGIONS', 'SCRATCH'],
      like: ['ORDERS'],
      views: ['MONTHLY_SALES'],
      objects: 6,
      described: ['CUSTOMER_ID', 'NUMBER(38,0)', 'N', 'Y'],
      columns: ['REGION TEXT', 'NAME TEXT', 'MANAGER TEXT'],
      plan: true,
    },
  );
});

test('A long statement is polled for, and a large result arrives in chunks', async () => {
  const connection = await connectAs('alice');
  const [waited] = await query(connection, 'select system$wait(1.3) as w');
  const rows = await query(connection, 'select seq4() as n from table(generator(rowcount => 30000)) order by 1');
  assert.deepEqual(
    { waited, count: rows.length, first: rows[0], last: rows.at(-1) },
    { waited: { W: 'waited 1.3 seconds' }, count: 30_000, first: { N: '0' }, last: { N: '29999' } },
  );
});

const endless = 'select count(*) from table(generator(rowcount => 100000000000)) where random() < 0';

for (const [name, sql] of [
  ['waiting', 'select system$wait(60)'],
  ['computing', endless],
] as const) {
  test(`A cancelled statement that was ${name} is gone from the database`, async () => {
    const connection = await connectAs('bob');
    let started: RowStatement | undefined;
    const ended = codeOf(
      query(connection, sql, {
        onStatement: (statement) => {
          started = statement;
        },
      }),
    );
    await until(() => warehouse.running().some((statement) => statement.text === sql));
    await new Promise<void>((resolve) => {
      started?.cancel(() => resolve());
    });
    assert.deepEqual(
      { code: await ended, running: warehouse.running().filter((statement) => statement.text === sql) },
      { code: '000604', running: [] },
    );
  });
}

test('A statement ends at its own time-out, and its tag is recorded', async () => {
  const connection = await connectAs('bob');
  const code = await codeOf(
    query(connection, endless, { parameters: { STATEMENT_TIMEOUT_IN_SECONDS: 1, QUERY_TAG: 'lab-timeout' } }),
  );
  const logged = warehouse.statements().filter(({ queryTag }) => queryTag === 'lab-timeout');
  assert.deepEqual(
    { code, logged: logged.map(({ user, role, outcome }) => ({ user, role, outcome })) },
    { code: '000630', logged: [{ user: 'BOB', role: 'ANALYST', outcome: '000630' }] },
  );
});

test('An asynchronous statement is found again by its id, and by no other user', async () => {
  const connection = await connectAs('alice');
  const queryId = await new Promise<string>((resolve, reject) => {
    connection.execute({
      sqlText: "select 'later' as r, system$wait(1)",
      asyncExec: true,
      complete: (error, statement) => (error ? reject(error) : resolve(statement.getQueryId())),
    });
  });
  const statement = await connection.getResultsFromQueryId({ sqlText: '', queryId });
  const rows = await new Promise<Row[]>((resolve, reject) => {
    const found: Row[] = [];
    statement
      .streamRows()
      .on('data', (row: Row) => found.push(row))
      .on('error', reject)
      .on('end', () => resolve(found));
  });
  const stranger = await connectAs('bob');
  assert.deepEqual(
    { mine: rows.map((row) => row['R']), theirs: await stranger.getQueryStatus(queryId) },
    { mine: ['later'], theirs: 'NO_QUERY_DATA' },
  );
});

test('An expired session is renewed by the driver; an ended one is not', async () => {
  const connection = await connectAs('alice');
  const session = 'select current_session() as id';
  const [first] = await query(connection, session);
  warehouse.expireSessions();
  const [renewed] = await query(connection, session);
  warehouse.terminateSessions();
  assert.deepEqual(
    {
      isSame: renewed?.['ID'] === first?.['ID'],
      ended: await codeOf(query(connection, session)),
      open: warehouse.sessions(),
    },
    { isSame: true, ended: '407002', open: [] },
  );
});

test('Roles are switched within the token and the grants, and a log-out closes the session', async () => {
  const connection = await connect({
    token: await idp.mintAccessToken({ user: 'alice', scopes: ['session:role:ANALYST'] }),
  });
  const switching = await codeOf(query(connection, 'use role manager'));
  const openBefore = warehouse.sessions().length;
  await destroy(connection);
  assert.deepEqual({ switching, closed: openBefore - warehouse.sessions().length }, { switching: '003013', closed: 1 });
});

test('A driver set up like this tells the server only of a number that JavaScript cannot hold', async () => {
  const before = warehouse.telemetry;
  const connection = await connectAs('alice');
  await query(connection, 'select 1');
  const quiet = warehouse.telemetry - before;
  await query(connection, 'select 9007199254740993');
  await until(() => warehouse.telemetry > before);
  assert.deepEqual({ quiet, told: warehouse.telemetry - before }, { quiet: 0, told: 1 });
});

test('Interleaved statements of two users never mix their rows', async () => {
  const connections = { ALICE: await connectAs('alice'), BOB: await connectAs('bob') };
  const seen = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const user = index % 2 === 0 ? ('ALICE' as const) : ('BOB' as const);
      const rows = await query(
        connections[user],
        'select current_user() as me, min(region) as a, max(region) as z from customers',
      );
      return { user, rows } as const;
    }),
  );
  const expected = { ALICE: { ME: 'ALICE', A: 'north', Z: 'west' }, BOB: { ME: 'BOB', A: 'south', Z: 'south' } };
  assert.deepEqual(
    seen,
    seen.map(({ user }) => ({ user, rows: [expected[user]] })),
  );
});

test('Logins are refused on demand, and after a restart every session is gone', async () => {
  const connection = await connectAs('bob');
  warehouse.refuseLogins('390100');
  const refused = await codeOf(connectAs('bob'));
  warehouse.refuseLogins(undefined);
  warehouse.restart();
  const gone = await codeOf(query(connection, 'select 1'));
  const again = await codeOf(query(await connectAs('bob'), 'select 1'));
  assert.deepEqual({ refused, gone, again }, { refused: '390100', gone: '407002', again: 'no error' });
});

test('A sign-in through the browser flow opens a session as that user', async () => {
  const client = await oauth.discovery(new URL(idp.issuer), idp.clientId, undefined, oauth.None(), {
    execute: [oauth.allowInsecureRequests],
  });
  const verifier = oauth.randomPKCECodeVerifier();
  const authorizeUrl = oauth.buildAuthorizationUrl(client, {
    redirect_uri: 'http://127.0.0.1:49152/callback',
    scope: 'openid offline_access session:role:ANALYST',
    resource: warehouseAudience,
    prompt: 'consent',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const callback = await signInByHttp(idp, authorizeUrl, 'bob');
  const tokens = await oauth.authorizationCodeGrant(
    client,
    callback,
    { pkceCodeVerifier: verifier },
    { resource: warehouseAudience },
  );
  const rows = await query(
    await connect({ token: tokens.access_token }),
    'select current_user() as me, current_role() as role',
  );
  assert.deepEqual(rows, [{ ME: 'BOB', ROLE: 'ANALYST' }]);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
