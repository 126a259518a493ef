import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { DatabaseConnector } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { credential, type CredentialFields } from '../../src/core/credential.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../lab/identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../lab/postgres/index.ts';
import { contextWith, failureOf } from './sessionContext.ts';

const impossible = await canRunPostgres('oauth');
const shared = { name: 'reporting', password: 'pass word § of all' };

describe('PostgreSQL with a user and a password of its own (SCRAM)', { skip: impossible ?? false }, () => {
  const postgres = connectors['postgres'] as DatabaseConnector;
  let provider: LabIdentityProvider;
  let server: LabPostgres;
  before(async () => {
    provider = await startIdentityProvider();
    const { issuer, jwksUri } = provider;
    server = await startPostgres({ issuer, jwksUri, audience: postgresAudience, passwordUser: shared });
  });
  after(async () => {
    await server?.close();
    await provider?.close();
  });

  async function open(fields: CredentialFields, settings: object = {}) {
    const { open: logIn } = await postgres.load();
    const { host, port, database } = server;
    return logIn(postgres.settings.parse({ host, port, database, ...settings }), {
      ...contextWith('unused'),
      credentials: async () => credential(fields, { id: 'one' }),
    });
  }

  test('logs in as the user that the credential names', async () => {
    const session = await open({ kind: 'password', user: shared.name, password: shared.password });
    assert.equal(session.identity.user, shared.name);
    await session.close();
  });

  test('a wrong password is a refusal, without the password in it', async () => {
    const fields = { kind: 'password', user: shared.name, password: 'canary-password' } as const;
    const error = await failureOf(open(fields), 'DP-DATABASE-REFUSED');
    assert.ok(!JSON.stringify([error.facts(), error.message]).includes('canary-password'));
  });

  test('a token in place of the password is not sent to a server that wants a proof of it', async () => {
    await failureOf(open({ kind: 'bearer', token: 'opaque' }, { user: shared.name }), 'DP-DATABASE-REFUSED');
  });

  test('does not go together with oauthbearer, and the setting is named', async () => {
    const fields = { kind: 'password', user: shared.name, password: shared.password } as const;
    const error = await failureOf(open(fields, { authentication: 'oauthbearer' }), 'DP-SETTING-INVALID');
    assert.match(error.message, /dataPassport\.connections\.coffee\.authentication/);
  });
});
