import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';

import { regionsOf } from '../lab/sampleData.ts';
import { openWorkbench, type Workbench } from './harness/browser.ts';
import { until } from './harness/driver.ts';

/** Another name for this machine, as a person has it behind a port forward or a proxy. */
const otherName = 'editor.example';
const question = 'Which orders can I see?';

describe('npm start', () => {
  let demonstration: Demonstration;
  let workbench: Workbench;

  before(async () => {
    demonstration = await startDemonstration();
  });
  after(async () => {
    await workbench?.close();
    demonstration?.kill();
  });

  test('says where to go, what to click and what to ask', () => {
    const text = demonstration.output();
    assert.match(text, new RegExp(`^Data Passport is ready: +${demonstration.url}$`, 'm'));
    for (const word of ['Sign In', 'Sign Out', question, 'Ctrl+C']) assert.ok(text.includes(word), word);
  });

  test('shows the view, what to try, and a chat with its model, under another host name', async () => {
    const address = new URL(demonstration.url);
    address.hostname = otherName;
    workbench = await openWorkbench({ url: address.href }, { pictures: 'start', hostNames: [otherName] });
    const { page } = workbench;
    await page.getByRole('button', { name: 'Sign In', exact: true }).first().waitFor();
    await page.getByText('Try Data Passport').first().waitFor();
    await page.locator('.interactive-session').getByText('Rules, not AI').first().waitFor();
    await workbench.screenshot('opened');
  });
});
