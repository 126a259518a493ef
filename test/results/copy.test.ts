import assert from 'node:assert/strict';
import { test } from 'node:test';

import { csv, markdown } from '../../src/results/copy.ts';
import { typed } from '../../src/results/rows.ts';
import { visible, visibleLines } from '../../src/results/visible.ts';

const columns = typed([
  { name: 'name', type: 'text' },
  { name: 'amount', type: 'numeric' },
]);

test('CSV has a header, CRLF after each record, and quotes where RFC 4180 wants them', () => {
  const rows = [
    ['plain', '1.50'],
    ['a "b", c', null],
    ['two\nlines', true],
  ];
  assert.equal(csv(columns, rows), 'name,amount\r\nplain,1.50\r\n"a ""b"", c",\r\n"two\nlines",true\r\n');
});

test('a text that a spreadsheet would run gets an apostrophe, a number does not', () => {
  const values = ['=1+1', '+1', '-5', '-2e3', '@sum', '-cmd|x', '\tx', '＝1', '- a', 'a=b', '+49 30'];
  assert.deepEqual(
    csv(
      [{ name: 'v', type: 'text' }],
      values.map((value) => [value]),
    )
      .split('\r\n')
      .slice(1, -1),
    ["'=1+1", '+1', '-5', '-2e3', "'@sum", "'-cmd|x", "'\tx", "'＝1", "'- a", 'a=b', "'+49 30"],
  );
  assert.match(csv([{ name: '=x', type: 'text' }], []), /^'=x\r\n$/);
});

test('Markdown is a table in which nothing of the data has a meaning', () => {
  const rows = [
    ['a|b', 1],
    ['<img src=x onerror=alert(1)>', null],
    ['[x](https://a.example) **b** `c`', -2],
    ['snake_case _em_\nnext', '3'],
  ];
  assert.equal(
    markdown(columns, rows),
    [
      '| name | amount |',
      '| --- | ---: |',
      '| a\\|b | 1 |',
      '| &lt;img src=x onerror=alert(1)&gt; |  |',
      '| \\[x\\](https\\://a.example) \\*\\*b\\*\\* \\`c\\` | -2 |',
      '| snake_case \\_em\\_ next | 3 |',
      '',
    ].join('\n'),
  );
});

test('what is not seen, or turns others around, is written out', () => {
  assert.equal(visible('a\u202eb\u2066c\u0000\u001b[0m\u200b\ufeff'), 'a⟨U+202E⟩b⟨U+2066⟩c␀␛[0m⟨U+200B⟩⟨U+FEFF⟩');
  assert.equal(visible('one\ttwo\r\nthree\u2028\u{e0041}'), 'one⇥two␍↵three⟨U+2028⟩⟨U+E0041⟩');
  assert.equal(visible('👩‍🚒 ❤️ می‌خواهم العربية'), '👩‍🚒 ❤️ می‌خواهم العربية');
  assert.equal(visible('a\u200d\u200d'), 'a\u200d⟨U+200D⟩');
  assert.equal(visibleLines('a\n\tb\u202e'), 'a\n\tb⟨U+202E⟩');
});
