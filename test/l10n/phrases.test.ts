import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { PHRASES } from '../../src/core/phrases.ts';
import { reworded } from '../../src/core/told.ts';

const root = new URL('../../', import.meta.url);

function sourcesOf(...folders: readonly string[]): string {
  const files = folders.flatMap((folder) => globSync(`src/${folder}/**/*.ts`, { cwd: root }));
  return files
    .filter((file) => !file.endsWith('phrases.ts'))
    .map((file) => readFileSync(new URL(file, root), 'utf8').replaceAll(String.raw`\'`, "'"))
    .join('\n');
}

const sources = sourcesOf('core', 'identity', 'tokens', 'connectors', 'extension', 'gateway');
const spelled = `${sources}\n${sourcesOf('guides', 'imports')}`;

test('every phrase is still said somewhere: its parts stand in the sources', () => {
  // Some are put together in the middle.
  const parts = (phrase: string): readonly string[] =>
    phrase
      .split(/\{\d\}|[,.:()]|(?<=which needs?) |(?<=with the token) | and (?=send its|let the)|(?=characters long)/)
      .map((part) => part.trim())
      .filter((part) => part.length > 4);
  const gone = PHRASES.filter((phrase) => !parts(phrase).every((part) => spelled.includes(part)));
  assert.deepEqual(gone, []);
});

/** Said to nobody but agents and logs, or of a fault of ours that the sentence can not explain anyway. */
const NOT_FOR_USERS: ReadonlySet<string> = new Set([
  'there is no such tool',
  'Accept header, 391902',
  // Names, which a sentence of ours holds.
  'authorization_endpoint',
  'end_session_endpoint',
  'it is not configured',
  'an answer without identity',
  'a token source without its sign-in',
  'a credential that the connection does not have',
  'a connection without identity provider',
]);

test('what fills an error in words of ours is a phrase', () => {
  const literal =
    /\b(?:problem|remedy|hint|flow):\s*'([^'\n]+ [^'\n]+)'|\b(?:fails|unusable|refused)\('([^'\n]+)'(?:, '([^'\n]+)')?|error: '((?:is|has|must|can)\b[^'\n]+)'/g;
  const said = [...sources.matchAll(literal)].flatMap(([, ...texts]) => texts.filter((text) => text !== undefined));
  assert.ok(said.length > 80, 'the pattern finds them');
  const strange = said.filter((text) => !NOT_FOR_USERS.has(text) && reworded(text, () => '') === text);
  assert.deepEqual([...new Set(strange)], []);
});
