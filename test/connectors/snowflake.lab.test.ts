import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DatabaseConnector, DatabaseSession } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { type Credential, credential, type CredentialFields } from '../../src/core/credential.ts';
import type { ErrorCode, PassportError } from '../../src/core/errors.ts';
import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { contextWith, failureOf, queryOptions, read } from './sessionContext.ts';

describe('The Snowflake connector', () => {
  const snowflake = connectors['snowflake'] as DatabaseConnector;
  let provider: LabIdentityProvider;
  let warehouse: LabWarehouse;

  before(async () => {
    provider = await startIdentityProvider();
    warehouse = await startWarehouse({
      issuer: provider.issuer,
      jwksUri: provider.jwksUri,
      audience: warehouseAudience,
    });
  });
  after(async () => {
    await warehouse?.close();
    await provider?.close();
  });

  async function open(settings: Record<string, unknown> = {}, scopes = ['session:role-any']): Promise<DatabaseSession> {
    const token = await provider.mintAccessToken({ audience: warehouseAudience, scopes });
    return openWith({ kind: 'bearer', token }, settings);
  }

  async function openWith(fields: CredentialFields, settings: Record<string, unknown> = {}): Promise<DatabaseSession> {
    const { open: logIn } = await snowflake.load();
    const credentials = async (): Promise<Credential> => credential(fields, { id: 'lab' });
    const own = {
      account: 'coffee-lab',
      host: '127.0.0.1',
      port: warehouse.port,
      protocol: 'http',
      database: 'LAB',
      schema: 'COFFEE',
    };
    return logIn(snowflake.settings.parse({ ...own, ...settings }), { ...contextWith(''), credentials });
  }

  async function use(
    work: (session: DatabaseSession) => Promise<void>,
    settings: Record<string, unknown> = {},
  ): Promise<void> {
    const session = await open(settings);
    try {
      await work(session);
    } finally {
      await session.close();
    }
  }

  it('asks for the scope of its role, which is all that such a token opens', async () => {
    const parse = (role?: string): unknown =>
      snowflake.settings.parse({ account: 'a', ...(role !== undefined && { role }) });
    assert.deepEqual(
      [snowflake.credentials(parse()), snowflake.credentials(parse('ANALYST'))],
      [{ database: { scopes: ['session:role-any'] } }, { database: { scopes: ['session:role:ANALYST'] } }],
    );
    await failureOf(open({ role: 'MANAGER' }, ['session:role:ANALYST']), 'DP-DATABASE-ROLE');
    const session = await open({ role: 'ANALYST' }, ['session:role:ANALYST']);
    assert.equal(session.identity.role, 'ANALYST');
    await session.close();
  });

  it('switches secondary roles off where a role is named, and leaves them alone where the user says so', async () => {
    const sent = async (settings: Record<string, unknown>): Promise<boolean> => {
      const from = warehouse.statements().length;
      await use(async () => undefined, settings);
      return warehouse
        .statements()
        .slice(from)
        .some(({ text }) => text === 'USE SECONDARY ROLES NONE');
    };
    assert.deepEqual(
      [await sent({ role: 'ANALYST' }), await sent({ role: 'ANALYST', secondaryRoles: 'default' }), await sent({})],
      [true, false, false],
    );
  });

  it('logs in with a personal access token, and every statement runs as its user and in its role', async () => {
    const token = warehouse.issueProgrammaticToken('bob', 'ANALYST');
    const session = await openWith({ kind: 'personalAccessToken', token });
    try {
      const rows = await read(await session.query('SELECT CURRENT_USER(), CURRENT_ROLE()', queryOptions()));
      const { user, role } = session.identity;
      const ranAs = warehouse.statements().at(-1)?.user;
      assert.deepEqual(
        { rows, user, role, ranAs },
        { rows: [['BOB', 'ANALYST']], user: 'BOB', role: 'ANALYST', ranAs: 'BOB' },
      );
    } finally {
      await session.close();
    }
    await failureOf(openWith({ kind: 'bearer', token }), 'DP-DATABASE-REFUSED');
  });

  it('says what to do about a personal access token that is refused, and not what the token is', async () => {
    const token = warehouse.issueProgrammaticToken('bob');
    const refused = (): Promise<PassportError> =>
      failureOf(openWith({ kind: 'personalAccessToken', token }), 'DP-DATABASE-REFUSED');
    warehouse.refuseLogins('390432');
    const unprotected = await refused().finally(() => warehouse.refuseLogins(undefined));
    warehouse.revokeProgrammaticToken(token);
    const revoked = await refused();
    assert.match(unprotected.detail ?? '', /Network policy is required\. \(390432\)\..*your own address/);
    assert.match(revoked.detail ?? '', /\(394400\)\..*Set Connection Secret/);
    assert.doesNotMatch(JSON.stringify([unprotected.facts(), revoked.facts()]), new RegExp(token));
  });

  it('never lets the driver see a credential that it would misread', async () => {
    const error = await failureOf(openWith({ kind: 'keyPairJwt', token: 'a.b.c' }), 'DP-INTERNAL');
    assert.deepEqual(error.params, { problem: 'a credential of kind keyPairJwt' });
  });

  it('marks statements with a tag', async () => {
    await use(async (session) => {
      await read(await session.query('SELECT 41 + 1', queryOptions({ tag: 'chat 7' })));
      await read(await session.query('SELECT 43', queryOptions()));
    });
    const tags = warehouse
      .statements()
      .slice(-2)
      .map(({ queryTag }) => queryTag);
    assert.deepEqual(tags, ['chat 7', 'data-passport']);
  });

  it('outlives its session token, which the driver renews', async () => {
    await use(async (session) => {
      warehouse.expireSessions();
      assert.deepEqual(await read(await session.query('SELECT 1', queryOptions())), [[1]]);
      assert.equal(session.usable, true);
    });
  });

  it('calls a session that was gone before the statement unreachable, so that the pool may ask again', async () => {
    for (const code of ['390104', '390111'] as const) {
      await use(async (session) => {
        warehouse.terminateSessions(code);
        const from = warehouse.statements().length;
        await failureOf(session.query('SELECT 1', queryOptions()), 'DP-DATABASE-UNREACHABLE');
        assert.equal(session.usable, false);
        assert.equal(warehouse.statements().length, from);
      });
    }
  });

  it('calls a session that ended under a running statement lost, so that nobody asks again', async () => {
    await use(async (session) => {
      const failed = session.query('SELECT SYSTEM$WAIT(60)', queryOptions()).catch((error: unknown) => error);
      // Polled for by now: the server has said that it runs.
      while (!warehouse.running().some(({ text }) => text.includes('WAIT'))) await sleep(20);
      await sleep(1200);
      warehouse.terminateSessions('390111');
      const error = await failed;
      assert.ok(error instanceof Error && 'code' in error);
      assert.match(String(error.code), /^DP-(?:DATABASE-LOST|QUERY-CANCELED)$/);
    });
  });

  it('does not wait for a server that hangs: the answer comes, and the session is thrown away', async () => {
    await use(async (session) => {
      warehouse.stall(1500);
      try {
        const controller = new AbortController();
        const reason = new Error('enough');
        const outcome = session
          .query('SELECT 1', queryOptions({ signal: controller.signal }))
          .catch((error: unknown) => error);
        await sleep(50);
        controller.abort(reason);
        assert.equal(await outcome, reason);
        assert.equal(session.usable, false);
        // The driver can't be stopped: while its request is open it would keep this process alive with new attempts.
        await sleep(1500);
      } finally {
        warehouse.stall(0);
      }
    });
  });

  const loginCodes: readonly (readonly [code: string, expected: ErrorCode])[] = [
    ['390303', 'DP-DATABASE-REFUSED'],
    ['390318', 'DP-DATABASE-REFUSED'],
    ['390144', 'DP-DATABASE-REFUSED'],
    ['390422', 'DP-DATABASE-REFUSED'],
    ['390317', 'DP-DATABASE-ROLE'],
    ['390186', 'DP-DATABASE-ROLE'],
    ['390189', 'DP-DATABASE-ROLE'],
    ['390201', 'DP-DATABASE-PERMISSION'],
  ];
  for (const [code, expected] of loginCodes) {
    it(`calls a login that is answered with ${code} ${expected}`, async () => {
      warehouse.refuseLogins(code);
      await failureOf(open(), expected).finally(() => warehouse.refuseLogins(undefined));
    });
  }

  it('says so when a log-in page answers in place of Snowflake, or an HTTP error', async () => {
    const page = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Welcome to our Wi-Fi</title></html>');
    });
    const port = await listening(page);
    const error = await failureOf(open({ port }), 'DP-DATABASE-UNREACHABLE').finally(() => page.close());
    assert.match(error.params['reason'] ?? '', /web page/);
    warehouse.failWithHttp(403);
    const http = await failureOf(open(), 'DP-DATABASE-UNREACHABLE').finally(() => warehouse.failWithHttp(undefined));
    assert.match(http.params['reason'] ?? '', /account identifier/);
  });

  it('moves no files, whatever the guard in front let pass', async () => {
    await use(async (session) => {
      for (const statement of ['PUT file:///etc/passwd @~', ' \n\u00a0get @~ file:///tmp']) {
        await failureOf(session.query(statement, queryOptions()), 'DP-READ-ONLY');
      }
    });
  });

  it('keeps a value that is code as text, and does not run it', async () => {
    const code = '(globalThis.ran = 1, {a: 1})';
    const kinds = ['variant', 'object', 'array', 'map'];
    const rowtype = kinds.map((type) => ({ name: type, type, nullable: true, precision: null, scale: null }));
    const session = {
      token: 'a',
      masterToken: 'b',
      validityInSeconds: 3600,
      masterValidityInSeconds: 14_400,
      sessionId: 1,
    };
    const server = createServer((request, response) => {
      const login = request.url?.startsWith('/session/v1/login-request') === true;
      const result = { rowtype, rowset: [kinds.map(() => code)], total: 1, returned: 1, queryId: randomUUID() };
      const data = { parameters: [], ...(login ? { ...session, sessionInfo: {} } : result) };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: true, code: null, message: null, data }));
    });
    const port = await listening(server);
    try {
      await use(
        async (session) => {
          const row = kinds.map(() => code);
          assert.deepEqual(await read(await session.query('SELECT * FROM trap', queryOptions())), [row]);
        },
        { port },
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
    assert.equal('ran' in globalThis, false);
  });

  it('has sent no telemetry through all of this', () => {
    assert.equal(warehouse.telemetry, 0);
  });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
