import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { type Field, formOf, shown, valueOf } from '../../../src/ui/setup/form.ts';
import type { SettingSchema } from '../../../src/ui/setup/model.ts';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  contributes: { configuration: { properties: Record<string, { patternProperties?: Record<string, SettingSchema> }> } };
};

function formsOf(setting: string) {
  const [entry] = Object.values(manifest.contributes.configuration.properties[setting]?.patternProperties ?? {});
  return (entry?.anyOf ?? []).map((schema) => ({ schema, form: formOf(schema) }));
}

const all = [...formsOf('dataPassport.identityProviders'), ...formsOf('dataPassport.connections')];

test('every kind of provider and connection has a form that asks for all that is needed', () => {
  assert.ok(all.length >= 22);
  for (const { schema, form } of all) {
    const asked = form.fields.filter(({ required }) => required).map(({ name }) => name);
    const needed = (schema.required ?? []).filter((name) => !(name in form.constants));
    assert.deepEqual([...asked, ...Object.keys(form.groups)].toSorted(), needed.toSorted(), form.title);
    for (const group of Object.values(form.groups)) assert.ok(group.fields.some(({ required }) => required));
    assert.ok(form.title !== '');
  }
});

test('the kinds are told apart by what their settings hold, and a kind that is assumed is not written', () => {
  const constants = all.map(({ form }) => JSON.stringify(form.constants));
  assert.equal(new Set(constants).size, constants.length);
  assert.deepEqual(all.find(({ form }) => form.title === 'OpenID Connect')?.form.constants, {});
  assert.deepEqual(all.find(({ form }) => form.title === 'MCP server')?.form.constants, { type: 'mcp' });
});

test('what people set most comes in front of what few ever touch, and what is needed comes first', () => {
  const names = all
    .find(({ form }) => form.title === 'Snowflake' && form.constants['type'])
    ?.form.fields.map(({ name }) => name);
  assert.deepEqual(names?.slice(0, 5), ['account', 'role', 'warehouse', 'database', 'schema']);
});

const field = (kind: Field['kind']): Field => ({ name: 'x', kind, required: false, about: '', usual: '', choices: [] });

test('what is typed becomes what the setting holds, and back', () => {
  const cases: [Field['kind'], string, unknown][] = [
    ['text', '  a b ', 'a b'],
    ['text', '   ', undefined],
    ['number', '5432', 5432],
    ['number', 'many', 'many'],
    ['switch', 'true', true],
    ['switch', 'false', false],
    ['list', 'openid, email  profile', ['openid', 'email', 'profile']],
    ['choice', 'oauthbearer', 'oauthbearer'],
  ];
  for (const [kind, typed, value] of cases) assert.deepEqual(valueOf(field(kind), typed), value, `${kind} ${typed}`);
  assert.deepEqual(['a', 5, true, ['a', 'b'], undefined].map(shown), ['a', '5', 'true', 'a b', '']);
});
