import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import type { Draft } from '../../src/core/importDraft.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { importFormats } from '../../src/imports/index.ts';
import { renderPreview } from '../../src/imports/preview.ts';
import { ports, tables, taken } from './environment.ts';
import { type Sample, samples } from './samples.ts';

const draftOf = ({ format, input }: Sample): Draft => format.read(input, ports());

test('every format has ten sample files', () => {
  const counts = importFormats.map(({ id }) => [id, samples.filter(({ format }) => format.id === id).length]);
  assert.deepEqual(Object.fromEntries(counts), { snowflake: 10, dbt: 10, databricks: 10, pgService: 10, team: 10 });
});

for (const sample of samples) {
  test(`${sample.title} gives the draft beside it`, () => {
    const expected: unknown = JSON.parse(readFileSync(sample.expected, 'utf8'));
    assert.deepEqual(JSON.parse(JSON.stringify(draftOf(sample))), expected);
  });
}

test('the settings take every draft without a problem, once a provider is chosen where one is missing', () => {
  for (const sample of samples) {
    const { providers, connections } = draftOf(sample);
    const chosen = { issuer: 'https://login.example.com', clientId: 'data-passport' };
    const entries = connections.map(({ id, settings, needsProvider }): [string, unknown] => [
      id,
      needsProvider ? { ...settings, identityProvider: 'chosen' } : settings,
    ]);
    const all = { ...taken.providers, ...providers, chosen };
    const raw = { identityProviders: all, connections: Object.fromEntries(entries), limits: undefined };
    const read = parseSettings(raw, tables);
    assert.deepEqual(read.problems, [], sample.title);
    assert.deepEqual(
      read.connections.map(({ id }) => id),
      connections.map(({ id }) => id),
      sample.title,
    );
    for (const { settings } of connections) assert.equal('agents' in settings, false);
  }
});

test('the canary secrets of the samples and of the environment are in no draft and no preview', () => {
  let planted = 0;
  for (const sample of samples) {
    if (sample.input.text.includes('CANARY')) planted += 1;
    const draft = draftOf(sample);
    const preview = renderPreview({ format: sample.format, path: sample.input.path, draft });
    assert.doesNotMatch(JSON.stringify(draft) + preview, /CANARY/, sample.title);
  }
  assert.ok(planted >= 30, `${planted} samples hold a canary`);
});

test('a note on a key stands on the line that has the key', () => {
  let compared = 0;
  for (const sample of samples) {
    const lines = sample.input.text.split(/\r?\n/);
    for (const { line, text } of draftOf(sample).notes) {
      const [, key] = /^([a-zA-Z_-]+) is not taken/.exec(text) ?? [];
      if (key === undefined || /^(?:is|it|account|type|url|issuer|title|color)$/.test(key)) continue;
      // dbt has short names of its own.
      const names = key === 'password' ? ['password', 'pass'] : [key];
      assert.ok(
        names.some((name) => lines[line - 1]?.toLowerCase().includes(name.toLowerCase())),
        `${sample.title}: ${key} is not on line ${line}`,
      );
      compared += 1;
    }
  }
  assert.ok(compared > 100);
});

test('a connection begins at the line that names it', () => {
  for (const sample of samples) {
    const lines = sample.input.text.split(/\r?\n/);
    for (const { id, title = id, line } of draftOf(sample).connections) {
      const name = title.split(' ').at(-1) ?? '';
      const isImplied = sample.title.endsWith('07-broken-lines.cfg') && title === 'DEFAULT';
      assert.ok(isImplied || lines[line - 1]?.includes(name), `${sample.title}: ${title} is not on line ${line}`);
    }
  }
});

test('the preview shows every entry in full, every place and every line that is not taken', () => {
  for (const sample of samples) {
    const draft = draftOf(sample);
    const preview = renderPreview({ format: sample.format, path: sample.input.path, draft });
    const visibleJson = (value: unknown): string =>
      JSON.stringify(value, undefined, 2).replaceAll('\u200B', String.raw`\u{200b}`);
    for (const [id, settings] of Object.entries(draft.providers))
      assert.ok(preview.includes(visibleJson({ [id]: settings })));
    for (const { id, settings, hosts } of draft.connections) {
      assert.ok(preview.includes(visibleJson({ [id]: settings })), `${sample.title}: ${id}`);
      for (const host of hosts) assert.ok(preview.includes(`**\`${host}\`**`), host);
    }
    assert.equal(preview.match(/^- line \d+/gm)?.length ?? 0, draft.notes.length, sample.title);
  }
});
