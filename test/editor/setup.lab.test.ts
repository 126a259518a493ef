import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { labClientId, postgresAudience, warehouseAudience } from '../lab/identityProvider.ts';
import { startGuide, type Guide } from './harness/guide.ts';
import { type Product, startProduct } from './product.ts';

const reporter = { name: 'reporter', password: 'correct horse battery' };

describe('set-up by a newcomer, in a real editor', () => {
  let product: Product;
  let guide: Guide;
  before(async () => {
    product = await startProduct({
      pictures: 'setup',
      passwordUser: reporter,
      settings: () => ({ 'dataPassport.identityProviders': {}, 'dataPassport.connections': {} }),
    });
    guide = startGuide(product.workbench);
  });
  after(() => product?.close());

  test('the walkthrough leads to a provider, which is saved when the login worked', async () => {
    const { workbench, lab, window } = product;
    await guide.click(workbench.page.getByRole('tab', { name: 'Data Passport' }));
    await guide.click(workbench.page.getByRole('button', { name: 'Show me how' }));
    await workbench.page.getByText("Name your company's login").first().waitFor();
    await workbench.screenshot('walkthrough');
    await guide.click(workbench.page.getByRole('button', { name: 'Add Identity Provider' }));
    await guide.pick('OpenID Connect');
    await guide.mistype('not an address', /Issuer:/, 'This must be a URL that starts with https://');
    await guide.type(lab.idp.issuer, /Issuer:/);
    await guide.type(labClientId, /Client id:/);
    await guide.pick(/^Flow/);
    await guide.pick('loopback');
    await workbench.screenshot('provider-more');
    await guide.pick('Continue');
    await workbench.screenshot('provider-end');
    const tab = await product.signInTab('alice', () => guide.pick('Sign In and Save'));
    await tab.close();
    await workbench.notification(/is in your settings/);
    await workbench.statusBarItem('alice@lab.example');
    await workbench.screenshot('provider-saved');
    assert.deepEqual(Object.values((await window.setting('dataPassport.identityProviders')) as object), [
      { issuer: lab.idp.issuer, clientId: labClientId, flow: 'loopback', title: new URL(lab.idp.issuer).hostname },
    ]);
  });

  test('a connection is tried before it is saved: a wrong host is named, mended, and the rest is kept', async () => {
    const { workbench, lab, window } = product;
    assert.ok(lab.postgres);
    await workbench.clickNotificationButton(/is in your settings/, 'Add Connection');
    await guide.pick('PostgreSQL');
    await guide.type('no-such-host.invalid', /Host:/);
    await guide.type(lab.postgres.database, /Database:/);
    await workbench.screenshot('connection-more');
    await guide.pick(/^Port/);
    await guide.type(String(lab.postgres.port), /Port:/);
    await guide.pick(/^Authentication/);
    await guide.pick('oauthbearer');
    await guide.pick(/^Token/);
    await workbench.screenshot('token-sources');
    await guide.pick('Access token');
    await guide.pick(/^Audience/);
    await guide.type(postgresAudience, /Audience:/);
    await guide.pick('Continue');
    await guide.pick('Continue');
    await guide.type('Coffee', /Name:/);
    await workbench.screenshot('agents');
    await guide.pick('Agents and I');
    await workbench.screenshot('connection-end');
    // The login was before the connection, so this provider wants to be asked once more.
    const tab = await product.signInTab('alice', () => guide.pick('Test and Save'));
    await tab.close();
    await workbench.notification(/can not be reached at no-such-host\.invalid/);
    await workbench.screenshot('wrong-host');
    await guide.pick('Change Host');
    await guide.type(lab.postgres.host, /Host:/);
    await workbench.notification(/Coffee works and is in your settings/);
    await workbench.page.getByRole('treeitem', { name: /Coffee, PostgreSQL, ready, alice/ }).waitFor();
    await workbench.screenshot('connection-saved');
    assert.deepEqual(await window.setting('dataPassport.connections'), {
      coffee: {
        title: 'Coffee',
        type: 'postgres',
        host: lab.postgres.host,
        database: lab.postgres.database,
        port: lab.postgres.port,
        authentication: 'oauthbearer',
        token: { audience: postgresAudience },
        identityProvider: '127-0-0-1',
        agents: true,
      },
    });
  });

  test('the first question is answered with the rows of the user', async () => {
    const { workbench, driver } = product;
    driver.model.script([
      { call: /_query$/, input: { sql: 'SELECT region, count(*) FROM coffee.orders GROUP BY region ORDER BY region' } },
      {
        text: (results) =>
          `Regions: ${(JSON.parse(results[0] ?? '{}') as { rows: [string][] }).rows.map(([region]) => region).join(' and ')}.`,
      },
    ]);
    await workbench.clickNotificationButton(/Coffee works and is in your settings/, 'Ask in Chat');
    await workbench.page.waitForTimeout(1500);
    await workbench.screenshot('first-question');
    await workbench.page.keyboard.press('Enter');
    await workbench.chatAnswer('Regions: north and west.');
    await workbench.screenshot('answered');
    assert.deepEqual(guide.count(), { clicks: 20, inputs: 9 });
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a wrong password is told as one, and entered again without anything else', async () => {
    const { workbench, lab } = product;
    assert.ok(lab.postgres);
    await workbench.command('Data Passport: Add Connection…');
    await guide.pick('PostgreSQL');
    await guide.type(lab.postgres.host, /Host:/);
    await guide.type(lab.postgres.database, /Database:/);
    await guide.pick(/^Port/);
    await guide.type(String(lab.postgres.port), /Port:/);
    await guide.pick(/^Token/);
    await guide.pick('Shared secret');
    await guide.pick(/^User/);
    await guide.type(reporter.name, /User:/);
    await guide.pick('Continue');
    await guide.pick('Continue');
    await guide.type('Reports', /Name:/);
    await guide.pick('Only I');
    await guide.pick('Test and Save');
    await guide.type('not this one', /kept in the secret storage/);

    await workbench.notification(/refused .*reporter/);
    await workbench.screenshot('wrong-password');
    await guide.pick(/^Enter the .* again/);
    await guide.type(reporter.password, /kept in the secret storage/);
    await workbench.notification(/Reports works and is in your settings. You are reporter/);
    await workbench.page
      .getByRole('treeitem', { name: /Reports, PostgreSQL, ready, reporter, .*not for agents/ })
      .waitFor();
    await workbench.screenshot('password-saved');
    await workbench.command('Notifications: Clear All Notifications');
  });

  test('a role that the user does not have is named, and another one is chosen', async () => {
    const { workbench, lab } = product;
    await workbench.command('Data Passport: Add Connection…');
    await guide.pick('Snowflake');
    await guide.type('coffee-lab_eu', /Account:/);
    await guide.pick(/^Role/);
    await guide.type('AUDITOR', /Role:/);
    await guide.pick(/^Host/);
    await guide.type('127.0.0.1', /Host:/);
    await guide.pick(/^Port/);
    await guide.type(String(lab.warehouse.port), /Port:/);
    await guide.pick(/^Protocol/);
    await guide.pick('http');
    await guide.pick(/^Token/);
    await guide.pick('Access token');
    await guide.pick(/^Audience/);
    await guide.type(warehouseAudience, /Audience:/);
    await guide.pick('Continue');
    await guide.pick('Continue');
    await workbench.screenshot('who-signs-in');
    await guide.pick('127.0.0.1');
    await guide.type('Warehouse', /Name:/);
    await guide.pick('Agents and I');
    await (await product.signInTab('alice', () => guide.pick('Test and Save'))).close();
    await workbench.notification(/role AUDITOR is not available/);
    await workbench.screenshot('missing-role');
    await guide.pick('Change Role');
    await (await product.signInTab('alice', () => guide.type('ANALYST', /Role:/))).close();
    await workbench.notification(/Warehouse works and is in your settings. You are ALICE with role ANALYST/);
    await workbench.screenshot('role-saved');
  });
});
