import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { asPassportError, PassportError } from '../../src/core/errors.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { warehouseAudience } from '../lab/identityProvider.ts';
import { type Lab, startLab } from '../lab/index.ts';
import { madeUpSource } from '../support/madeUpSource.ts';
import { loginAt, openPassport, type Passport } from './passport.ts';

const whoami = 'SELECT CURRENT_USER() AS me';
const regions = 'SELECT DISTINCT region FROM coffee.orders ORDER BY region';

/** Requests at the token endpoint so far. */
const tokenRequests = (lab: Lab): number => lab.idp.requests.filter(({ path }) => path === '/token').length;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => asPassportError(error).code,
  );
}

describe('the credential of a connection', () => {
  let lab: Lab;
  let passport: Passport;
  before(async () => {
    lab = await startLab();
  });
  after(() => lab?.close());
  const open = async (more: Partial<Parameters<typeof openPassport>[0]> = {}): Promise<Passport> => {
    passport = await openPassport({ settings: lab.settings, ...more });
    return passport;
  };
  afterEach(async () => {
    lab.idp.recover();
    lab.idp.setAccessTokenSeconds(600);
    lab.warehouse.refuseLogins(undefined);
    await passport?.close();
  });

  /** The settings with one connection changed. */
  function changed(id: string, more: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    return { ...lab.settings, 'dataPassport.connections': { ...connections, [id]: { ...connections[id], ...more } } };
  }

  test('is asked for before a sign-in in vain, and after it lets the user in', async () => {
    const { query, signIn, signOut, gateway } = await open();
    assert.equal((await query('warehouse', whoami)).error, 'DP-SIGN-IN-REQUIRED');
    await signIn('lab', loginAt(lab.idp, 'alice'));
    const { rows, ranAs } = await query('warehouse', regions);
    assert.deepEqual([rows, ranAs], [[['north'], ['west']], { user: 'ALICE', role: 'ANALYST' }]);
    await signOut('lab');
    assert.deepEqual([gateway.counts().databaseSessions, lab.warehouse.sessions()], [0, []]);
    assert.equal((await query('warehouse', whoami)).error, 'DP-SIGN-IN-REQUIRED');
  });

  test('is minted once for fifty callers when it has ended', async () => {
    const { credentials, connection, signIn, clock } = await open();
    await signIn('lab', loginAt(lab.idp, 'alice'));
    const sales = connection('warehouse');
    const first = await credentials.get(sales, 'database', {});
    clock.offset += 700_000;
    const before = tokenRequests(lab);
    const all = await Promise.all(Array.from({ length: 50 }, () => credentials.get(sales, 'database', {})));
    assert.equal(tokenRequests(lab) - before, 1);
    assert.equal(new Set(all.map(({ id }) => id)).size, 1);
    assert.notEqual(all[0]?.id, first.id);
  });

  test('that the database rejects is minted once more, tried once more, and then the error says who can mend it', async () => {
    const { query, signIn } = await open();
    await signIn('lab', loginAt(lab.idp, 'alice'));
    lab.warehouse.refuseLogins('390303');
    const [requests, logins] = [tokenRequests(lab), lab.warehouse.logins];
    const { error, text } = await query('warehouse', whoami);
    assert.equal(error, 'DP-DATABASE-REFUSED');
    assert.deepEqual([tokenRequests(lab) - requests, lab.warehouse.logins - logins], [1, 2]);
    assert.match(text, /administrator/);
  });

  test('goes nowhere when the host has changed, until the user confirms it', async () => {
    const { query, signIn, change, confirm } = await open();
    await signIn('lab', loginAt(lab.idp, 'alice'));
    assert.equal((await query('warehouse', whoami)).error, undefined);
    const logins = lab.warehouse.logins;
    await change(changed('warehouse', { host: 'localhost' }));
    const { error, text } = await query('warehouse', whoami);
    assert.deepEqual([error, lab.warehouse.logins - logins], ['DP-CONNECTION-UNCONFIRMED', 0]);
    assert.match(text, /send its credential to localhost:\d+, which you have not confirmed/);
    await confirm('warehouse');
    assert.equal((await query('warehouse', whoami)).error, undefined);
  });

  test('is not handed to a gateway that still has the settings from before', async () => {
    const { credentials, connection, signIn } = await open();
    await signIn('lab', loginAt(lab.idp, 'alice'));
    assert.equal(
      await codeOf(credentials.get(connection('warehouse'), 'database', { binding: 'another' })),
      'DP-CONNECTION-CHANGED',
    );
  });

  test('comes from no program in Restricted Mode, and the program is not run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dp-restricted-'));
    const ran = join(folder, 'ran');
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const command = [process.execPath, '-e', `require('node:fs').writeFileSync(${JSON.stringify(ran)}, '')`];
    const printed = { ...connections['warehouse'], token: { source: 'command', command } };
    const settings = { ...lab.settings, 'dataPassport.connections': { printed } };
    let trusted = false;
    const { query, confirm } = await open({ settings, trusted: () => trusted });
    assert.equal((await query('printed', whoami)).error, 'DP-COMMAND-RESTRICTED');
    trusted = true;
    assert.equal((await query('printed', whoami)).error, 'DP-CONNECTION-UNCONFIRMED');
    assert.equal(existsSync(ran), false);
    await confirm('printed');
    assert.equal((await query('printed', whoami)).error, 'DP-COMMAND-FAILED');
    assert.equal(existsSync(ran), true);
    await rm(folder, { recursive: true, force: true });
  });

  test("of a secret that was entered is nobody else's, and ends with it", async () => {
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const own = { ...connections['warehouse'], token: { source: 'personalAccessToken' } };
    const settings = { ...lab.settings, 'dataPassport.connections': { mine: own, other: own } };
    const { query, connectionSecrets, confirm, connection, gateway, signOut } = await open({ settings });
    const mine = connection('mine');
    await confirm('mine', 'other');
    await connectionSecrets.set(mine, 'token', { value: lab.warehouse.issueProgrammaticToken('bob', 'ANALYST') });
    assert.deepEqual((await query('mine', regions)).rows, [['south']]);
    assert.equal((await query('other', regions)).error, 'DP-SECRET-MISSING');
    await signOut('lab');
    assert.equal(gateway.counts().databaseSessions, 1);
    await connectionSecrets.set(mine, 'token', { value: lab.warehouse.issueProgrammaticToken('alice', 'ANALYST') });
    assert.deepEqual((await query('mine', regions)).rows, [['north'], ['west']]);
    await connectionSecrets.remove(mine, 'token');
    assert.equal((await query('mine', regions)).error, 'DP-SECRET-MISSING');
    assert.deepEqual(lab.warehouse.sessions(), []);
  });

  test('that the database refuses and nothing can renew is told in the words of the database', async () => {
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const own = { ...connections['warehouse'], token: { source: 'personalAccessToken' } };
    const settings = { ...lab.settings, 'dataPassport.connections': { mine: own } };
    const { query, connectionSecrets, confirm, connection } = await open({ settings });
    await confirm('mine');
    await connectionSecrets.set(connection('mine'), 'token', { value: 'canary-token-that-is-not-good' });
    const { logins } = lab.warehouse;
    const { error, text } = await query('mine', whoami);
    assert.deepEqual([error, lab.warehouse.logins - logins], ['DP-DATABASE-REFUSED', 1]);
    assert.ok(!text.includes('canary'));
  });

  test('that could not be had is told without what the other side repeated of the way', async () => {
    const canary = 'opaque-canary-subject-token';
    const repeating = madeUpSource(async ({ connection, path, ports }) => {
      ports.know(canary);
      const params = { service: 'sts', connection, error: canary, audience: 'x', scopes: 'y', path };
      throw new PassportError('DP-EXCHANGE-REFUSED', params, { detail: `it said ${canary}` });
    });
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const one = { ...connections['warehouse'], token: { source: 'repeating' } };
    const { query, signIn, lines } = await open({
      settings: { ...lab.settings, 'dataPassport.connections': { one } },
      tables: { tokenSources: { ...tokenSources, repeating } },
    });
    await signIn('lab', loginAt(lab.idp, 'alice'));
    const { error, text } = await query('one', whoami);
    assert.equal(error, 'DP-EXCHANGE-REFUSED');
    assert.ok(!`${text}${lines.join('')}`.includes(canary));
    assert.match(text, /\[redacted\]/);
  });

  test('made by other token settings than before serves nobody who asks after the change', async () => {
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const withToken = (token: object): Record<string, unknown> => ({
      ...lab.settings,
      'dataPassport.connections': { one: { ...connections['warehouse'], token } },
    });
    const { query, signIn, change } = await open({
      settings: withToken({ audience: warehouseAudience, scopes: ['session:role:ANALYST', 'session:role:MANAGER'] }),
    });
    await signIn('lab', loginAt(lab.idp, 'alice'));
    await query('one', whoami);
    const { logins } = lab.warehouse;
    await query('one', whoami);
    assert.equal(lab.warehouse.logins, logins);
    await change(withToken({ audience: warehouseAudience }));
    assert.equal((await query('one', whoami)).error, undefined);
    assert.equal(lab.warehouse.logins, logins + 1);
  });

  test('is one for two connections with the same sign-in and the same settings', async () => {
    const connections = lab.settings['dataPassport.connections'] as Record<string, object>;
    const settings = {
      ...lab.settings,
      'dataPassport.connections': { ...connections, second: { ...connections['warehouse'], schema: 'PUBLIC' } },
    };
    const { credentials, connection, signIn } = await open({ settings });
    await signIn('lab', loginAt(lab.idp, 'alice'));
    const [one, two] = [
      await credentials.get(connection('warehouse'), 'database', {}),
      await credentials.get(connection('second'), 'database', {}),
    ];
    assert.equal(one.id, two.id);
  });
});
