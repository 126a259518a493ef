import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../../lab/identityProvider.ts';
import { postgres, warehouse } from '../window.ts';
import { machine, type Machine, type WindowProcess } from './processes.ts';

interface State {
  readonly leading: boolean;
  readonly accounts: readonly { readonly label: string }[];
  readonly ended?: unknown;
  readonly saved: boolean;
}

describe('five windows, each a process of its own, at one provider with reuse detection', () => {
  let idp: LabIdentityProvider;
  let here: Machine;
  before(async () => {
    idp = await startIdentityProvider({ accessTokenSeconds: 600 });
  });
  after(() => idp.close());
  afterEach(async () => {
    idp.recover();
    idp.setAccessTokenSeconds(600);
    await here.close();
  });

  const refreshes = (): number => idp.requests.filter(({ grantType }) => grantType === 'refresh_token').length;
  const stateOf = (window: WindowProcess): Promise<State> => window.ask({ name: 'state' });

  async function windows(count: number): Promise<readonly WindowProcess[]> {
    here = machine(idp);
    return Promise.all(Array.from({ length: count }, () => here.open()));
  }

  async function leaderOf(all: readonly WindowProcess[]): Promise<WindowProcess> {
    const states = await Promise.all(all.map(stateOf));
    const leaders = all.filter((_window, index) => states[index]?.leading);
    assert.equal(leaders.length, 1);
    return leaders[0] as WindowProcess;
  }

  async function signIn(window: WindowProcess | undefined, all: readonly WindowProcess[]): Promise<void> {
    await window?.ask({ name: 'signIn', idp: { issuer: idp.issuer }, user: 'alice' });
    for (const each of all) await until(async () => (await stateOf(each)).accounts.length === 1);
  }

  test('F2, F16: all wake at once: one token request each time, one token for all, and the grant lives on', async () => {
    const all = await windows(5);
    await leaderOf(all);
    await signIn(all[3], all);
    idp.setAccessTokenSeconds(2);
    for (let round = 0; round < 4; round += 1) {
      const before = refreshes();
      const tokens = await Promise.all(all.map((window) => window.ask<string>({ name: 'token', request: postgres })));
      assert.deepEqual([refreshes() - before, new Set(tokens).size], [1, 1]);
      await delay(2100);
    }
    const states = await Promise.all(all.map(stateOf));
    assert.deepEqual(
      states.map(({ accounts, saved }) => [accounts.length, saved]),
      states.map(() => [1, true]),
    );
  });

  test('F6: the window that refreshes is killed in the middle of it: another one takes over, and nobody is signed out', async () => {
    const all = await windows(5);
    const leader = await leaderOf(all);
    await signIn(leader, all);
    const others = all.filter((window) => window !== leader);
    idp.stall(1500, { dropAbandoned: true });
    const calls = others.map((window) => window.ask({ name: 'audience', request: postgres }));
    await until(async () => pendingTokenRequests(idp) > 0);
    leader.signal('SIGKILL');
    await leader.ended;
    assert.deepEqual(new Set(await Promise.all(calls)), new Set([postgresAudience]));
    await leaderOf(others);
    const states = await Promise.all(others.map(stateOf));
    assert.deepEqual(
      states.map(({ accounts, ended }) => [accounts.length, ended]),
      states.map(() => [1, undefined]),
    );
  });

  test('a window that closes hands over, and each of the rest can be the last', async () => {
    const all = [...(await windows(3))];
    await signIn(all[0], all);
    while (all.length > 0) {
      const leader = await leaderOf(all);
      const [audience] = await Promise.all(all.map((window) => window.ask({ name: 'audience', request: warehouse })));
      assert.notEqual(audience, undefined);
      assert.equal(
        await leader.ask({ name: 'token', request: postgres, renews: '*' }).then(() => 'renewed'),
        'renewed',
      );
      await leader.ask({ name: 'close' });
      leader.signal('SIGKILL');
      all.splice(all.indexOf(leader), 1);
      await until(async () => all.length === 0 || (await Promise.all(all.map(stateOf))).some(({ leading }) => leading));
    }
  });

  test('a window that hangs is overtaken, and wakes up as one that leads no more', async () => {
    const all = await windows(3);
    const leader = await leaderOf(all);
    await signIn(leader, all);
    const others = all.filter((window) => window !== leader);
    leader.signal('SIGSTOP');
    const audiences = await Promise.all(others.map((window) => window.ask({ name: 'audience', request: postgres })));
    assert.deepEqual(new Set(audiences), new Set([postgresAudience]));
    const before = refreshes();
    leader.signal('SIGCONT');
    await Promise.all(all.map((window) => window.ask({ name: 'audience', request: postgres })));
    assert.equal(refreshes() - before, 0);
    await until(async () => !(await stateOf(leader)).leading);
  });

  test('F5: a sign-in that is revoked ends once, in every window, and a sign-out as well', async () => {
    const all = await windows(3);
    await signIn(all[0], all);
    idp.revokeRefreshTokens('alice');
    const codes = await Promise.all(
      all.map((window) => window.ask({ name: 'audience', request: postgres }).catch(String)),
    );
    assert.deepEqual(new Set(codes), new Set(['Error: DP-SIGN-IN-ENDED']));
    for (const each of all) await until(async () => (await stateOf(each)).ended !== undefined);
    await signIn(all[1], all);
    await all[2]?.ask({ name: 'signOut', subject: 'alice' });
    for (const each of all) {
      await until(async () => (await stateOf(each)).accounts.length === 0);
      assert.equal((await stateOf(each)).ended, undefined);
    }
  });

  test('F34: where each window has a storage of its own, every one of them keeps the newest token', async () => {
    here = machine(idp);
    const all = [await here.open({}), await here.open({}), await here.open({})];
    await signIn(all[1], all);
    for (let round = 0; round < 3; round += 1) await all[2]?.ask({ name: 'token', request: postgres, renews: '*' });
    const stored = async (window: WindowProcess | undefined): Promise<string> =>
      JSON.stringify(await window?.ask({ name: 'stored' }));
    await until(async () => new Set(await Promise.all(all.map(stored))).size === 1);
    const old = (await all[0]?.ask<Record<string, string>>({ name: 'stored' })) ?? {};
    await all[2]?.ask({ name: 'token', request: postgres, renews: '*' });
    // A tab whose copy is from before the last rotation.
    const late = await here.open(old);
    const leader = await leaderOf([...all, late]);
    leader.signal('SIGKILL');
    const rest = [...all, late].filter((window) => window !== leader);
    const tokens = await Promise.all(
      rest.map((window) => window.ask<string>({ name: 'token', request: postgres, renews: '*' })),
    );
    assert.ok(tokens.every((token) => token.length > 100));
    assert.deepEqual(
      (await Promise.all(rest.map(stateOf))).map(({ accounts }) => accounts.length),
      rest.map(() => 1),
    );
  });
});

function pendingTokenRequests(idp: LabIdentityProvider): number {
  return idp.requests.filter(({ path, status }) => path === '/token' && status === undefined).length;
}

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await delay(20);
}
