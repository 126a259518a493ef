import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import type { Frame } from 'playwright-core';

import { until } from './harness/driver.ts';
import { type Product, startProduct } from './product.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const byRegion =
  'SELECT region, count(*) AS orders, sum(amount) AS total FROM coffee.orders GROUP BY region ORDER BY region';
/** More than the connection allows. */
const many = `SELECT a.order_id AS id, a.region, a.order_date, b.order_id AS other, a.amount FROM coffee.orders a CROSS JOIN coffee.orders b LIMIT 12000`;
const themes = ['Dark 2026', 'Light 2026', 'Default High Contrast', 'Default High Contrast Light', 'Dark Modern'];

describe('rows in the chat of a real editor', () => {
  let product: Product;
  before(async () => {
    product = await startProduct({
      pictures: 'results',
      settings: (lab) => {
        const connections = lab.settings['dataPassport.connections'] as Readonly<Record<string, object>>;
        const limits = { rows: 10_000, bytes: 10_000_000 };
        return { 'dataPassport.connections': { ...connections, warehouse: { ...connections['warehouse'], limits } } };
      },
    });
    await product.signIn('alice');
    await product.workbench.command('Notifications: Clear All Notifications');
  });
  after(() => product?.close());

  let asked = 0;

  /** Lets the agent run a statement, and finds the page that shows its result. */
  async function shown(sql: string, more: object = {}): Promise<Frame> {
    const { driver, window, workbench } = product;
    asked += 1;
    // A chat of its own: a list of answers makes and drops their frames while it scrolls.
    await window.executeCommand('workbench.action.chat.newChat');
    const gone = async (): Promise<true | undefined> => ((await pages()).length === 0 ? true : undefined);
    await until(gone, 20_000, 'The page of the chat before is still there');
    driver.model.script([
      { call: /_query$/, input: { connection: 'warehouse', sql, ...more } },
      { text: `Answer ${asked}.` },
    ]);
    await window.askAgent(`Question ${asked}?`);
    await workbench.chatAnswer(`Answer ${asked}.`);
    const page = await until(async () => (await pages())[0], 20_000, 'No page appeared in the chat');
    await page.locator('.result, .failure').waitFor();
    return page;
  }

  /** The frames that hold the page; the editor puts two of its own around each. */
  async function pages(): Promise<readonly Frame[]> {
    const found: Frame[] = [];
    for (const frame of product.workbench.page.frames()) {
      const title = await frame.title().catch(() => '');
      if (title === 'Query results') found.push(frame);
    }
    return found;
  }

  async function violations(frame: Frame): Promise<readonly string[]> {
    await frame.evaluate(`${axe};0`);
    return frame.evaluate(
      'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html, failureSummary }) => html.slice(0, 120) + failureSummary).join(" | ")))',
    );
  }

  test('the result of an agent is a grid in the colors of each theme, and breaks no rule of accessibility', async () => {
    const { window, workbench } = product;
    const page = await shown(byRegion);
    assert.deepEqual(await page.locator('.body [aria-colindex="1"]').allTextContents(), ['north', 'west']);
    await page.getByText(/as ALICE \(ANALYST\)/).waitFor();
    for (const theme of themes) {
      await window.updateSetting('workbench.colorTheme', theme);
      await page.locator(`html[data-theme="${/Light/.test(theme) ? 'light' : 'dark'}"]`).waitFor();
      await page.getByRole('button', { name: 'Table' }).click();
      await page.getByRole('columnheader', { name: 'orders' }).focus();
      assert.deepEqual([theme, await violations(page)], [theme, []]);
      await workbench.screenshot(`${theme.replaceAll(' ', '-')}-grid`);
      await page.getByRole('button', { name: 'Chart', exact: true }).click();
      await page.getByRole('img', { name: /^Bar chart of/ }).waitFor();
      assert.deepEqual([theme, await violations(page)], [theme, []]);
      await workbench.screenshot(`${theme.replaceAll(' ', '-')}-chart`);
    }
  });

  test('sorting works in it, and copying reaches the clipboard', async () => {
    const page = await shown(byRegion);
    const header = page.getByRole('columnheader', { name: 'region' });
    await header.click();
    await header.press('Enter');
    assert.deepEqual(await page.locator('.body [aria-colindex="1"]').allTextContents(), ['west', 'north']);
    await product.workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy as CSV' }).click();
    await page.getByText('Copied 2 rows').waitFor();
  });

  test('more rows are loaded without the model hearing of them, and ten thousand scroll', async () => {
    const { driver, workbench } = product;
    const page = await shown(many, { maxRows: 5 });
    const requests = driver.model.requests.length;
    await page.getByText('Cut after 5 rows.').waitFor();
    await workbench.screenshot('cut');
    const load = page.getByRole('button', { name: 'Load more' });
    for (const count of ['500', '2,000', '8,000', '10,000']) {
      await load.click();
      await page.locator('.count').getByText(`${count} rows`, { exact: true }).waitFor();
    }
    await page.getByText('The connection allows 10,000 rows. Raise limits.rows of the connection').waitFor();
    assert.equal(driver.model.requests.length, requests);
    const grid = page.getByRole('grid');
    assert.equal(await grid.getAttribute('aria-rowcount'), '10001');
    await grid.evaluate((element) => void ((element as unknown as { scrollTop: number }).scrollTop = 120_000));
    await page.locator('[aria-rowindex="5460"]').waitFor();
    assert.ok((await page.locator('.body > .row').count()) < 50);
    assert.deepEqual(await violations(page), []);
    await workbench.screenshot('scrolled');
  });

  test('a refused statement shows what was refused and what to do', async () => {
    const page = await shown('DELETE FROM coffee.orders');
    await page.locator('code', { hasText: 'DP-READ-ONLY' }).waitFor();
    await page.getByText('Send a single SELECT').waitFor();
    assert.deepEqual(await violations(page), []);
    await product.workbench.screenshot('refused');
  });
});
