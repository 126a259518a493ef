import { addressOf } from '../address.ts';
import type { Drafting } from '../drafting.ts';
import {
  carried,
  each,
  ENTER_SECRET,
  type Entry,
  type KeyRules,
  left,
  LEFT_OUT,
  NO_SECRET,
  secret,
  type Value,
  type Values,
  valuesOf,
} from '../entry.ts';

const compute = left('the managed MCP server chooses its own compute');
const otherLogin = left('it belongs to a way of logging in that is not carried over');

/**
 * Fields of a profile (https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth) and of an output of dbt
 * (https://docs.getdbt.com/docs/core/connect-data-platform/databricks-setup).
 */
export const databricksKeys: KeyRules = {
  host: carried("`url` of the workspace's managed MCP server for SQL, and the `host` of an identity provider"),
  auth_type: carried('who signs you in, or the token source: see below'),
  account_id: carried('nothing: a profile of an account has no MCP server and is left out'),
  ...each(
    'token password client_secret azure_client_secret google_credentials bearer_token metadata_service_url',
    secret(),
  ),
  ...each('username', left('the person who signs in decides')),
  ...each('client_id azure_client_id', left('it is that of another program or of a service')),
  ...each(
    `azure_tenant_id azure_workspace_resource_id azure_environment azure_use_msi azure_login_app_id google_service_account
    databricks_cli_path oidc_token_env oidc_token_filepath audience token_audience oauth_redirect_url oauth_scopes scopes`,
    otherLogin,
  ),
  ...each('cluster_id warehouse_id serverless_compute_id http_path compute', compute),
  ...each('workspace_id experimental_is_unified_host', left('the workspace is known by its host')),
  ...each('catalog database schema', left('the MCP server has no default: statements name it')),
  ...each(
    `session_properties connection_parameters connect_retries connect_timeout retry_all connect_max_idle
    http_timeout_seconds retry_timeout_seconds debug_headers debug_truncate_bytes rate_limit jobs-api-version insecure skip_verify`,
    left('a setting of the client that has no counterpart'),
  ),
};

export interface DatabricksWay {
  readonly signIn: boolean;
  /** Completes `auth_type …`; absent where it means the same. */
  readonly change?: string;
}

const own: DatabricksWay = { signIn: true };
const service: DatabricksWay = {
  signIn: true,
  change: 'is not taken: it logs a service in. The connection signs you in at the workspace as yourself',
};
const elsewhere: DatabricksWay = {
  signIn: true,
  change: 'is not taken: the connection signs you in at the workspace itself, whose page leads on to your company',
};

/** By `auth_type` in lower case. */
export const databricksWays: Readonly<Record<string, DatabricksWay>> = {
  'databricks-cli': own,
  'external-browser': own,
  oauth: own,
  'oauth-u2m': own,
  pat: { signIn: false },
  'oauth-m2m': service,
  'azure-client-secret': service,
  'azure-msi': service,
  'github-oidc': service,
  'github-oidc-azure': service,
  'azure-devops-oidc': service,
  'env-oidc': service,
  'file-oidc': service,
  'google-credentials': service,
  'google-id': service,
  'metadata-service': service,
  'azure-cli': elsewhere,
  basic: elsewhere,
};

/** Takes one profile: the MCP server for SQL that Databricks runs in every workspace (https://docs.databricks.com/aws/en/agents/mcp/managed-mcp). */
export function takeDatabricks(entry: Entry, drafting: Drafting, id?: string): void {
  const values = valuesOf(entry, databricksKeys, drafting);
  const say: Say = (value, kind, text) => drafting.note(value?.line ?? entry.line, entry.name, kind, text);
  const place = placeOf(values, say);
  const way = place === undefined ? undefined : wayOf(values, say);
  values.saySecrets(way === undefined ? LEFT_OUT : way.signIn ? NO_SECRET : ENTER_SECRET);
  if (place === undefined || !way) return;
  const { host, port } = place;
  const provider = { id: `databricks-${host.split('.')[0] ?? ''}`, settings: { preset: 'databricks', host } };
  drafting.connection({
    name: entry.name,
    id,
    line: entry.line,
    settings: {
      type: 'mcp',
      url: `https://${host}${port === undefined ? '' : `:${port}`}/api/2.0/mcp/sql`,
      token: way.signIn ? { scopes: ['sql', 'offline_access'] } : { source: 'personalAccessToken' },
    },
    ...(way.signIn && { provider }),
  });
}

type Say = (value: Value | undefined, kind: 'notTaken' | 'changed' | 'broken', text: string) => void;

/** Hosts of whole accounts, which have no workspace. */
const OF_ACCOUNTS = /^accounts(?:-[a-z0-9]+)?\./;

function placeOf(values: Values, say: Say): { host: string; port?: number | undefined } | undefined {
  const value = values.get('host');
  const account = values.get('account_id');
  const address = value && addressOf(value.text);
  if (!value) say(undefined, 'notTaken', 'the profile is not taken: it has no host');
  else if (!address || /^http:/i.test(value.text))
    say(value, 'broken', 'the profile is not taken: its host is no https address');
  else if (OF_ACCOUNTS.test(address.host))
    say(value, 'notTaken', 'the profile is not taken: it is for a whole account, which has no MCP server');
  else {
    if (address.more) say(value, 'changed', 'of host only the name is taken');
    if (account) say(account, 'notTaken', 'account_id is not taken: the workspace is known by its host');
    return address;
  }
  return undefined;
}

function wayOf(values: Values, say: Say): DatabricksWay | undefined {
  const value = values.get('auth_type');
  if (values.isUnread('auth_type')) {
    say(undefined, 'notTaken', 'the profile is not taken: its auth_type can not be read');
    return undefined;
  }
  const name = nameOf(value, values);
  const way = Object.hasOwn(databricksWays, name) ? databricksWays[name] : undefined;
  if (!way) say(value, 'notTaken', 'the profile is not taken: its auth_type is none that Data Passport has a way for');
  else if (way.change !== undefined) say(value, 'changed', `auth_type ${name} ${way.change}`);
  return way;
}

/** To dbt a service is `oauth` with a secret. */
function nameOf(value: Value | undefined, values: Values): string {
  const name = value?.text.toLowerCase() ?? impliedWay(values);
  return name === 'oauth' && values.has('client_secret') ? 'oauth-m2m' : name;
}

/** What Databricks' own tools try first (https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth#default-order). */
function impliedWay(values: Values): string {
  if (values.has('token')) return 'pat';
  if (values.has('password')) return 'basic';
  if (values.has('client_secret')) return 'oauth-m2m';
  if (values.has('azure_client_secret')) return 'azure-client-secret';
  if (values.has('google_credentials') || values.has('google_service_account')) return 'google-id';
  return 'databricks-cli';
}
