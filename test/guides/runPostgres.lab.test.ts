import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DatabaseConnector } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { credential } from '../../src/core/credential.ts';
import { identifier, literal } from '../../src/guides/postgres/sql.ts';
import { contextWith, failureOf, queryOptions, read } from '../connectors/sessionContext.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../lab/identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../lab/postgres/index.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { filled, textOf } from './filled.ts';

const connector = connectors['postgres'] as DatabaseConnector;
const impossible = await canRunPostgres('oauth');

/** The parts of the text, each for another place. */
function parts(text: string): {
  readonly conf: string;
  readonly hba: string;
  readonly ident: string;
  readonly sql: string;
} {
  const [, conf = '', hba = '', ident = '', sql = ''] = text.split(/^# \d\. .*$/m);
  return { conf, hba, ident, sql };
}

describe('The set-up text of OAuth, run at PostgreSQL 18', { skip: impossible }, () => {
  let provider: LabIdentityProvider;
  let server: LabPostgres;

  before(async () => {
    provider = await startIdentityProvider();
    const { issuer, jwksUri } = provider;
    server = await startPostgres({ issuer, jwksUri, audience: postgresAudience, unconfigured: true });
    // Nobody is there before the text says so.
    await server.admin.query('DROP OWNED BY alice, bob; DROP ROLE alice, bob');
  });
  after(async () => {
    await server?.close();
    await provider?.close();
  });

  const settings = (more: object) => ({
    host: server.host,
    port: server.port,
    database: server.database,
    authentication: 'oauthbearer',
    role: 'analyst',
    ...more,
  });

  function text(more: object): string {
    const { issuer, clientId, jwksUri } = provider;
    return textOf('postgresOauth', {
      settings: {
        identityProviders: { lab: { title: 'Lab', issuer, clientId } },
        connections: {
          orders: { type: 'postgres', ...settings(more), token: { audience: postgresAudience } },
        },
      },
      jwksUri,
    });
  }

  /** Who the database says it is, and whether it reads. */
  async function use(person: LabUserName, user: string = person): Promise<unknown> {
    const token = await provider.mintAccessToken({ user: person, audience: postgresAudience, scopes: ['openid'] });
    const { open } = await connector.load();
    const credentials = async () => credential({ kind: 'bearer', token }, { id: 'lab' });
    const session = await open(connector.settings.parse(settings({ user })), {
      ...contextWith(''),
      credentials,
    });
    try {
      const rows = await read(
        await session.query('SELECT session_user, current_user, count(*) > 0 FROM coffee.products', queryOptions()),
      );
      return rows[0];
    } finally {
      await session.close();
    }
  }

  /** Statement by statement, as psql does: the server reads its files between two of them. */
  async function setUp(whole: string): Promise<void> {
    const { sql, ...lines } = parts(whole);
    await server.configure(lines);
    const statements = sql.split(/;$/m).filter((statement) => /^[A-Z]/m.test(statement));
    const check = statements.pop() ?? '';
    for (const statement of statements) await server.admin.query(statement);
    let unread: readonly unknown[] = [];
    for (let attempt = 0; attempt < 100; attempt += 1) {
      ({ rows: unread } = await server.admin.query<object>(check));
      if (unread.length === 0) break;
      await sleep(50);
    }
    assert.deepEqual(unread, [], 'lines that the server could not read');
  }

  it('makes a connection work that was refused before, for the people whom it names and no others', async () => {
    await failureOf(use('alice'), 'DP-DATABASE-REFUSED');
    const words = { validator: 'jwt_validator', address: '127.0.0.1/32', user: 'alice', schema: 'coffee' };
    await setUp(filled(text({}), words));
    assert.deepEqual(await use('alice'), ['alice', 'analyst', true]);
    await failureOf(use('bob'), 'DP-DATABASE-REFUSED');
  });

  it('means by its constants and names exactly what was meant', async () => {
    const words = ["it's", 'back\\slash', "'; DROP ROLE x; --\\", 'two\nlines', '"quoted"', '\u2028\u0085', 'select'];
    for (const word of words) {
      const { rows, fields } = await server.admin.query<Record<string, string>>(
        `SELECT ${literal(word)} AS ${identifier(word)}`,
      );
      assert.deepEqual([fields.map(({ name }) => name), rows], [[word], [{ [word]: word }]]);
    }
  });

  it('maps the name in the token to a database user that the settings name', async () => {
    const user = 'Bob "the" Baker';
    await failureOf(use('bob', user), 'DP-DATABASE-REFUSED');
    const words = { validator: 'jwt_validator', address: '127.0.0.1/32', 'name in the token': 'bob', schema: 'coffee' };
    await setUp(filled(text({ user }), words));
    assert.deepEqual(await use('bob', user), [user, 'analyst', true]);
    await failureOf(use('alice', user), 'DP-DATABASE-REFUSED');
  });
});
