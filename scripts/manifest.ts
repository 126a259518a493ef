import { readFileSync, writeFileSync } from 'node:fs';

import * as z from 'zod/mini';

import type { Connector } from '../src/connectors/connector.ts';
import { connectors } from '../src/connectors/index.ts';
import type { CredentialKind } from '../src/core/credential.ts';
import { connectionBase, limitsSchema } from '../src/extension/settings.ts';
import { presets } from '../src/identity/presets/index.ts';
import { tokenSources } from '../src/tokens/index.ts';
import type { TokenSource } from '../src/tokens/source.ts';
import { schemaOf, type SettingsSchema } from './settingsSchema.ts';

type Json = Record<string, unknown>;

const file = new URL('../package.json', import.meta.url);

/** Every setting: of scope application, because object settings merge and a repository must not point a token at its own host. */
const common = { scope: 'application', ignoreSync: true };

/** Whether a connection type can take something of what a source gives. */
export function isUsable({ kinds }: TokenSource, { accepts }: Pick<Connector, 'accepts'>): boolean {
  return kinds.some((kind) => accepts.includes(kind));
}

/** The settings of a source that a connection type has a use for: without those that lead to what it can not take. */
export function settingsFor(
  { settings, gives, leadsTo = {} }: TokenSource,
  { accepts }: Pick<Connector, 'accepts'>,
): SettingsSchema {
  const { properties, required } = schemaOf(settings);
  const isTaken = (kind: CredentialKind | undefined): boolean => kind === undefined || accepts.includes(kind);
  const usable = Object.entries(properties).filter(([name]) => isTaken(leadsTo[name]));
  // Where nothing leads to it by itself, the one way there has to be taken.
  const ways = isTaken(gives({})) ? [] : usable.filter(([name]) => leadsTo[name] !== undefined).map(([name]) => name);
  return { properties: Object.fromEntries(usable), required: [...required, ...(ways.length === 1 ? ways : [])] };
}

/** One alternative for each entry of a table, told apart by a constant. */
function alternatives<Entry extends { label: string; about?: string }>(
  table: Readonly<Record<string, Entry>>,
  key: string,
  schema: (entry: Entry) => SettingsSchema,
): Json[] {
  return Object.entries(table).map(([name, entry]) => {
    const { label, about = label } = entry;
    const { properties, required } = schema(entry);
    return {
      title: label,
      properties: { [key]: { const: name, description: about }, ...properties },
      required: name === 'oidc' || name === 'accessToken' ? [...required] : [key, ...required],
      additionalProperties: false,
    };
  });
}

/** What every connection has, with the token sources that its type can use, and what its type has. */
function connectionSchema(connector: Connector): SettingsSchema {
  const { type: _type, token: _token, ...base } = schemaOf(z.object(connectionBase)).properties;
  const { properties, required } = schemaOf(connector.settings);
  const usable = Object.fromEntries(Object.entries(tokenSources).filter(([, source]) => isUsable(source, connector)));
  // Of the alternatives alone the editor would propose none that has to have more than a source.
  const source = {
    description: 'Where the credential comes from.',
    default: 'accessToken',
    enum: Object.keys(usable),
    enumDescriptions: Object.values(usable).map(({ about }) => about),
  };
  const token = {
    type: 'object',
    description:
      'How the connection gets its credential. Default: the access token of the identity provider for the signed-in user.',
    properties: { source },
    anyOf: alternatives(usable, 'source', (entry) => settingsFor(entry, connector)),
  };
  return { properties: { ...base, token, ...properties }, required };
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
        patternProperties: {
          [id]: { type: 'object', anyOf: alternatives(presets, 'preset', ({ settings }) => schemaOf(settings)) },
        },
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
          [id]: { type: 'object', anyOf: alternatives(connectors, 'type', connectionSchema) },
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
