import { readFileSync, writeFileSync } from 'node:fs';

import * as z from 'zod/mini';

import type { Connector } from '../src/connectors/connector.ts';
import { connectors } from '../src/connectors/index.ts';
import { connectionBase, limitsSchema } from '../src/extension/settings.ts';
import { presets } from '../src/identity/presets/index.ts';
import { tokenSources } from '../src/tokens/index.ts';

type Json = Record<string, unknown>;

const file = new URL('../package.json', import.meta.url);

/** Every setting: of scope application, because object settings merge and a repository must not point a token at its own host. */
const common = { scope: 'application', ignoreSync: true };

function schemaOf(schema: z.ZodMiniType): { properties: Json; required: readonly string[] } {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return { properties: JSON.parse(JSON.stringify(properties)) as Json, required };
}

/** One alternative for each entry of a table, told apart by a constant. */
function alternatives<Entry extends { label: string; about?: string; settings: z.ZodMiniType }>(
  table: Readonly<Record<string, Entry>>,
  key: string,
  base: (entry: Entry) => Json,
): Json[] {
  return Object.entries(table).map(([name, entry]) => {
    const { label, about = label } = entry;
    const { properties, required } = schemaOf(entry.settings);
    return {
      title: label,
      properties: { [key]: { const: name, description: about }, ...base(entry), ...properties },
      required: name === 'oidc' || name === 'accessToken' ? [...required] : [key, ...required],
      additionalProperties: false,
    };
  });
}

/** Settings of a connection that do not depend on its type, but for the token sources that it can use. */
function connectionProperties({ accepts }: Connector): Json {
  const { properties } = schemaOf(z.object(connectionBase));
  const { type: _type, token: _token, ...rest } = properties;
  const usable = Object.entries(tokenSources).filter(([, { kinds }]) => kinds.some((kind) => accepts.includes(kind)));
  return {
    ...rest,
    token: {
      type: 'object',
      description:
        'How the connection gets its credential. Default: the access token of the identity provider for the signed-in user.',
      anyOf: alternatives(Object.fromEntries(usable), 'source', () => ({})),
    },
  };
}

/** `contributes.configuration`, made from the schemas that read the settings. */
export function configuration(): Json {
  const id = '^[a-z0-9][a-z0-9_-]{0,39}$';
  return {
    title: 'Data Passport',
    properties: {
      'dataPassport.identityProviders': {
        ...common,
        order: 1,
        type: 'object',
        default: {},
        markdownDescription:
          'Identity providers that sign you in, by an id of your choice. For example `{ "company": { "issuer": "https://login.example.com", "clientId": "…" } }`.',
        additionalProperties: false,
        patternProperties: { [id]: { type: 'object', anyOf: alternatives(presets, 'preset', () => ({})) } },
      },
      'dataPassport.connections': {
        ...common,
        order: 2,
        type: 'object',
        default: {},
        markdownDescription:
          'Databases that agents may query as you, by an id of your choice. For example `{ "sales": { "type": "snowflake", "account": "myorg-myaccount", "role": "ANALYST" } }`.',
        additionalProperties: false,
        patternProperties: {
          [id]: { type: 'object', anyOf: alternatives(connectors, 'type', connectionProperties) },
        },
      },
      'dataPassport.limits': {
        ...common,
        order: 3,
        type: 'object',
        default: {},
        markdownDescription: 'Bounds of every result. A connection may have its own `limits`. A cut result says so.',
        properties: schemaOf(limitsSchema).properties,
        additionalProperties: false,
      },
    },
  };
}

/** package.json with the generated part in place. */
export function manifest(): string {
  const current = JSON.parse(readFileSync(file, 'utf8')) as Json & { contributes: Json };
  current.contributes['configuration'] = configuration();
  return `${JSON.stringify(current, undefined, 2)}\n`;
}

if (import.meta.main) writeFileSync(file, manifest());
