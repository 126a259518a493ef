import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { labClientId } from '../lab/identityProvider.ts';
import { type Lab, startLab } from '../lab/index.ts';
import { loginAt, openPassport, type Passport } from './passport.ts';

const next = 'data-passport-next';
const whoami = 'SELECT CURRENT_USER() AS me';

let lab: Lab;
let passport: Passport;
before(async () => {
  lab = await startLab({ provider: { furtherClientIds: [next] } });
});
after(() => lab.close());
afterEach(() => passport.close());

/** The lab's settings with this client, and its warehouse alone. */
function settingsWith(clientId: string): Record<string, unknown> {
  const providers = lab.settings['dataPassport.identityProviders'] as Record<string, object>;
  const { warehouse = {} } = lab.settings['dataPassport.connections'] as Record<string, object>;
  return {
    'dataPassport.identityProviders': { lab: { ...providers['lab'], clientId } },
    'dataPassport.connections': { warehouse },
  };
}

test('a client id that changes while the editor runs ends the sign-in, and the next one is of the new client alone', async () => {
  passport = await openPassport({ settings: settingsWith(labClientId) });
  const { query, signIn, change, secrets, gateway } = passport;
  await signIn('lab', loginAt(lab.idp, 'alice'));
  assert.deepEqual((await query('warehouse', whoami)).rows, [['ALICE']]);

  const from = lab.idp.requests.length;
  const { logins } = lab.warehouse;
  await change(settingsWith(next));
  const { rows, error } = await query('warehouse', whoami);
  assert.deepEqual([rows, error, lab.warehouse.logins], [undefined, 'DP-SIGN-IN-REQUIRED', logins]);
  assert.deepEqual([gateway.counts().databaseSessions, lab.warehouse.sessions()], [0, []]);

  await signIn('lab', loginAt(lab.idp, 'bob'));
  const { ranAs } = await query('warehouse', whoami);
  assert.equal(ranAs?.user, 'BOB');
  const asked = lab.idp.requests.slice(from).flatMap(({ path, clientId }) => (path === '/token' ? [clientId] : []));
  assert.deepEqual([...new Set(asked)], [next]);

  await change(settingsWith(labClientId));
  assert.equal((await query('warehouse', whoami)).error, 'DP-SIGN-IN-REQUIRED');
  assert.deepEqual([...secrets.values.keys()], []);
});
