import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { compatibilityTable, type Outcomes, readmeTable, resultFile } from '../../scripts/compatibility.ts';
import { connectors } from '../../src/connectors/index.ts';
import { ANY } from '../../src/core/credentialCache.ts';
import { clientSecretKey } from '../../src/extension/sessions.ts';
import { type Answer, openPassport } from '../extension/passport.ts';
import { statements } from './connectors.ts';
import { type Column, columns, logIn, type Row, rows, sendTo, settingsOf, startWorld, type World } from './world.ts';

/** Seconds that an access token lives when its end is waited for. */
const SHORT = 2;
const sql = 'SELECT DISTINCT region FROM coffee.orders ORDER BY region';
const regions = { alice: [['north'], ['west']], bob: [['south']] };
const outcomes: Outcomes = {};

// Mostly they wait for tokens to expire, each in a world of its own.
describe('sign-ins and connections', { concurrency: Object.keys(columns).length }, () => {
  for (const [name, column] of Object.entries(columns)) {
    describe(`a provider that ${column.title}`, { concurrency: 1 }, () => {
      let world: World;
      before(async () => {
        world = await startWorld(column);
      });
      after(() => world?.close());
      for (const [id, row] of Object.entries(rows)) {
        test(`${row.title}: signs in, queries, expires, renews and signs out`, async (context) => {
          const connection = row.connection(world, column);
          if (!connection) return context.skip('it can not run on this machine');
          await cell(world, column, row, connection);
          outcomes[id] = { ...outcomes[id], [name]: true };
        });
      }
    });
  }
});

async function cell(world: World, column: Column, row: Row, connection: object): Promise<void> {
  const passport = await openPassport({
    settings: settingsOf(world, column, row, connection),
    tables: { connectors: { ...connectors, statements } },
    fetch: sendTo(world),
  });
  const { clientSecret } = column.snowflake;
  const [description] = passport.current().providers;
  assert.ok(description);
  if (clientSecret !== undefined) await passport.secrets.store(clientSecretKey(description), clientSecret);
  const stored = passport.secrets.values.size;
  const { credentials } = passport;
  const query = (): Promise<Answer> => row.ask?.(passport) ?? passport.query('cell', sql);
  const cellOf = () => passport.connection('cell');
  const life = (seconds: number): void => {
    world.idp.setAccessTokenSeconds(seconds);
    world.ownOAuth.setAccessTokenSeconds(seconds);
  };
  try {
    // Signs in.
    assert.equal((await query()).error, 'DP-SIGN-IN-REQUIRED');
    life(SHORT);
    await passport.signIn(row.at, logIn(world, row, 'alice'));

    // Queries, as the user.
    const first = await query();
    assert.deepEqual([first.rows, first.ranAs?.user.toLowerCase(), first.error], [regions.alice, 'alice', undefined]);
    const before = credentials.peek(cellOf(), passport.slot('cell'));
    assert.ok(before?.expiresAt);

    // Expires: for real, at whoever issued it.
    await delay(before.expiresAt.getTime() - Date.now() + 100);
    life(600);
    const second = await query();
    assert.deepEqual([second.rows, second.error], [regions.alice, undefined]);
    const after_ = credentials.peek(cellOf(), passport.slot('cell'));
    assert.notEqual(after_?.id, before.id);

    // Renews, when it is asked to.
    const renewed = await credentials.get(cellOf(), passport.slot('cell'), { renews: ANY });
    assert.notEqual(renewed.id, after_?.id);
    assert.deepEqual((await query()).rows, regions.alice);

    // Signs out: nothing is left, and whoever comes next is not taken for the one before.
    await passport.signOut(row.at);
    assert.deepEqual(
      [
        passport.gateway.counts().databaseSessions,
        credentials.peek(cellOf(), passport.slot('cell')),
        passport.secrets.values.size,
      ],
      [0, undefined, stored],
    );
    assert.equal((await query()).error, 'DP-SIGN-IN-REQUIRED');
    await passport.signIn(row.at, logIn(world, row, 'bob'));
    const bobs = await query();
    assert.deepEqual([bobs.rows, bobs.ranAs?.user.toLowerCase()], [regions.bob, 'bob']);

    const secrets = [...world.idp.issued.map(({ value }) => value), ...world.ownOAuth.issued];
    const said = passport.lines.join('\n') + JSON.stringify([first, second, bobs]);
    assert.deepEqual(
      secrets.filter((secret) => said.includes(secret)),
      [],
    );
  } finally {
    life(600);
    await passport.close();
  }
}

test('the table in the README is what came of this; "npm run compatibility" renews it', async (context) => {
  const cells = Object.keys(rows).flatMap((id) => Object.keys(columns).map((name) => outcomes[id]?.[name]));
  // A table with holes says something about this run or this machine, not about the product.
  if (cells.includes(undefined)) return context.skip('not every cell was run');
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.equal(readmeTable(readme), await compatibilityTable(outcomes));
});

after(() => {
  mkdirSync(new URL('.', resultFile), { recursive: true });
  writeFileSync(resultFile, JSON.stringify(outcomes, undefined, 2));
});
