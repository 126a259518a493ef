import { posix, win32 } from 'node:path';

import { drafting, type Drafting } from '../drafting.ts';
import { carried, type Entry, type Field, type KeyRules, left, type Unread } from '../entry.ts';
import type { Environment, ImportFormat } from '../format.ts';
import { idOf } from '../ids.ts';
import { takeDatabricks } from '../systems/databricks.ts';
import { postgresKeys, takePostgres } from '../systems/postgres.ts';
import { takeRedshift } from '../systems/redshift.ts';
import { takeSnowflake } from '../systems/snowflake.ts';
import { shownKey, shownName } from '../visible.ts';
import { readYaml, type YamlNode } from '../yamlTree.ts';

/** Keys of dbt for PostgreSQL (https://docs.getdbt.com/docs/core/connect-data-platform/postgres-setup). */
export const dbtPostgresKeys: KeyRules = {
  ...postgresKeys,
  role: carried('`role`'),
  ...Object.fromEntries(
    ['schema', 'search_path', 'retries'].map((key) => [key, left('a setting of the session that has no counterpart')]),
  ),
};

type Take = (entry: Entry, draft: Drafting, id: string) => void;

/** What dbt calls by another name than the programs of the database. */
const ALIASES: Readonly<Record<string, string>> = { pass: 'password', database: 'dbname' };

/** By the `type` of an output. */
const ADAPTERS: Readonly<Record<string, Take>> = {
  snowflake: takeSnowflake,
  databricks: takeDatabricks,
  postgres: (entry, draft, id) => takePostgres(renamed(entry), draft, { id, rules: dbtPostgresKeys }),
  redshift: (entry, draft, id) => takeRedshift(renamed(entry), draft, id),
};

/** Profiles of dbt (https://docs.getdbt.com/docs/core/connect-data-platform/profiles.yml): each output is a connection. */
export const dbtProfiles: ImportFormat = {
  id: 'dbt',
  label: 'dbt profiles (profiles.yml)',
  files({ home, platform, variable }) {
    const path = platform === 'win32' ? win32 : posix;
    const folder = variable('DBT_PROFILES_DIR');
    return [
      ...(folder
        ? [
            path.join(
              folder.replace(/^~(?=[/\\]|$)/, () => home),
              'profiles.yml',
            ),
          ]
        : []),
      path.join(home, '.dbt', 'profiles.yml'),
    ];
  },
  read({ text }, ports) {
    const draft = drafting(ports);
    const file = readYaml(text);
    if ('length' in file) for (const { line, reason } of file) draft.note(line, '', 'broken', reason);
    else takeProfiles(file, draft);
    return draft.done();
  },
};

function takeProfiles(file: YamlNode, draft: Drafting): void {
  const profiles = file.members();
  if (!profiles) draft.note(1, '', 'broken', 'the file has no profiles');
  for (const [name, profile] of profiles ?? []) {
    const parts = profile.members();
    const outputs = parts?.get('outputs')?.members();
    if (name === 'config') draft.note(profile.line, '', 'notTaken', 'config is not taken: it sets up dbt');
    else if (!outputs) draft.note(profile.line, name, 'notTaken', 'is not taken: it has no outputs');
    else {
      for (const [key, part] of parts ?? [])
        if (key !== 'outputs') draft.note(part.line, name, 'notTaken', `${shownKey(key)} is not taken: ${why(key)}`);
      for (const [target, output] of outputs) takeOutput({ profile: name, target }, output, draft);
    }
  }
}

function why(key: string): string {
  return key === 'target' ? 'there is no default connection here, every output becomes one' : 'it is not known here';
}

function takeOutput(names: { profile: string; target: string }, output: YamlNode, draft: Drafting): void {
  const name = `${names.profile} ${names.target}`;
  const members = output.members();
  const type = members?.get('type')?.text ?? '';
  const take = Object.hasOwn(ADAPTERS, type) ? ADAPTERS[type] : undefined;
  if (!members) draft.note(output.line, name, 'broken', 'is not taken: it is no mapping');
  else if (!take)
    draft.note(members.get('type')?.line ?? output.line, name, 'notTaken', `is not taken: ${unknownType(type)}`);
  else take({ name, line: output.line, fields: fieldsOf(name, members, draft) }, draft, idOf(name, 'dbt'));
}

function unknownType(type: string): string {
  const which = /^[\w-]{1,40}$/.test(type) ? `the type ${type}` : 'its type';
  return `there is no connection type for ${which}`;
}

function fieldsOf(name: string, members: ReadonlyMap<string, YamlNode>, draft: Drafting): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [key, node] of members) {
    if (key === 'threads') draft.note(node.line, name, 'notTaken', 'threads is not taken: it sets up dbt');
    else if (key !== 'type')
      fields.set(key, { line: node.line, text: () => rendered(node, draft.ports.environment.variable) });
  }
  return fields;
}

function renamed(entry: Entry): Entry {
  const fields = Array.from(entry.fields, ([key, field]): [string, Field] => [
    Object.hasOwn(ALIASES, key) ? (ALIASES[key] ?? key) : key,
    field,
  ]);
  return { ...entry, fields: new Map(fields) };
}

const CALL =
  /^\s*env_var\(\s*(['"])([A-Za-z_][A-Za-z0-9_]*)\1\s*(?:,\s*(?:(['"])((?:(?!\3).)*)\3|(\d+))\s*)?\)\s*(?:\|\s*(?:as_text|as_number|as_native|as_bool|int|string|trim)\s*)*$/;

/**
 * A value with its variables filled in, as far as a profile may use them: `{{ env_var('NAME', 'default') }}` and a filter that changes no
 * text. Never a variable that dbt holds to be secret (https://docs.getdbt.com/reference/dbt-jinja-functions/env_var#secrets).
 */
function rendered({ text, members }: YamlNode, variable: Environment['variable']): string | Unread | undefined {
  if (text === undefined)
    return members() ? { problem: 'it is no plain value. A value with {{ … }} must stand in quotes' } : undefined;
  let problem: string | undefined;
  const filled = text.replace(/\{\{(.*?)\}\}/gs, (_whole, inside: string) => {
    const value = valueOf(inside, variable);
    if (typeof value === 'string') return value;
    problem ??= value.problem;
    return '';
  });
  if (problem === undefined && /\{[{%#]/.test(filled)) problem = ONLY;
  return problem === undefined ? filled : { problem };
}

const ONLY = 'only env_var is filled in';

function valueOf(inside: string, variable: Environment['variable']): string | Unread {
  const [call, , name = '', , usual, number] = CALL.exec(inside) ?? [];
  if (call === undefined) return { problem: ONLY };
  if (SECRET_VARIABLE.test(name)) return { problem: `the variable ${shownName(name)} is a secret by its name` };
  const value = variable(name) ?? usual ?? number;
  return value ?? { problem: `the variable ${shownName(name)} is not set here, and has no default` };
}

const SECRET_VARIABLE = /SECRET|PASS|PWD|TOKEN|PRIVATE|CREDENTIAL|(?:API|ACCESS)_?KEY/i;
