import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Frame, Locator } from 'playwright-core';

import { type Ground, startGround } from './ground.ts';
import { themes, type ThemeName } from './themes.ts';

const columns = [
  { name: 'order_id', type: 'integer' },
  { name: 'region', type: 'text' },
  { name: 'day', type: 'date' },
  { name: 'total', type: 'numeric' },
  { name: 'comment', type: 'text' },
];
const rows = Array.from({ length: 12 }, (_, index) => [
  index + 1,
  ['north', 'west', 'south', 'east'][index % 4] ?? '',
  `2026-${String(1 + (index % 9)).padStart(2, '0')}-15`,
  (1234.5 * ((index * 7) % 11)).toFixed(2),
  index % 3 === 0 ? null : `Note ${index}`,
]);

interface Shape {
  readonly columns?: readonly object[];
  readonly rows?: readonly (readonly unknown[])[];
  readonly page?: object;
}

function result({ page, ...shape }: Shape = {}): object {
  const output = {
    columns,
    rows,
    elapsedMs: 42,
    truncated: page !== undefined,
    ranAs: { user: 'ALICE', role: 'ANALYST' },
    ...shape,
  };
  return {
    content: [{ type: 'text', text: JSON.stringify(output) }],
    structuredContent: output,
    ...(page && { _meta: { 'data-passport/page': page } }),
  };
}

const refused = {
  isError: true,
  content: [{ type: 'text', text: 'DP-READ-ONLY: This connection only reads.' }],
  structuredContent: {
    error: {
      code: 'DP-READ-ONLY',
      message: 'This connection only reads: DROP changes data.',
      whoCanFix: 'agent',
      fix: 'Send a single SELECT statement.',
      detail: 'at character 1',
      retry: false,
    },
  },
};

/** A table as large as the page has to carry. */
const large = {
  columns: Array.from({ length: 20 }, (_, column) => ({ name: `c${column}`, type: column % 2 ? 'text' : 'integer' })),
  rows: Array.from({ length: 10_000 }, (_, row) =>
    Array.from({ length: 20 }, (__, column) => (column % 2 ? `r${row}c${column}` : row * 100 + column)),
  ),
};

describe('the page that shows rows, in a browser', () => {
  let ground: Ground;
  before(async () => {
    ground = await startGround();
  });
  after(() => ground?.close());

  async function open(shape: Shape | object = {}, options: Parameters<Ground['open']>[0] = {}): Promise<Frame> {
    const frame = await ground.open(options);
    await ground.host('input', { sql: 'SELECT 1', connection: 'sales', maxRows: 12 });
    await ground.host('result', 'content' in shape ? shape : result(shape));
    await frame.locator('.result, .failure').waitFor();
    return frame;
  }

  const texts = (frame: Frame, column: number): Promise<string[]> =>
    frame.locator(`.body [aria-colindex="${column}"]`).allTextContents();
  const cell = (frame: Frame, line: number, column: number): Locator =>
    frame.locator(`[aria-rowindex="${line}"] [aria-colindex="${column}"]`);
  const focused = (frame: Frame): Promise<string> =>
    frame.evaluate(
      `[document.activeElement.parentElement.getAttribute('aria-rowindex'), document.activeElement.getAttribute('aria-colindex')].join(' ')`,
    );
  const clipboard = (): Promise<string> => ground.page.evaluate('navigator.clipboard.readText()');

  for (const theme of Object.keys(themes) as ThemeName[]) {
    test(`rows, chart and failure break no rule of accessibility in ${theme}`, async () => {
      const frame = await open({ page: { cutAt: 'rows', mostRows: 100 } }, { theme });
      await frame.getByRole('columnheader', { name: 'total' }).click();
      assert.deepEqual(await ground.violations(), []);
      await ground.picture(`${theme}-grid`);
      await frame.getByRole('button', { name: 'Filter by column' }).click();
      await cell(frame, 3, 5).dblclick();
      assert.deepEqual(await ground.violations(), []);
      await ground.picture(`${theme}-filters`);
      await frame.getByRole('button', { name: 'Chart', exact: true }).click();
      await frame.getByRole('img').focus();
      await ground.page.keyboard.press('ArrowRight');
      assert.deepEqual(await ground.violations(), []);
      await ground.picture(`${theme}-chart`);
      await open(refused, { theme });
      assert.deepEqual(await ground.violations(), []);
      await ground.picture(`${theme}-failure`);
    });
  }

  test('a header sorts up, down and not at all, by click and by key, and says so', async () => {
    const frame = await open();
    const header = frame.getByRole('columnheader', { name: 'total' });
    const given = await texts(frame, 4);
    const numbers = given.map(Number).sort((one, other) => one - other);
    await header.click();
    assert.deepEqual((await texts(frame, 4)).map(Number), numbers);
    assert.equal(await header.getAttribute('aria-sort'), 'ascending');
    await header.press('Enter');
    assert.deepEqual((await texts(frame, 4)).map(Number), numbers.toReversed());
    assert.equal(await header.getAttribute('aria-sort'), 'descending');
    await header.press(' ');
    assert.deepEqual([await texts(frame, 4), await header.getAttribute('aria-sort')], [given, 'none']);
    assert.equal(await focused(frame), '1 4');
  });

  test('the filters of the result and of single columns narrow the rows and say how many are left', async () => {
    const frame = await open();
    const status = frame.locator('.count');
    await frame.getByRole('textbox', { name: 'Filter rows' }).fill('NORTH');
    await status.getByText('3 of 12 rows').waitFor();
    assert.deepEqual(await texts(frame, 2), ['north', 'north', 'north']);
    await frame.getByRole('button', { name: 'Filter by column' }).click();
    await frame.getByRole('textbox', { name: 'Filter order_id' }).fill('>1');
    await status.getByText('2 of 12 rows').waitFor();
    assert.deepEqual(await texts(frame, 1), ['5', '9']);
    await frame.getByRole('textbox', { name: 'Filter region' }).fill('nowhere');
    await frame.getByText('No rows match the filter.').waitFor();
    await frame.getByRole('button', { name: 'Filter by column' }).click();
    await status.getByText('3 of 12 rows').waitFor();
    await frame.getByRole('textbox', { name: 'Filter rows' }).press('Escape');
    await status.getByText('12 rows', { exact: true }).waitFor();
  });

  test('the keys walk over the grid, and one cell at a time can be reached with Tab', async () => {
    const frame = await open();
    const { keyboard } = ground.page;
    await frame.getByRole('columnheader', { name: 'order_id' }).focus();
    const steps: readonly (readonly [string, string])[] = [
      ['ArrowDown', '2 1'],
      ['ArrowRight', '2 2'],
      ['End', '2 5'],
      ['Control+End', '13 5'],
      ['PageUp', '2 5'],
      ['Control+Home', '1 1'],
      ['ArrowLeft', '1 1'],
      ['Control+ArrowDown', '13 1'],
    ];
    for (const [key, place] of steps) {
      await keyboard.press(key);
      assert.deepEqual([key, await focused(frame)], [key, place]);
      assert.equal(await frame.locator('.grid [tabindex="0"]').count(), 1);
    }
    await keyboard.press('Enter');
    assert.equal(await frame.getByRole('region', { name: 'Value of order_id' }).locator('pre').textContent(), '12');
    await keyboard.press('Escape');
    assert.equal(await focused(frame), '13 1');
  });

  test('arrows in the filter of a column move the caret first, then the place', async () => {
    const frame = await open();
    const { keyboard } = ground.page;
    await frame.getByRole('button', { name: 'Filter by column' }).click();
    const filter = frame.getByRole('textbox', { name: 'Filter region' });
    await filter.focus();
    await keyboard.type('st');
    await frame.locator('.count').getByText('6 of 12 rows').waitFor();
    await keyboard.press('ArrowLeft');
    await keyboard.type('e');
    assert.equal(await filter.inputValue(), 'set');
    await keyboard.press('ArrowUp');
    assert.equal(await focused(frame), '1 2');
    await keyboard.press('ArrowDown');
    assert.equal(await frame.evaluate('document.activeElement.value'), 'set');
  });

  test('what is copied are the rows that are shown, in their order', async () => {
    const frame = await open();
    await frame.getByRole('textbox', { name: 'Filter rows' }).fill('north');
    await frame.getByRole('columnheader', { name: 'order_id' }).click();
    await frame.getByRole('columnheader', { name: 'order_id' }).click();
    await frame.getByRole('button', { name: 'Copy as CSV' }).click();
    await frame.getByText('Copied 3 rows').waitFor();
    assert.deepEqual((await clipboard()).split('\r\n'), [
      'order_id,region,day,total,comment',
      '9,north,2026-09-15,1234.50,Note 8',
      '5,north,2026-05-15,7407.00,Note 4',
      '1,north,2026-01-15,0.00,',
      '',
    ]);
    await frame.getByRole('button', { name: 'Copy as Markdown' }).click();
    await frame.getByText('Copied 3 rows').waitFor();
    assert.match(await clipboard(), /^\| order_id \| region \|.*\n\| ---: \| --- \|.*\n\| 9 \| north \|/);
    await cell(frame, 3, 4).click();
    await ground.page.keyboard.press('Control+c');
    await frame.getByText('Copied the value').waitFor();
    assert.equal(await clipboard(), '7407.00');
  });

  test('an editor that keeps the clipboard from the frame still lets a click copy', async () => {
    const frame = await open();
    await ground.page.evaluate("navigator.clipboard.writeText('before')");
    await frame.evaluate(
      "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('denied')) } })",
    );
    await frame.getByRole('button', { name: 'Copy as CSV' }).click();
    await frame.getByText('Copied 12 rows').waitFor();
    assert.match(await clipboard(), /^order_id,region,day,total,comment\r\n1,north,/);
  });

  test('more rows are loaded by running the statement again, up to what the connection allows', async () => {
    const frame = await open({ page: { cutAt: 'rows', mostRows: 20 } });
    await frame.getByText('Runs the statement again').waitFor();
    await frame.getByRole('columnheader', { name: 'order_id' }).click();
    const more = Array.from({ length: 20 }, (_, index) => [20 - index, 'x', null, '1', null]);
    await ground.host('answerWith', { result: result({ rows: more, page: { cutAt: 'rows', mostRows: 20 } }) });
    await frame.getByRole('button', { name: 'Load more' }).click();
    await frame.getByText('Running the statement again…').waitFor();
    await frame.getByText('Loaded 20 rows').waitFor();
    assert.deepEqual(await ground.host('calls'), [
      { name: 'more_rows', arguments: { sql: 'SELECT 1', connection: 'sales', maxRows: 20 } },
    ]);
    assert.deepEqual((await texts(frame, 1)).slice(0, 3), ['1', '2', '3']);
    await frame
      .getByText('Cut after 20 rows. The connection allows 20 rows. Raise limits.rows of the connection')
      .waitFor();
    assert.equal(await frame.getByRole('button', { name: 'Load more' }).isVisible(), false);
  });

  test('when more rows can not be loaded the rows stay, and the reason stands below them', async () => {
    const frame = await open({ page: { cutAt: 'rows', mostRows: 100 } });
    await ground.host('answerWith', { result: refused });
    await frame.getByRole('button', { name: 'Load more' }).click();
    await frame
      .getByText(/could not be loaded\. This connection only reads.*Send a single SELECT.*\(DP-READ-ONLY\)/)
      .waitFor();
    await ground.host('answerWith', { error: 'the server has stopped' });
    await frame.getByRole('button', { name: 'Load more' }).click();
    await frame.getByText(/the server has stopped/).waitFor();
    assert.equal((await texts(frame, 1)).length, 12);
  });

  test('each kind of chart draws the rows that are shown, with a name and a description', async () => {
    const frame = await open();
    await frame.getByRole('textbox', { name: 'Filter rows' }).fill('note');
    await frame.getByRole('button', { name: 'Chart', exact: true }).click();
    const chart = frame.getByRole('img');
    const name = 'of total by day. 8 values. Lowest 0.00 at 2026-03-15, highest 8641.50 at 2026-02-15.';
    for (const [choice, title, mark] of [
      ['line', 'Line chart', '.line circle'],
      ['bar', 'Bar chart', '.bars rect'],
      ['scatter', 'Scatter chart', '.points circle'],
    ] as const) {
      await frame.getByRole('combobox', { name: 'Chart' }).selectOption(choice);
      assert.equal(await chart.getAttribute('aria-label'), `${title} ${name}`);
      assert.equal(await frame.locator(mark).count(), 8);
      await ground.picture(`chart-${choice}`);
    }
    await frame.getByRole('combobox', { name: 'Across' }).selectOption('Row number');
    await chart.focus();
    await ground.page.keyboard.press('End');
    await frame.getByText('8: 0.00').waitFor();
  });

  test('without numbers the chart says that there is nothing to draw', async () => {
    const frame = await open({ columns: [{ name: 'a', type: 'text' }], rows: [['x']] });
    await frame.getByRole('button', { name: 'Chart', exact: true }).click();
    await frame.getByText('No column holds numbers, so there is nothing to draw.').waitFor();
  });

  test('a failure shows the sentence, the fix and the code; an empty result and a canceled call say what they are', async () => {
    const failed = await open(refused);
    for (const text of [
      'This connection only reads: DROP changes data.',
      'at character 1',
      'Send a single SELECT statement.',
      'DP-READ-ONLY',
    ]) {
      await failed
        .getByText(text, { exact: true })
        .or(failed.locator('p', { hasText: text }))
        .first()
        .waitFor();
    }
    const empty = await open({ rows: [] });
    await empty.getByText('The query returned no rows.').waitFor();
    assert.deepEqual(await empty.getByRole('columnheader').count(), 5);
    assert.deepEqual(await ground.violations(), []);
    await ground.picture('empty');
    const canceled = await ground.open();
    await canceled.getByText('Running the query…').waitFor();
    await ground.host('canceled');
    await canceled.getByText('The query was canceled.').waitFor();
    assert.deepEqual(await ground.violations(), []);
  });

  test('what the database holds stays text: no element, no link, no hidden character comes of it', async () => {
    const hostile = [
      '<img src=x onerror="document.title=1">',
      '<script>document.title=1</script>',
      'https://evil.example',
      'a\u202egnp.exe',
      'two\nlines\u0000',
      '‮'.repeat(3),
    ];
    const evil = {
      columns: [
        { name: '<b>bold</b>\u202e', type: '"><img src=x onerror=alert(1)>' },
        { name: 'n', type: 'integer' },
      ],
      rows: hostile.map((text, index) => [text, index]),
    };
    const frame = await open(evil);
    assert.deepEqual(await texts(frame, 1), [
      hostile[0],
      hostile[1],
      hostile[2],
      'a⟨U+202E⟩gnp.exe',
      'two↵lines␀',
      '⟨U+202E⟩⟨U+202E⟩⟨U+202E⟩',
    ]);
    await cell(frame, 2, 1).dblclick();
    await frame.getByRole('button', { name: 'Chart', exact: true }).click();
    await frame.getByRole('img').focus();
    await ground.page.keyboard.press('Home');
    assert.equal(await frame.locator('main :is(img, script, a, b, iframe)').count(), 0);
    assert.equal(await frame.title(), 'Query results');
    await ground.picture('hostile');
    assert.deepEqual(ground.complaints, []);
  });

  test('the page has no way into the network and runs no other script', async () => {
    const frame = await open();
    const before = ground.complaints.length;
    const tried = await frame.evaluate(`(async () => {
      const failed = (promise) => promise.then(() => 'went through', () => 'refused');
      const script = document.createElement('script');
      script.textContent = 'document.title = "ran"';
      document.head.append(script);
      const image = new Image();
      const loaded = new Promise((resolve) => { image.onload = () => resolve('went through'); image.onerror = () => resolve('refused'); });
      image.src = '/page';
      return [await failed(fetch('/page')), await loaded, document.title];
    })()`);
    assert.deepEqual(tried, ['refused', 'refused', 'Query results']);
    (ground.complaints as string[]).splice(before);
  });

  test('ten thousand rows and twenty columns need elements for what is seen alone, and each stands in its place', async () => {
    const frame = await open(large);
    const grid = frame.getByRole('grid');
    assert.deepEqual(
      [await grid.getAttribute('aria-rowcount'), await grid.getAttribute('aria-colcount')],
      ['10001', '20'],
    );
    for (const top of [0, 5000, 110_000, 219_000, 64_321]) {
      await grid.evaluate((element, to) => void ((element as unknown as { scrollTop: number }).scrollTop = to), top);
      const first = await grid.evaluate((element) => (element as unknown as { scrollTop: number }).scrollTop);
      const index = Math.ceil(first / 22) + 1;
      await cell(frame, index + 2, 2).waitFor();
      assert.equal(await cell(frame, index + 2, 2).textContent(), `r${index}c1`);
      const box = await cell(frame, index + 2, 2).boundingBox();
      const head = await frame.locator('.head').boundingBox();
      assert.ok(
        box && head && Math.abs(box.y - (head.y + head.height + index * 22 - first)) < 1.5,
        JSON.stringify({ box, head, first, index }),
      );
      assert.ok((await frame.locator('.body > .row').count()) < 45);
      assert.ok((await frame.locator('.body .cell').count()) < 45 * 12);
    }
    await grid.evaluate((element) => void ((element as unknown as { scrollLeft: number }).scrollLeft = 5000));
    await frame.locator('.body [aria-colindex="20"]').first().waitFor();
    await frame.getByRole('textbox', { name: 'Filter rows' }).fill('r9999c');
    await frame.locator('.count').getByText('1 of 10,000 rows').waitFor();
    await ground.picture('large');
  });

  test('the focus stays on a cell that is scrolled out of sight', async () => {
    const frame = await open(large);
    await cell(frame, 3, 1).click();
    await frame
      .getByRole('grid')
      .evaluate((element) => void ((element as unknown as { scrollTop: number }).scrollTop = 100_000));
    await frame.getByText('r4550c1', { exact: true }).waitFor();
    assert.equal(await focused(frame), '3 1');
    await ground.page.keyboard.press('ArrowDown');
    assert.equal(await focused(frame), '4 1');
    await ground.page.keyboard.press('Control+End');
    assert.equal(await focused(frame), '10001 20');
  });

  test('it fits into a narrow chat and speaks the language of the editor', async () => {
    const frame = await open({ page: { cutAt: 'rows', mostRows: 100 } }, { width: 380, locale: 'de' });
    await frame.getByRole('button', { name: 'Mehr laden' }).waitFor();
    assert.equal(
      await frame.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
      true,
    );
    assert.equal(await frame.evaluate('document.documentElement.lang'), 'de');
    assert.deepEqual(await ground.violations(), []);
    await ground.picture('narrow');
  });

  test('the editor is told the height that the page needs, and gets colors in while it is open', async () => {
    const frame = await open();
    const height = await frame.evaluate('document.querySelector("main").getBoundingClientRect().height');
    const given = await ground.page.locator('iframe').boundingBox();
    assert.equal(given?.height, Math.ceil(height as number));
    await ground.host('context', {
      theme: 'light',
      styles: { variables: { '--color-background-primary': '#fdf6e3' } as never },
    });
    await frame.locator('html[data-theme="light"]').waitFor();
    assert.equal(await frame.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(253, 246, 227)');
  });

  test('nothing was asked of the network, and nothing failed in any of these pages', () => {
    assert.deepEqual(ground.complaints, []);
  });
});
