import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import type { Connection } from '../../src/core/connection.ts';
import { bindingOf, reachOf } from '../../src/extension/binding.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { secretName, secretsOf, slotsOf } from '../../src/extension/slots.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const tables = { connectors, tokenSources };

/** The example of a preset, with some of it changed. */
function example(preset: string, more: object = {}): Connection {
  const file = new URL(`../data/mcp-servers/${preset}.json`, import.meta.url);
  const raw = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, object>>;
  const [[id, written] = []] = Object.entries(raw['dataPassport.connections'] ?? {});
  const { connections, problems } = parseSettings(
    {
      identityProviders: raw['dataPassport.identityProviders'] ?? {
        company: { issuer: 'https://login.example.com', clientId: 'data-passport' },
      },
      connections: { [String(id)]: { ...written, ...more } },
      limits: undefined,
    },
    { presets, ...tables },
  );
  assert.deepEqual(problems, []);
  const [connection] = connections;
  assert.ok(connection);
  return connection;
}

const shapeOf = (connection: Connection) =>
  slotsOf(connection, tables).map(({ name, setting, choice, need }) => [name, setting, choice.source, need.scopes]);

test('a connection has the credential that its type asks for, and one of the server itself where the settings choose it', () => {
  assert.deepEqual(shapeOf(example('generic')), [['token', 'token', 'accessToken', []]]);
  assert.deepEqual(shapeOf(example('snowflake')), [['token', 'token', 'accessToken', ['session:role:ANALYST']]]);
  assert.deepEqual(shapeOf(example('spcs')), [
    ['token', 'token', 'personalAccessToken', ['session:role-any']],
    ['server', 'serverToken', 'accessToken', []],
  ]);
});

test('secrets of two slots with one source are two, and their titles tell them apart', () => {
  const connection = example('spcs', { serverToken: { source: 'personalAccessToken' } });
  const fields = slotsOf(connection, tables).flatMap(secretsOf);
  assert.deepEqual(
    fields.map(({ name, title, kind, required }) => [name, title, kind, required]),
    [
      ['token', 'personal access token', 'token', true],
      ['serverToken.token', 'personal access token of the server itself', 'token', true],
    ],
  );
  assert.deepEqual(
    slotsOf(connection, tables).map((slot) => secretName(slot, 'token')),
    ['token', 'serverToken.token'],
  );
});

test('a connection reaches its host, the services of all its sources, and every program', () => {
  const command = { source: 'command', command: ['az', 'account', 'get-access-token'] };
  const exchanged = { source: 'tokenExchange', endpoint: 'https://STS.example.com/token', audience: 'a' };
  assert.deepEqual(reachOf(example('spcs', { token: command, serverToken: exchanged }), tables), {
    places: ['abc-myorg-myaccount.snowflakecomputing.app:443', 'sts.example.com'],
    programs: [['az', 'account', 'get-access-token']],
  });
  assert.deepEqual(reachOf(example('stdio', { token: command }), tables), {
    places: ['catalog.example.com:443'],
    programs: [
      ['az', 'account', 'get-access-token'],
      ['catalog-mcp', '--read-only'],
    ],
    programTerms: {
      cwd: undefined,
      environment: [],
      tokenVariable: undefined,
      api: { variable: 'CATALOG_URL', url: 'https://catalog.example.com/api' },
    },
  });
});

test('a server that is not the database is named with the database and the scopes that will be asked for', () => {
  assert.deepEqual(reachOf(example('databaseGateway'), tables), {
    places: ['gateway.example.com:443'],
    handsOn: {
      database: 'myorg-myaccount.snowflakecomputing.com',
      audience: 'https://myorg-myaccount.snowflakecomputing.com',
      scopes: ['session:role:ANALYST'],
    },
  });
  const exchanged = { source: 'tokenExchange', audience: 'https://warehouse.example', scopes: ['read'] };
  assert.equal(
    reachOf(example('databaseGateway', { token: exchanged }), tables).handsOn?.audience,
    'https://warehouse.example',
  );
  assert.equal(reachOf(example('generic'), tables).handsOn, undefined);
});

test('a binding changes with each of the two credentials, and with nothing else than what decides where they go', () => {
  const binding = bindingOf(example('spcs'), tables);
  assert.equal(bindingOf(example('spcs', { title: 'Forecast', limits: { rows: 1 } }), tables), binding);
  const others = [
    { serverToken: { audience: 'https://another.example.com' } },
    { serverToken: { source: 'personalAccessToken' } },
    { serverToken: undefined },
    { token: { audience: 'https://another.example.com' } },
    { url: 'https://other-myorg-myaccount.snowflakecomputing.app/mcp' },
  ];
  const bindings = others.map((more) => bindingOf(example('spcs', more), tables));
  assert.equal(new Set([binding, ...bindings]).size, others.length + 1);
});
