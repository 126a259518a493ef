import { readFileSync, writeFileSync } from 'node:fs';

import * as z from 'zod/mini';

import type { Connector } from '../src/connectors/connector.ts';
import { connectors } from '../src/connectors/index.ts';
import { TOKEN_KINDS } from '../src/connectors/mcp/common.ts';
import type { CredentialKind } from '../src/core/credential.ts';
import { connectionBase, DEFAULT_PRESET, limitsSchema } from '../src/extension/connectionSettings.ts';
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

interface Labeled {
  readonly label: string;
  readonly about?: string | undefined;
}

/** One of several forms of a setting. @param constants what tells it from the others; those that need not be written are in `assumed` */
function alternative(
  { label, about = label }: Labeled,
  constants: Readonly<Record<string, string>>,
  { properties, required }: SettingsSchema,
  assumed: readonly string[] = [],
): Json {
  const names = Object.keys(constants).filter((name) => !assumed.includes(name));
  const fixed = Object.entries(constants).map(([name, value]) => [name, { const: value, description: about }] as const);
  return {
    title: label,
    properties: { ...Object.fromEntries(fixed), ...properties },
    required: [...names, ...required],
    additionalProperties: false,
  };
}

/** A way to a credential, out of the token sources that can be used for it. */
function tokenSchema(taker: Pick<Connector, 'accepts'>, description: string): Json {
  const usable = Object.fromEntries(Object.entries(tokenSources).filter(([, source]) => isUsable(source, taker)));
  // Of the alternatives alone the editor would propose none that has to have more than a source.
  const source = {
    description: 'Where the credential comes from.',
    default: 'accessToken',
    enum: Object.keys(usable),
    enumDescriptions: Object.values(usable).map(({ about }) => about),
  };
  return {
    type: 'object',
    description,
    properties: { source },
    anyOf: Object.entries(usable).map(([name, entry]) =>
      alternative(entry, { source: name }, settingsFor(entry, taker), name === 'accessToken' ? ['source'] : []),
    ),
  };
}

/** What every connection has, with the token sources that its type can use, and what its type has. */
function connectionSchema(connector: Connector): SettingsSchema {
  const { type: _type, token: _token, serverToken: _server, ...base } = schemaOf(z.object(connectionBase)).properties;
  const { properties, required } = schemaOf(connector.settings);
  const token = tokenSchema(
    connector,
    'How the connection gets its credential. Default: the access token of the identity provider for the signed-in user.',
  );
  const serverToken = tokenSchema(
    { accepts: TOKEN_KINDS },
    'How the connection gets what the server wants for itself, sent as `Authorization`. Default: nothing is sent there.',
  );
  return {
    properties: { ...base, token, ...(connector.secondCredential && { serverToken }), ...properties },
    required,
  };
}

/** One alternative for each kind of connection. */
function connectionAlternatives(): Json[] {
  return Object.values(connectors).map((connector) => {
    const { type, preset } = connector;
    const constants = { type, ...(preset !== undefined && { preset }) };
    return alternative(connector, constants, connectionSchema(connector), preset === DEFAULT_PRESET ? ['preset'] : []);
  });
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
          [id]: {
            type: 'object',
            anyOf: Object.entries(presets).map(([name, entry]) =>
              alternative(entry, { preset: name }, schemaOf(entry.settings), name === 'oidc' ? ['preset'] : []),
            ),
          },
        },
      },
      'dataPassport.connections': {
        ...common,
        order: 2,
        type: 'object',
        default: {},
        markdownDescription:
          'Databases and MCP servers that agents may use as you, by an id of your choice. For example `{ "sales": { "type": "snowflake", "account": "myorg-myaccount", "role": "ANALYST" } }`.',
        additionalProperties: false,
        patternProperties: {
          [id]: { type: 'object', anyOf: connectionAlternatives() },
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
