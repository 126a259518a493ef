import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { parseSettings, type RawSettings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const provider = { issuer: 'https://login.example.com', clientId: 'data-passport' };
const snowflake = {
  type: 'snowflake',
  account: 'myorg-myaccount',
  role: 'ANALYST',
  token: { audience: 'https://warehouse.example' },
};

const postgres = { type: 'postgres', host: 'localhost', database: 'lab' };
const ownToken = { token: { source: 'personalAccessToken' } };

function parse(raw: Partial<RawSettings>) {
  return parseSettings(
    { identityProviders: { company: provider }, connections: {}, limits: undefined, ...raw },
    // Copies with a prototype: what it holds must not count, whatever the product's own tables are made of.
    { presets: { ...presets }, connectors: { ...connectors }, tokenSources: { ...tokenSources } },
  );
}

test('a few words make a whole configuration', () => {
  const { providers, connections, problems } = parse({ connections: { sales: snowflake }, limits: { rows: 50 } });
  assert.deepEqual(problems, []);
  assert.deepEqual(providers, [
    {
      id: 'company',
      title: 'company',
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
      flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
      clientAuthentication: { kind: 'none' },
      account: { from: 'idToken' },
      unknownScopes: [],
      audienceParameter: 'resource',
      audiencesAtSignIn: 'all',
      authorizationParameters: { prompt: 'consent' },
      tokenParameters: {},
      accessToken: { issuer: 'https://login.example.com', subject: true },
      revocation: 'refreshToken',
      issuer: 'https://login.example.com',
      clientId: 'data-passport',
      registration: {
        application: 'Public client, application type native (RFC 8252)',
        steps: [
          'Register a client for OpenID Connect with the redirect URIs, grant types and scopes above.',
          'Allow it the audiences above as JSON web tokens (RFC 9068) that the databases can check.',
          'Let the people who may sign in use it.',
        ],
        manual: 'https://openid.net/specs/openid-connect-registration-1_0.html',
      },
    },
  ]);
  const [connection] = connections;
  assert.deepEqual(
    [connection?.id, connection?.title, connection?.identityProvider, connection?.token, connection?.limits],
    [
      'sales',
      'sales',
      'company',
      { source: 'accessToken', settings: { audience: 'https://warehouse.example' } },
      { rows: 50, cellLength: 2000, bytes: 200_000, seconds: 60 },
    ],
  );
});

test('the limits of a connection stand over those of all', () => {
  const { connections } = parse({
    connections: { sales: { ...snowflake, limits: { seconds: 5 } } },
    limits: { rows: 50 },
  });
  assert.deepEqual(connections[0]?.limits, { rows: 50, cellLength: 2000, bytes: 200_000, seconds: 5 });
});

test('agents may use a connection only where its settings say true', () => {
  const { connections, problems } = parse({
    connections: { a: snowflake, b: { ...snowflake, agents: false }, c: { ...snowflake, agents: true } },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    connections.map(({ agents }) => agents),
    [false, false, true],
  );
});

const mcp = { type: 'mcp', url: 'https://catalog.example.com/mcp' };
const gateway = { ...mcp, preset: 'databaseGateway', database: 'warehouse.example' };
const stdio = { type: 'mcp', preset: 'stdio', command: 'catalog-mcp', tokenVariable: 'CATALOG_TOKEN' };

test('type and preset choose the kind of connection together, and generic need not be named', () => {
  const { connections, problems } = parse({
    connections: { a: mcp, b: { ...mcp, preset: 'generic' }, c: gateway, d: stdio, e: postgres, f: snowflake },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    connections.map(({ type }) => type),
    ['mcp/generic', 'mcp/generic', 'mcp/databaseGateway', 'mcp/stdio', 'postgres', 'snowflake'],
  );
  assert.deepEqual(connections[0]?.settings, connections[1]?.settings);
});

test('the limits of a type stand over the usual ones, and under those of the user', () => {
  const limitsOf = (raw: Partial<RawSettings>) => parse(raw).connections.map(({ limits }) => limits);
  const usual = { rows: 200, cellLength: 2000, bytes: 1_000_000, seconds: 600 };
  assert.deepEqual(limitsOf({ connections: { a: mcp } }), [usual]);
  assert.deepEqual(
    limitsOf({ connections: { a: mcp, b: { ...mcp, limits: { seconds: 7 } } }, limits: { seconds: 30, rows: 5 } }),
    [
      { ...usual, rows: 5, seconds: 30 },
      { ...usual, rows: 5, seconds: 7 },
    ],
  );
});

test('a server may have a credential of its own, and there is none unless it is written', () => {
  const serverToken = { audience: 'https://gateway.example.com' };
  const { connections, problems } = parse({ connections: { a: gateway, b: { ...gateway, serverToken } } });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    connections.map((connection) => [Object.hasOwn(connection, 'serverToken'), connection.serverToken]),
    [
      [false, undefined],
      [true, { source: 'accessToken', settings: serverToken }],
    ],
  );
});

test('a connection needs a sign-in when one of its credentials does, and none when both have something of their own', () => {
  const own = { source: 'personalAccessToken' };
  const { connections, problems } = parse({
    connections: {
      mixed: { ...gateway, token: own, serverToken: {}, runAs: 'alice@lab.example' },
      alone: { ...gateway, token: own, serverToken: own },
    },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    connections.map(({ identityProvider, runAs }) => [identityProvider, runAs]),
    [
      ['company', 'alice@lab.example'],
      [undefined, undefined],
    ],
  );
});

const wrong: readonly (readonly [name: string, raw: Partial<RawSettings>, path: string, problem: RegExp])[] = [
  [
    'an unknown type',
    { connections: { x: { type: 'oracle9' } } },
    'dataPassport.connections.x.type',
    /must be one of "postgres", "snowflake"/,
  ],
  [
    'a misspelled setting',
    { connections: { x: { ...snowflake, acount: 'y' } } },
    'dataPassport.connections.x.acount',
    /is not a setting here/,
  ],
  [
    'a provider that is not there',
    { connections: { x: { ...snowflake, identityProvider: 'okta' } } },
    'dataPassport.connections.x.identityProvider',
    /must be one of "company"/,
  ],
  [
    'a token source that is not there',
    { connections: { x: { ...snowflake, token: { source: 'magic' } } } },
    'dataPassport.connections.x.token.source',
    /must be one of "accessToken"/,
  ],
  [
    'an issuer without encryption',
    { identityProviders: { p: { ...provider, issuer: 'http://login.example.com' } } },
    'dataPassport.identityProviders.p.issuer',
    /https/,
  ],
  [
    'an issuer that is no address',
    { identityProviders: { p: { ...provider, issuer: 'javascript:alert(1)' } } },
    'dataPassport.identityProviders.p.issuer',
    /https/,
  ],
  [
    'a client secret',
    { identityProviders: { p: { ...provider, clientSecret: 'x' } } },
    'dataPassport.identityProviders.p.clientSecret',
    /^must not be in the settings: delete it and run the command "Data Passport: Set Client Secret"$/,
  ],
  [
    'a preset that is not there',
    { identityProviders: { p: { ...provider, preset: 'adfs' } } },
    'dataPassport.identityProviders.p.preset',
    /^must be one of "oidc", "okta", "entra", /,
  ],
  [
    'a setting of another preset',
    { identityProviders: { p: { preset: 'google', clientId: 'x', issuer: provider.issuer } } },
    'dataPassport.identityProviders.p.issuer',
    /^is not a setting here$/,
  ],
  [
    'no client id',
    { identityProviders: { p: { issuer: provider.issuer } } },
    'dataPassport.identityProviders.p.clientId',
    /^is missing$/,
  ],
  [
    'an id that can not be one',
    { connections: { 'My Sales': snowflake } },
    'dataPassport.connections.My Sales',
    /lower-case/,
  ],
  [
    'a kind of credential that the type can not use',
    { connections: { x: { ...snowflake, token: { source: 'static', user: 'reporting' } } } },
    'dataPassport.connections.x.token',
    /^gives a user and a password, which a connection of type "snowflake" can not use$/,
  ],
  [
    'a kind of credential that the type can use, but not with these settings',
    {
      connections: {
        x: { ...postgres, authentication: 'oauthbearer', token: { source: 'static', user: 'reporting' } },
      },
    },
    'dataPassport.connections.x.token',
    /^gives a user and a password, which a connection of type "postgres" with these settings can not use$/,
  ],
  [
    'an identity provider where the token source needs no sign-in',
    { connections: { x: { ...snowflake, ...ownToken, identityProvider: 'company' } } },
    'dataPassport.connections.x.identityProvider',
    /^has no effect with the token source "personalAccessToken", which needs no sign-in: delete it$/,
  ],
  [
    'an account to run as where the token source needs no sign-in',
    { connections: { x: { ...snowflake, ...ownToken, runAs: 'alice@lab.example' } } },
    'dataPassport.connections.x.runAs',
    /^has no effect with the token source "personalAccessToken", which needs no sign-in: delete it$/,
  ],
  [
    'a preset that the type does not have',
    { connections: { x: { ...mcp, preset: 'oracle' } } },
    'dataPassport.connections.x.preset',
    /^must be one of "generic", "snowflake", "spcs", "databaseGateway", "stdio"$/,
  ],
  [
    'a preset that is no text',
    { connections: { x: { ...mcp, preset: null } } },
    'dataPassport.connections.x.preset',
    /^must be one of "generic", /,
  ],
  [
    'a preset of a type that has none',
    { connections: { x: { ...postgres, preset: 'generic' } } },
    'dataPassport.connections.x.preset',
    /^is not a setting here$/,
  ],
  [
    'a name of the table in place of a type and a preset',
    { connections: { x: { ...mcp, type: 'mcp/generic' } } },
    'dataPassport.connections.x.type',
    /^must be one of "postgres", "snowflake", "mcp"$/,
  ],
  [
    'a setting of another preset of the type',
    { connections: { x: { ...mcp, database: 'y' } } },
    'dataPassport.connections.x.database',
    /^is not a setting here$/,
  ],
  [
    'a credential of the server where there can be none',
    { connections: { x: { ...mcp, serverToken: {} } } },
    'dataPassport.connections.x.serverToken',
    /^has no effect with a connection of type "mcp" and preset "generic", which takes one credential: delete it$/,
  ],
  [
    'a source of the server itself that is not there',
    { connections: { x: { ...gateway, serverToken: { source: 'magic' } } } },
    'dataPassport.connections.x.serverToken.source',
    /^must be one of "accessToken"/,
  ],
  [
    'a setting of the server itself that its source does not have',
    { connections: { x: { ...gateway, serverToken: { audiance: 'y' } } } },
    'dataPassport.connections.x.serverToken.audiance',
    /^is not a setting here$/,
  ],
  [
    'a kind of credential that no server takes for itself',
    { connections: { x: { ...gateway, serverToken: { source: 'static', user: 'reporting' } } } },
    'dataPassport.connections.x.serverToken',
    /^gives a user and a password, which a connection of type "mcp" and preset "databaseGateway" can not use for the server itself$/,
  ],
  [
    'a kind of credential that the preset can not use',
    {
      connections: {
        x: {
          ...mcp,
          preset: 'spcs',
          url: 'https://a-b.snowflakecomputing.app/mcp',
          token: { source: 'snowflakeKeyPair', account: 'a', user: 'u', privateKeyFile: '/k' },
        },
      },
    },
    'dataPassport.connections.x.token',
    /^gives a token signed with a key of your own, which a connection of type "mcp" and preset "spcs" can not use$/,
  ],
  [
    'an account to run as where neither credential needs a sign-in',
    {
      connections: {
        x: {
          ...gateway,
          token: { source: 'personalAccessToken' },
          serverToken: { source: 'static' },
          runAs: 'alice@lab.example',
        },
      },
    },
    'dataPassport.connections.x.runAs',
    /^has no effect with the token sources "personalAccessToken", "static", which need no sign-in: delete it$/,
  ],
  [
    'an address of a server that looks like another one',
    { connections: { x: { ...mcp, url: 'https://catalog.example.com@evil.example/mcp' } } },
    'dataPassport.connections.x.url',
    /^must have no user or password in it$/,
  ],
  ...[null, 'true', 1].map((agents): (typeof wrong)[number] => [
    `whether agents may use it, said as ${JSON.stringify(agents)},`,
    { connections: { x: { ...snowflake, agents } } },
    'dataPassport.connections.x.agents',
    /^must be of type boolean$/,
  ]),
  ['a connection that is no object', { connections: { x: 7 } }, 'dataPassport.connections.x', /must be an object/],
  ['a limit beyond its bounds', { limits: { rows: 0 } }, 'dataPassport.limits.rows', /at least 1/],
];

for (const [name, raw, path, problem] of wrong) {
  test(`${name} is reported with its path, and a good connection beside it works on`, () => {
    const settings = parse({
      ...raw,
      identityProviders: { company: provider, ...(raw.identityProviders as object | undefined) },
      connections: { ...(raw.connections as object | undefined), good: { ...snowflake, identityProvider: 'company' } },
    });
    const [first] = settings.problems;
    assert.equal(first?.path, path);
    assert.match(first?.problem ?? '', problem);
    assert.deepEqual(
      settings.connections.map(({ id }) => id),
      ['good'],
    );
  });
}

test('a setting that is no object is reported as a whole', () => {
  assert.deepEqual(parse({ connections: [] }).problems, [
    { path: 'dataPassport.connections', problem: 'must be an object with an entry for each id' },
  ]);
});

const inherited = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];

for (const name of inherited) {
  test(`${name}, which every object inherits, is no entry of a table`, () => {
    const { providers, connections, problems } = parse({
      connections: {
        a: { ...snowflake, type: name },
        b: { ...snowflake, token: { source: name } },
        c: { ...snowflake, identityProvider: name },
      },
      identityProviders: { company: provider, p: { ...provider, preset: name } },
    });
    assert.deepEqual([providers.map(({ id }) => id), connections], [['company'], []]);
    assert.deepEqual(
      problems.map(({ path }) => path),
      [
        'dataPassport.identityProviders.p.preset',
        'dataPassport.connections.a.type',
        'dataPassport.connections.b.token.source',
        'dataPassport.connections.c.identityProvider',
      ],
    );
    assert.ok(problems.every(({ problem }) => problem.startsWith('must be one of "')));
  });
}

test('an id that every object inherits is refused, or one like any other', () => {
  // Computed names are own properties, as those of parsed JSON are.
  const { providers, connections, problems } = parse({
    connections: Object.fromEntries(inherited.map((id) => [id, { ...snowflake, identityProvider: 'constructor' }])),
    identityProviders: Object.fromEntries(inherited.map((id) => [id, provider])),
  });
  assert.deepEqual(
    [providers.map(({ id }) => id), connections.map(({ id }) => id)],
    [['constructor'], ['constructor']],
  );
  assert.deepEqual(connections[0]?.identityProvider, 'constructor');
  const refused = inherited.filter((id) => id !== 'constructor');
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['identityProviders', 'connections'].flatMap((setting) => refused.map((id) => `dataPassport.${setting}.${id}`)),
  );
});
