import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { directNetwork } from '../../src/core/network.ts';
import { createGatewayProcess, type GatewayProcess } from '../../src/extension/gatewayProcess.ts';
import { keptLog } from '../support/keptLog.ts';
import { doctorOf, openWorld, outline, patient, quietly, type World } from './ground.ts';

describe('Through a gateway in a process of its own', () => {
  let world: World;
  let gateway: GatewayProcess | undefined;
  before(async () => {
    world = await openWorld();
  });
  after(async () => {
    gateway?.dispose();
    await world?.close();
  });

  test('a diagnosis sees the same links, and its words have no token', async () => {
    const { passport, close } = await patient(world, {
      settings: world.changed('warehouse', {}),
      connection: 'warehouse',
    });
    gateway = createGatewayProcess({
      ...keptLog(),
      entry: fileURLToPath(new URL('../../src/gateway/main.ts', import.meta.url)),
      clock: passport.clock,
      connections: passport.overview.wireConnections,
      network: { current: () => directNetwork, systemCertificates: () => true },
      credential: (id, slot, wish) => passport.credentials.get(passport.connection(id), slot, wish),
      signInPage: async () => undefined,
      crashed: async () => undefined,
    });
    const own = { ...passport, gateway: { ...passport.gateway, diagnose: gateway.diagnose } };
    const whole = await doctorOf(own).diagnose('warehouse', quietly());
    world.lab.warehouse.refuseLogins('390303');
    // Sessions that are open serve on: a sign-out ends them.
    await gateway.signedOut('lab');
    const refused = await doctorOf(own).diagnose('warehouse', quietly());
    const unknown = await gateway.diagnose('nothing');
    await close();
    assert.ok(
      whole.links.every(({ state }) => state === 'ok'),
      outline(whole),
    );
    assert.match(outline(refused), /reach ok, login broken, whoami notChecked, query notChecked$/);
    assert.equal(unknown[0]?.error?.code, 'DP-CONNECTION-UNKNOWN');
    for (const { value } of world.lab.idp.issued) assert.ok(!JSON.stringify([whole, refused]).includes(value));
  });
});
