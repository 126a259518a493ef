import { isLoopback } from '../../core/connection.ts';
import { addressOf } from '../address.ts';
import type { Drafting, Found } from '../drafting.ts';
import {
  carried,
  each,
  ENTER_SECRET,
  type Entry,
  type KeyRules,
  left,
  LEFT_OUT,
  NO_SECRET,
  portOf,
  secret,
  type Value,
  type Values,
  valuesOf,
} from '../entry.ts';

const network = left("the editor's own network settings count");
const session = left('a setting of the session that has no counterpart');
const otherLogin = left('it belongs to a way of logging in that is not carried over');

/**
 * Keys of a connection in `connections.toml` and `config.toml` (https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api)
 * and of an output of dbt (https://docs.getdbt.com/docs/core/connect-data-platform/snowflake-setup).
 */
export const snowflakeKeys: KeyRules = {
  account: carried('`account`; of a whole host name the part in front of `.snowflakecomputing.com`'),
  region: carried('the end of `account`, as older files have it'),
  host: carried('`host`, where it is not `<account>.snowflakecomputing.com`'),
  port: carried('`port`, where it is not that of the protocol'),
  protocol: carried('`protocol`; `http` for this machine alone'),
  role: carried('`role`'),
  warehouse: carried('`warehouse`'),
  database: carried('`database`'),
  schema: carried('`schema`'),
  authenticator: carried('who signs you in, or the token source: see below'),
  cert_revocation_check_mode: carried('`certificateRevocation`'),
  ...each('user username', left('the person who signs in decides')),
  ...each(
    `password passcode token private_key private_key_raw private_key_content private_key_passphrase private_key_file_pwd
    oauth_client_secret session_token master_token id_token mfa_token`,
    secret(),
  ),
  ...each('private_key_file private_key_path', left('this connection type takes no key pair')),
  token_file_path: left('tokens are never read from files'),
  passcode_in_password: otherLogin,
  ...each(
    `oauth_client_id oauth_redirect_uri oauth_authorization_url oauth_token_request_url oauth_scope oauth_enable_pkce
    oauth_enable_refresh_tokens oauth_enable_single_use_refresh_tokens oauth_credentials_in_body oauth_disable_pkce
    workload_identity_provider workload_identity_entra_resource workload_identity_impersonation_path external_browser_timeout
    disable_console_login okta_account_name disable_saml_url_check`,
    otherLogin,
  ),
  ...each('client_store_temporary_credential client_request_mfa_token', left('sign-ins are kept by the editor')),
  ...each('proxy_host proxy_port proxy_user proxy_password https_proxy http_proxy no_proxy', network),
  ...each(
    'ocsp_fail_open disable_ocsp_checks insecure_mode',
    left('certificates are always checked; `certificateRevocation` says how far'),
  ),
  ...each(
    `application autocommit query_tag session_parameters client_session_keep_alive client_session_keep_alive_heartbeat_frequency
    login_timeout network_timeout socket_timeout connect_timeout connect_retries retry_all retry_on_database_errors reuse_connections
    client_prefetch_threads numpy paramstyle timezone validate_default_parameters arrow_number_to_decimal enable_connection_diag
    platform_detection_timeout_seconds s3_stage_vpce_dns_name secondary_roles`,
    session,
  ),
};

/** What a way of logging in becomes. */
export interface SnowflakeWay {
  /** `snowflake`: its own sign-in page. `company`: an identity provider that the user chooses. `none`: a secret of the connection. */
  readonly signIn: 'snowflake' | 'company' | 'none';
  readonly token?: { readonly source: string };
  /** Completes `authenticator …`; absent where it means the same. */
  readonly change?: string;
}

const own: SnowflakeWay = { signIn: 'snowflake' };
const instead = (change: string): SnowflakeWay => ({ signIn: 'snowflake', change });
const service = (which: string): SnowflakeWay =>
  instead(
    `${which} is not taken: it logs a service in. The connection signs you in as yourself. For a service, make a programmatic access token and set token.source to personalAccessToken`,
  );

/** By the value of `authenticator` in lower case. */
export const snowflakeWays: Readonly<Record<string, SnowflakeWay>> = {
  snowflake: instead('snowflake (user and password) becomes your own sign-in at Snowflake in the browser'),
  username_password_mfa: instead(
    'username_password_mfa becomes your own sign-in at Snowflake, which asks for the second factor',
  ),
  externalbrowser: own,
  oauth_authorization_code: own,
  oauth: {
    signIn: 'company',
    change: 'oauth becomes the access token of an identity provider: choose which one signs you in',
  },
  programmatic_access_token: { signIn: 'none', token: { source: 'personalAccessToken' } },
  snowflake_jwt: service('snowflake_jwt (key pair)'),
  oauth_client_credentials: service('oauth_client_credentials'),
  workload_identity: service('workload_identity'),
  id_token: own,
};

const OKTA = instead(
  'with an address of Okta is not taken: no password is sent there. The connection signs you in at Snowflake, whose page leads on to Okta',
);

/** Roles that the built-in integration refuses (https://docs.snowflake.com/en/user-guide/oauth-local-applications). */
const BLOCKED = /^(?:ACCOUNTADMIN|ORGADMIN|GLOBALORGADMIN|SECURITYADMIN)$/i;

/** Takes one connection to Snowflake. @param name for the id, where it is not the entry's own */
export function takeSnowflake(entry: Entry, drafting: Drafting, id?: string): void {
  const values = valuesOf(entry, snowflakeKeys, drafting);
  const say = sayer(values, drafting);
  const place = placeOf(values, say);
  if (!place) return values.saySecrets(LEFT_OUT);
  const way = wayOf(values, place, say);
  if (!way) return values.saySecrets(LEFT_OUT);
  const isOwn = way.signIn === 'snowflake';
  const role = values.get('role');
  if (role && isOwn && BLOCKED.test(role.text))
    say(role, 'changed', `role is taken, but Snowflake's built-in sign-in refuses ${role.text}: choose another role`);
  values.saySecrets(way.signIn === 'none' ? ENTER_SECRET : NO_SECRET);
  drafting.connection({
    name: entry.name,
    id,
    line: entry.line,
    settings: {
      type: 'snowflake',
      ...place,
      ...texts(values, ['warehouse', 'database', 'schema', 'role']),
      ...revocation(values, say),
      ...(way.token && { token: way.token }),
    },
    needsProvider: way.signIn !== 'none' && !isOwn,
    ...(isOwn && { provider: providerOf(place) }),
  });
}

type Say = (value: Value | undefined, kind: 'notTaken' | 'changed' | 'broken', text: string) => void;

function sayer({ entry }: Values, { note }: Drafting): Say {
  return (value, kind, text) => note(value?.line ?? entry.line, entry.name, kind, text);
}

function providerOf({ account, host }: Pick<Place, 'account' | 'host'>): NonNullable<Found['provider']> {
  const id = `snowflake-${account.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.slice(0, 40).replace(/-+$/, '');
  return { id, settings: { preset: 'snowflake', account: account.toLowerCase(), ...(host !== undefined && { host }) } };
}

interface Place {
  readonly account: string;
  readonly host?: string;
  readonly port?: number;
  readonly protocol?: 'http';
}

const DOMAIN = /\.snowflakecomputing\.(?:com|cn)$/;

/** Where it is. Legacy locators keep their region: `xy12345.eu-central-1`. */
function placeOf(values: Values, say: Say): Place | undefined {
  const written = values.get('account');
  const given = values.get('host');
  const asHost = written && /snowflakecomputing\.|:\/\//i.test(written.text) ? addressOf(written.text) : undefined;
  const address = given ? addressOf(given.text) : asHost;
  if (given && !address) say(given, 'broken', 'host is no host name: the connection is not taken');
  if (given && !address) return undefined;
  const account = accountOf(asHost ? undefined : written, asHost?.host ?? address?.host, values.get('region'));
  if (account === undefined) {
    say(written ?? given, 'broken', 'the connection is not taken: it has no account');
    return undefined;
  }
  if (asHost && written) say(written, 'changed', `account is shortened to ${account}`);
  const host = address && hyphenated(address.host) !== defaultHost(account) ? address.host : undefined;
  const protocol = protocolOf(values.get('protocol'), host, say);
  const port = portNumber(values, address?.port, say);
  const usual = protocol === 'http' ? 80 : 443;
  return {
    account,
    ...(host !== undefined && { host }),
    ...(port !== undefined && port !== usual && { port }),
    ...(protocol === 'http' && { protocol }),
  };
}

function accountOf(
  written: Value | undefined,
  host: string | undefined,
  region: Value | undefined,
): string | undefined {
  const account = written?.text ?? (host !== undefined && DOMAIN.test(host) ? host.replace(DOMAIN, '') : undefined);
  if (account === undefined || region === undefined || account.includes('.')) return account;
  return `${account}.${region.text}`;
}

/** https://docs.snowflake.com/en/user-guide/organizations-connect: no host name holds an underscore. */
function defaultHost(account: string): string {
  return `${account.toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com`;
}

function hyphenated(host: string): string {
  return host.replaceAll('_', '-');
}

function protocolOf(value: Value | undefined, host: string | undefined, say: Say): 'http' | undefined {
  if (value?.text.toLowerCase() !== 'http') return undefined;
  if (isLoopback(host ?? '')) return 'http';
  say(value, 'notTaken', 'protocol is not taken: off this machine the connection always uses https');
  return undefined;
}

function portNumber(values: Values, ofAddress: number | undefined, say: Say): number | undefined {
  const value = values.get('port');
  const port = portOf(value) ?? ofAddress;
  if (value && portOf(value) === undefined) say(value, 'broken', 'port is not taken: it is no number');
  return port;
}

function wayOf(values: Values, { host }: Place, say: Say): SnowflakeWay | undefined {
  const value = values.get('authenticator');
  if (values.isUnread('authenticator')) {
    say(undefined, 'notTaken', 'the connection is not taken: its authenticator can not be read');
    return undefined;
  }
  const name = value?.text.toLowerCase() ?? impliedWay(values);
  const isOwnClient = name === 'oauth' && values.has('oauth_client_id');
  const way = isOwnClient
    ? own
    : name.startsWith('https://')
      ? OKTA
      : Object.hasOwn(snowflakeWays, name)
        ? snowflakeWays[name]
        : undefined;
  if (way?.signIn === 'snowflake' && isLoopback(host ?? '')) return emulator(value, say);
  if (!way)
    say(value, 'notTaken', 'the connection is not taken: its authenticator is none that Data Passport has a way for');
  else if (way.change !== undefined) say(value, 'changed', `authenticator ${way.change}`);
  return way;
}

function emulator(value: Value | undefined, say: Say): SnowflakeWay {
  say(value, 'changed', 'this machine has no sign-in page of Snowflake: choose an identity provider that signs you in');
  return { signIn: 'company' };
}

/** Drivers take a key for a key pair where nothing else is said. */
function impliedWay(values: Values): string {
  const keys = ['private_key_file', 'private_key_path', 'private_key', 'private_key_raw', 'private_key_content'];
  if (keys.some((key) => values.has(key))) return 'snowflake_jwt';
  return values.has('password') ? 'snowflake' : 'externalbrowser';
}

const MODES: Readonly<Record<string, string>> = { enabled: 'required', advisory: 'advisory', disabled: 'off' };

function revocation(values: Values, say: Say): { certificateRevocation?: string } {
  const value = values.get('cert_revocation_check_mode');
  const mode = value && MODES[value.text.toLowerCase()];
  if (value && mode === undefined) say(value, 'broken', 'cert_revocation_check_mode is not taken: it is no known mode');
  return mode === undefined || mode === 'off' ? {} : { certificateRevocation: mode };
}

function texts(values: Values, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = values.get(key);
      return value ? [[key, value.text]] : [];
    }),
  );
}
