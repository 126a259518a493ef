import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { mustNever } from './list.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

test('every entry of the list has a test that exists, or says why it needs none yet', () => {
  assert.deepEqual(
    Object.keys(mustNever).map(Number),
    Array.from({ length: 15 }, (_, index) => index + 1),
  );
  for (const [number, { shownBy, notYet }] of Object.entries(mustNever)) {
    assert.ok(notYet !== undefined || Object.keys(shownBy).length > 0, number);
    for (const [file, titles] of Object.entries(shownBy)) {
      const text = read(file);
      const missing = titles.filter((title) => !text.includes(`('${title}`));
      assert.deepEqual(missing, [], file);
    }
  }
});

test('14: no text of the product advises to open a network policy to everybody', () => {
  const files = globSync(['src/**/*', 'docs/**/*', '*.md', 'package.json', 'media/**/*'], { cwd: root }).filter(
    (file) => /\.(?:ts|md|json|html|css|js)$/.test(file),
  );
  assert.ok(files.length > 100);
  assert.deepEqual(
    files.filter((file) => /0\.0\.0\.0\/0|(?<![\da-f]):{2}\/0/i.test(read(file))),
    [],
  );
});
