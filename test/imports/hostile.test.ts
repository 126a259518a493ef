import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Draft } from '../../src/core/importDraft.ts';
import { databricksProfiles } from '../../src/imports/formats/databricks.ts';
import { dbtProfiles } from '../../src/imports/formats/dbt.ts';
import { pgService } from '../../src/imports/formats/pgService.ts';
import { snowflakeToml } from '../../src/imports/formats/snowflake.ts';
import { teamFile } from '../../src/imports/formats/team.ts';
import { importFormats } from '../../src/imports/index.ts';
import { renderPreview } from '../../src/imports/preview.ts';
import { ports } from './environment.ts';
import { samples } from './samples.ts';

const formatOf = (id: string) => {
  const format = importFormats.find((each) => each.id === id);
  assert.ok(format);
  return format;
};

function read(id: string, text: string): Draft {
  const format = formatOf(id);
  const path = id === 'snowflake' ? '/home/alice/.snowflake/connections.toml' : '/home/alice/file';
  const draft = format.read({ path, text }, ports());
  assert.doesNotMatch(JSON.stringify(draft) + renderPreview({ format, path, draft }), /CANARY/);
  return draft;
}

const problems = (draft: Draft) => draft.notes.map(({ line, text }) => `${line}: ${text}`);

test('what is no text, and what is too large, is not read', () => {
  for (const { id } of importFormats) {
    const binary = read(id, 'CANARY\u0000\u0001\uFFFD'.repeat(100));
    assert.deepEqual(problems(binary), ['1: the file is no text: it is not read'], id);
    const large = read(id, `# CANARY\n${'a'.repeat(1_000_000)}`);
    assert.deepEqual(problems(large), ['1: the file has more than 1 MB: it is not read'], id);
  }
});

test('junk ends in notes, at most a thousand of them and one that counts the rest', () => {
  const junk = Array.from(
    { length: 5000 },
    (_, index) => `${String.fromCodePoint(33 + (index % 90))}CANARY${index}`,
  ).join('\n');
  for (const { id } of importFormats) {
    const { connections, providers, notes } = read(id, junk);
    assert.deepEqual([connections, providers], [[], {}], id);
    assert.ok(notes.length > 0 && notes.length <= 1001, id);
  }
});

test('one very long line is no trouble', () => {
  const long = 'x'.repeat(200_000);
  const of = {
    snowflake: `[a]\naccount = "${long}"`,
    dbt: `a:\n  outputs:\n    b: { type: snowflake, account: ${long} }`,
    databricks: `[a]\nhost = ${long}`,
    pgService: `[a]\nhost=${long}`,
    team: `{ "connections": { "a": { "type": "${long}" } } }`,
  };
  for (const [id, text] of Object.entries(of)) {
    const draft = read(id, text);
    assert.ok(draft.notes.length > 0 || draft.connections.length === 1, id);
    for (const { text: note } of draft.notes) assert.ok(note.length <= 500, id);
  }
});

test('aliases of aliases are not multiplied', () => {
  const levels = Array.from({ length: 30 }, (_, level) =>
    level === 0
      ? 'l0: &l0 {type: postgres}'
      : `l${level}: &l${level} [${Array(9)
          .fill(`*l${level - 1}`)
          .join(', ')}]`,
  );
  const laughs = read('dbt', `${levels.join('\n')}\nlast:\n  outputs: *l29\n`);
  assert.deepEqual(laughs.connections, []);
  assert.equal(laughs.notes.at(-1)?.text, 'is not taken: it has no outputs');

  const merges = Array.from({ length: 15 }, (_, level) =>
    level === 0
      ? 'm0: &m0 {}'
      : `m${level}: &m${level} { <<: [${Array(9)
          .fill(`*m${level - 1}`)
          .join(', ')}] }`,
  );
  const merged = read('dbt', `${merges.join('\n')}\nlast:\n  outputs: { a: *m14 }\n`);
  assert.deepEqual(problems(merged), ['1: the file can not be read']);
});

test('an alias that stands in itself is no endless way', () => {
  const draft = read('dbt', 'a: &a\n  <<: *a\n  outputs: &o\n    <<: *o\n    dev: {type: duckdb}\n');
  assert.deepEqual(draft.connections, []);
  assert.ok(draft.notes.length > 0);
});

test('what is nested without end is refused', () => {
  const deep = (open: string, close: string): string => open.repeat(20_000) + close.repeat(20_000);
  assert.deepEqual(problems(read('team', deep('[', ']'))), [
    '1: the file is nested too deeply: nothing of it is taken',
  ]);
  for (const [id, text] of [
    ['dbt', `a: ${deep('[', ']')}`],
    ['dbt', `a: ${deep('{a: ', '}')}`],
    ['snowflake', `a = ${deep('[', ']')}`],
    ['snowflake', `[${'a.'.repeat(20_000)}a]`],
  ] as const) {
    const { connections, notes } = read(id, text);
    assert.deepEqual(connections, []);
    assert.ok(notes.length > 0);
  }
});

test('no file reaches the prototype of anything', () => {
  const name = '__proto__';
  const of = {
    snowflake: `[${name}]\naccount = "a"\ntrusted = "yes"\n[constructor.prototype]\naccount = "b"`,
    dbt: `${name}:\n  outputs:\n    ${name}: {type: snowflake, account: a, trusted: yes, ${name}: {trusted: yes}}\n    b: {<<: {${name}: {trusted: yes}}, type: constructor}`,
    databricks: `[${name}]\nhost = https://a.cloud.databricks.com\n${name} = x\nauth_type = constructor`,
    pgService: `[${name}]\nhost=a\ndbname=b\nuser=c\n${name}=x\nsslmode=constructor`,
    team: `{"${name}": {"trusted": true}, "identityProviders": {"${name}": {"trusted": true}}, "connections": {"a": {"type": "constructor", "${name}": {"trusted": true}}, "b": {"type": "${name}"}}}`,
  };
  for (const [id, text] of Object.entries(of)) {
    const { connections, providers } = read(id, text);
    assert.equal(({} as { trusted?: unknown }).trusted, undefined, id);
    for (const { settings } of connections) assert.equal(Object.getPrototypeOf(settings), Object.prototype, id);
    assert.equal(Object.getPrototypeOf(providers), Object.prototype, id);
  }
});

test('a file with thousands of connections is taken in part, and says so', () => {
  const many = Array.from(
    { length: 300 },
    (_, index) => `[s${index}]\nhost=h${index}.example.com\ndbname=d\nuser=u\npassword=CANARY`,
  );
  const { connections, notes } = read('pgService', many.join('\n'));
  assert.equal(connections.length, 200);
  assert.equal(notes.filter(({ text }) => text.includes('200 connections at most')).length, 100);
});

test('names that differ only in what an id can not hold get ids of their own', () => {
  const names = ['Sales', 'sales', 'SALES', 'sales!', '!', '?', 'x'.repeat(60), 'x'.repeat(61)];
  const text = names.map((name) => `[${name}]\nhost=h.example.com\ndbname=d\nuser=u`).join('\n');
  assert.deepEqual(
    read('pgService', text).connections.map(({ id }) => id),
    ['sales', 'sales-2', 'sales-3', 'sales-4', 'connection', 'connection-2', 'x'.repeat(40), `${'x'.repeat(38)}-2`],
  );
});

test('samples that are cut off or torn apart never make a reader throw', () => {
  const bare = [snowflakeToml, dbtProfiles, databricksProfiles, pgService, teamFile];
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const { format, input } of samples) {
    const reader = bare.find(({ id }) => id === format.id);
    for (let round = 0; round < 40; round += 1) {
      const at = random(input.text.length);
      const piece = ['', '"', '[', '{', '\n', '&a ', '*a', '<<: ', '\u202E', '='][random(10)] ?? '';
      const text =
        round % 2 === 0 ? input.text.slice(0, at) : input.text.slice(0, at) + piece + input.text.slice(at + random(9));
      assert.ok(reader?.read({ ...input, text }, ports()));
    }
  }
});
