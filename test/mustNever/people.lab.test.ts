import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { decodeJwt } from '../../src/core/jwt.ts';
import { sql, startGround } from './ground.ts';

/** As whom something runs, and as whom it says that it runs. The numbers are those of list.ts. */

const ground = await startGround();
const { lab, databricks, endpoint, open, openExchange, withConnections, warehouseConnection } = ground;
const alice = ground.logIn('alice');

describe('2: a silent downgrade to a shared identity', () => {
  test('an exchange that fails is an error, and the subject token is not sent in its place', async () => {
    for (const fault of ['bare', 'empty', 'unavailable', 'html'] as const) {
      databricks.fail(fault);
      const { query, signIn } = await openExchange();
      await signIn('lab', alice);
      const { error = '' } = await query('cell', sql);
      assert.match(error, /^DP-(?:EXCHANGE|TOKEN-SERVICE)-/, fault);
      assert.equal(endpoint.tokens.size, 0);
    }
  });

  test('a connection whose user is signed out does not run as anybody else who is signed in', async () => {
    const { query, signIn } = await open({
      settings: withConnections({ bobs: warehouseConnection({ runAs: 'bob@lab.example' }) }),
    });
    await signIn('lab', alice);
    const { logins } = lab.warehouse;
    assert.equal((await query('bobs', sql)).error, 'DP-ACCOUNT-REQUIRED');
    assert.equal(lab.warehouse.logins, logins);
  });
});

describe('5: the token of one request visible in another', () => {
  test('two people at once, with tokens that end all the time, see their own rows alone', async () => {
    const { query, signIn } = await open({
      settings: withConnections({
        alice: warehouseConnection({ runAs: 'alice@lab.example' }),
        bob: warehouseConnection({ runAs: 'bob@lab.example' }),
      }),
      succession: 'beside',
    });
    const own = { alice: [['north'], ['west']], bob: [['south']] };
    type Name = keyof typeof own;
    lab.idp.setAccessTokenSeconds(2);
    await signIn('lab', alice);
    await signIn('lab', ground.logIn('bob'));
    const signedIn = lab.idp.issued.length;
    const renewals = (name: Name): number =>
      lab.idp.issued
        .slice(signedIn)
        .filter(({ kind, value }) => kind === 'accessToken' && decodeJwt(value)?.claims['sub'] === name).length;
    const wrong: unknown[] = [];
    const work = async (name: Name): Promise<void> => {
      for (let round = 0; round < 150 && Math.min(renewals('alice'), renewals('bob')) <= 2; round += 1) {
        const answer = await query(name, sql);
        if (JSON.stringify(answer.rows) !== JSON.stringify(own[name])) wrong.push([name, answer.text]);
        await delay(100);
      }
    };
    await Promise.all([work('alice'), work('bob'), work('alice'), work('bob')]);
    assert.deepEqual(wrong.slice(0, 2), []);
    assert.ok(renewals('alice') > 2 && renewals('bob') > 2, 'the tokens of both were renewed');
  });
});

describe('15: a service identity named as if it were the user', () => {
  test('a shared secret is marked as a shared identity in the tools and in the view', async (context) => {
    if (!lab.postgres) return context.skip(lab.withoutPostgres);
    const { connection, connectionSecrets, confirm, overview, tool } = await open({
      settings: withConnections({
        shared: {
          type: 'postgres',
          agents: true,
          host: '127.0.0.1',
          port: lab.postgres.port,
          database: lab.postgres.database,
          token: { source: 'static', user: 'reporting' },
        },
      }),
    });
    const shared = connection('shared');
    assert.deepEqual(
      overview.current().connections.map(({ state, shared: is, account }) => [state, is, account]),
      [['secretMissing', true, undefined]],
    );
    await connectionSecrets.set(shared, 'secret', { value: 'a-secret-of-all' });
    await confirm('shared');
    const [wire] = overview.wireConnections();
    assert.deepEqual([wire?.shared, wire?.identityProvider], [true, undefined]);
    const listed = await tool('list_connections', {});
    assert.ok(listed.includes('"sharedIdentity":true'), listed);
  });
});
