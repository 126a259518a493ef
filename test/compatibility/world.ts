import type { Answer, Passport } from '../extension/passport.ts';
import { loginAt } from '../extension/passport.ts';
import {
  databricksAudience,
  type LabIdentityProvider,
  mcpAudience,
  postgresAudience,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { IdentityProviderOptions } from '../lab/identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../lab/postgres/index.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import {
  integrationClientId,
  type LabSnowflakeOAuth,
  type SnowflakeOAuthOptions,
  startSnowflakeOAuth,
} from '../lab/snowflake/oauth.ts';
import { type LabDatabricks, startDatabricks } from '../lab/tokenServices/databricks.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { type Endpoint, startMcp, startStatements } from './endpoints.ts';

/** How providers differ, as far as a connection can feel it: a column of the table. */
export interface Column {
  /** Head of the column. */
  readonly title: string;
  readonly provider: IdentityProviderOptions;
  /** Of the preset `oidc`, besides issuer and client id. */
  readonly settings: object;
  /** The same manners at Snowflake's own OAuth. */
  readonly snowflake: SnowflakeOAuthOptions;
}

export const columns = {
  rotating: {
    title: 'rotates refresh tokens and detects reuse; `resource`',
    provider: {},
    settings: {},
    snowflake: { integration: 'local', singleUse: true },
  },
  lasting: {
    title: 'keeps the refresh token; `audience`; issuer with a slash',
    provider: { audienceBy: 'parameter', issuerSlash: true, rotate: false },
    settings: { audienceParameter: 'audience' },
    snowflake: { integration: 'public' },
  },
  scoped: {
    title: 'scopes choose the audience; no ID token on refresh; no revocation',
    provider: { audienceBy: 'scope', omitIdTokenOnRefresh: true, revocation: 'none', scopeClaim: 'string' },
    settings: { audienceParameter: 'scope' },
    snowflake: { integration: 'confidential', clientSecret: 'a/secret+of=the integration' },
  },
} as const satisfies Readonly<Record<string, Column>>;

/** One provider with everything that trusts it. */
export interface World {
  readonly idp: LabIdentityProvider;
  readonly warehouse: LabWarehouse;
  readonly ownOAuth: LabSnowflakeOAuth;
  readonly postgres: LabPostgres | undefined;
  readonly databricks: LabDatabricks;
  readonly statements: Endpoint;
  readonly mcp: Endpoint;
  close(): Promise<void>;
}

/** Whoever starts it closes it. */
export async function startWorld({ provider, snowflake }: Column): Promise<World> {
  const idp = await startIdentityProvider(provider);
  const ownOAuth = await startSnowflakeOAuth(snowflake);
  const { issuer, jwksUri } = idp;
  const warehouse = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience, ownOAuth });
  const impossible = await canRunPostgres('oauth');
  const postgres =
    impossible === undefined ? await startPostgres({ issuer, jwksUri, audience: postgresAudience }) : undefined;
  const databricks = await startDatabricks({ policies: [{ issuer, audiences: [databricksAudience] }] });
  const statements = await startStatements(async (token) => (await databricks.whois(token))?.user);
  const mcp = await startMcp(idp, mcpAudience);
  return {
    idp,
    warehouse,
    ownOAuth,
    postgres,
    databricks,
    statements,
    mcp,
    async close() {
      for (const part of [mcp, statements, databricks, postgres, warehouse, ownOAuth, idp]) await part?.close();
    },
  };
}

/** What a user writes, and how they log in: a row of the table. */
export interface Row {
  readonly title: string;
  /** Undefined where it can not run on this machine. */
  connection(world: World, column: Column): object | undefined;
  /** Whose sign-in it is. */
  readonly at: 'company' | 'snowflake';
  /** How an agent asks. Default: by a query. */
  ask?(passport: Passport): Promise<Answer>;
}

export const ACCOUNT = 'coffee-lab_eu';

const snowflakeConnection = ({ warehouse }: World): object => ({
  type: 'snowflake',
  agents: true,
  account: ACCOUNT,
  host: '127.0.0.1',
  port: warehouse.port,
  protocol: 'http',
  database: 'LAB',
  role: 'ANALYST',
});

/** Of rows whose connection type only the tests have. */
const tokenAlone = '(the token alone: no connection type yet)';

/** Statements with a token that was exchanged as a Databricks workspace does it. */
export const exchangedConnection = ({ statements, databricks }: Pick<World, 'statements' | 'databricks'>): object => ({
  type: 'statements',
  agents: true,
  url: statements.url,
  token: {
    source: 'tokenExchange',
    endpoint: databricks.url,
    subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    subjectAudience: databricksAudience,
    subjectScopes: ['federate'],
    scopes: ['sql'],
  },
});

export const rows: Readonly<Record<string, Row>> = {
  snowflakeExternal: {
    title: "Snowflake, External OAuth with the company's provider",
    at: 'company',
    connection: (world) => ({ ...snowflakeConnection(world), token: { audience: warehouseAudience } }),
  },
  snowflakeOwn: { title: "Snowflake, Snowflake's own OAuth", at: 'snowflake', connection: snowflakeConnection },
  postgres: {
    title: 'PostgreSQL 18',
    at: 'company',
    connection: ({ postgres }) =>
      postgres && {
        type: 'postgres',
        agents: true,
        host: postgres.host,
        port: postgres.port,
        database: postgres.database,
        authentication: 'oauthbearer',
        token: { audience: postgresAudience, scopes: ['connect'] },
      },
  },
  databricks: {
    title: `Databricks-shaped token exchange ${tokenAlone}`,
    at: 'company',
    connection: exchangedConnection,
  },
  mcp: {
    title: 'Remote MCP server',
    at: 'company',
    connection: ({ mcp }) => ({
      type: 'mcp',
      agents: true,
      url: mcp.url,
      token: { audience: mcpAudience, scopes: ['tools'] },
    }),
    ask: ({ remote }) => remote('cell', 'regions'),
  },
};

export const ownHost = `https://${ACCOUNT.replace('_', '-')}.snowflakecomputing.com`;

/** User settings of one cell. */
export function settingsOf(world: World, column: Column, { at }: Row, connection: object): Record<string, unknown> {
  const { integration = 'local' } = column.snowflake;
  const own = {
    preset: 'snowflake',
    account: ACCOUNT,
    ...(integration !== 'local' && {
      integration: 'custom',
      clientId: integrationClientId,
      redirectPorts: [],
      clientAuthentication: integration === 'public' ? 'none' : 'secret',
    }),
  };
  const company = { issuer: world.idp.issuer, clientId: world.idp.clientId, ...column.settings };
  return {
    'dataPassport.identityProviders': { [at]: at === 'snowflake' ? own : company },
    'dataPassport.connections': { cell: connection },
  };
}

/** What the browser does. */
export const logIn = (world: World, { at }: Row, user: LabUserName): ((url: string) => Promise<URL>) =>
  at === 'snowflake' ? (url) => world.ownOAuth.logIn(url, user) : loginAt(world.idp, user);

/** Snowflake's OAuth has the address of the account; here it is another one. */
export const sendTo =
  ({ ownOAuth }: World) =>
  (url: string, init: RequestInit): Promise<Response> =>
    fetch(url.startsWith(`${ownHost}/`) ? ownOAuth.url + url.slice(ownHost.length) : url, {
      ...init,
      redirect: 'manual',
    });
