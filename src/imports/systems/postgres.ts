import { isLoopback } from '../../core/connection.ts';
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
  portOf,
  RUN,
  secret,
  type Value,
  type Values,
  valuesOf,
} from '../entry.ts';
import { cloudOf } from './clouds.ts';

const otherLogin = left('it belongs to a way of logging in that is not carried over');

/** Parameters of libpq (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). */
export const postgresKeys: KeyRules = {
  host: carried('`host`; of several the first. A socket (`/…`) is no host: that connection is left out'),
  hostaddr: carried('`host`, where there is no `host`'),
  port: carried('`port`'),
  dbname: carried('`database`; without it the name of the user, as libpq does'),
  user: carried('the user of the password: `token.user`'),
  sslmode: carried('TLS is always used off this machine; on it where `sslmode` is `require` or more'),
  sslrootcert: carried('`caFile`'),
  oauth_issuer: carried('`authentication: "oauthbearer"`'),
  oauth_scope: carried('`token.scopes`'),
  ...each('password oauth_client_secret scram_client_key scram_server_key', secret()),
  passfile: left(`passwords are never read from files. ${RUN}`),
  service: left('a service can not name another one'),
  servicefile: left('a service file can not name another one'),
  oauth_client_id: left('it is that of another program: choose an identity provider of your own'),
  ...each('sslcert sslkey sslcertmode sslpassword', left('client certificates are not supported')),
  ...each(
    'require_auth channel_binding gssencmode krbsrvname gsslib gssdelegation requirepeer requiressl replication',
    otherLogin,
  ),
  ...each(
    'sslcrl sslcrldir sslsni sslcompression sslnegotiation ssl_min_protocol_version ssl_max_protocol_version sslkeylogfile',
    left('TLS is set up by Data Passport'),
  ),
  ...each('target_session_attrs load_balance_hosts', left('a connection has one host')),
  ...each(
    `options application_name fallback_application_name client_encoding connect_timeout keepalives keepalives_idle
    keepalives_interval keepalives_count tcp_user_timeout min_protocol_version max_protocol_version`,
    left('a setting of the session that has no counterpart'),
  ),
};

/** What a format adds to the parameters of libpq. */
export interface PostgresVariant {
  readonly id?: string | undefined;
  readonly rules?: KeyRules;
  readonly usualPort?: number;
  /** In place of a password of the database. */
  readonly token?: Readonly<Record<string, unknown>>;
  /** More to say of the host, in place of what is known of clouds. */
  readonly knowsHost?: boolean;
}

/** Takes one connection to PostgreSQL, or to what speaks its protocol. */
export function takePostgres(entry: Entry, drafting: Drafting, variant: PostgresVariant = {}): void {
  const values = valuesOf(entry, variant.rules ?? postgresKeys, drafting);
  const say: Say = (value, kind, text) => drafting.note(value?.line ?? entry.line, entry.name, kind, text);
  const host = hostOf(values, say);
  const database = host === undefined ? undefined : databaseOf(values, say);
  if (host === undefined || database === undefined) return values.saySecrets(LEFT_OUT);
  const login = loginOf(values, variant.token, say);
  values.saySecrets(login.needsProvider ? NO_SECRET : ENTER_SECRET);
  const cloud = variant.knowsHost === true || login.needsProvider ? undefined : cloudOf(host);
  if (cloud !== undefined) say(values.get('host'), 'changed', `host ${cloud}`);
  const port = firstPort(values, say) ?? variant.usualPort ?? 5432;
  drafting.connection({
    name: entry.name,
    id: variant.id,
    line: entry.line,
    settings: {
      type: 'postgres',
      host,
      ...(port !== 5432 && { port }),
      database,
      ...roleOf(values),
      ...tlsOf(values, host, { say, drafting }),
      ...login.settings,
    },
    needsProvider: login.needsProvider,
  });
}

type Say = (value: Value | undefined, kind: 'notTaken' | 'changed' | 'broken', text: string) => void;

function hostOf(values: Values, say: Say): string | undefined {
  const value = values.get('host') ?? values.get('hostaddr');
  if (!value) {
    const why = values.has('host') ? '' : ', and sockets of this machine are not supported';
    say(undefined, 'notTaken', `the connection is not taken: it has no host${why}`);
    return undefined;
  }
  const [first = '', ...more] = value.text.split(',').map((host) => host.trim());
  if (/^[/@]|^[A-Za-z]:[\\/]/.test(first)) {
    const text = first.startsWith('/cloudsql/') ? CLOUD_SQL : SOCKET;
    say(value, 'notTaken', `the connection is not taken: its host is a socket of ${text}`);
    return undefined;
  }
  if (more.length > 0) say(value, 'changed', 'of several hosts only the first is taken');
  return first;
}

const SOCKET = 'this machine. Name localhost if the server listens there';
const CLOUD_SQL =
  'the Cloud SQL Auth Proxy. Name the address of the instance and set token to an access token of Google with the scope https://www.googleapis.com/auth/sqlservice.login';

function firstPort(values: Values, say: Say): number | undefined {
  const value = values.get('port');
  if (!value) return undefined;
  const [first = ''] = value.text.split(',');
  const port = portOf({ ...value, text: first.trim() });
  if (port === undefined) say(value, 'broken', 'port is not taken: it is no number');
  return port;
}

/** A `dbname` that is a whole connection string may hold a password: it is not looked into. */
function databaseOf(values: Values, say: Say): string | undefined {
  const value = values.get('dbname');
  const user = values.get('user');
  if (value && (/^postgres(?:ql)?:\/\//i.test(value.text) || value.text.includes('='))) {
    say(
      value,
      'notTaken',
      'the connection is not taken: its dbname is a connection string. Write its parts as keys of their own',
    );
    return undefined;
  }
  if (value) return value.text;
  if (user) say(user, 'changed', `database is ${user.text}, like the user, because dbname is missing`);
  else say(undefined, 'notTaken', 'the connection is not taken: it has no dbname');
  return user?.text;
}

interface Login {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly needsProvider: boolean;
}

function loginOf(values: Values, token: PostgresVariant['token'], say: Say): Login {
  const user = values.get('user');
  if (token) {
    if (user) say(user, 'notTaken', 'user is not taken: the database sees the role of AWS');
    return { settings: { token }, needsProvider: true };
  }
  const issuer = values.get('oauth_issuer');
  if (issuer) {
    say(
      issuer,
      'changed',
      'oauth_issuer becomes a token of the identity provider that you choose: choose the one with this issuer',
    );
    const scopes = values.get('oauth_scope')?.text.split(/\s+/);
    return { settings: { authentication: 'oauthbearer', ...(scopes && { token: { scopes } }) }, needsProvider: true };
  }
  if (user) {
    if (!values.has('password') && !values.has('passfile'))
      say(user, 'changed', `the password of ${user.text} is asked for once. ${RUN}`);
    return { settings: { token: { source: 'static', user: user.text } }, needsProvider: false };
  }
  say(
    undefined,
    'changed',
    'user is missing: the connection logs in as the user of your sign-in, with a token in place of the password',
  );
  return { settings: {}, needsProvider: true };
}

function roleOf(values: Values): { role?: string } {
  const role = values.get('role');
  return role ? { role: role.text } : {};
}

/** TLS off this machine can not be switched off, and certificates are always verified, with their names. */
function tlsOf(
  values: Values,
  host: string,
  { say, drafting }: { readonly say: Say; readonly drafting: Drafting },
): { tls?: 'always'; caFile?: string } {
  const mode = values.get('sslmode');
  const root = values.get('sslrootcert');
  const name = mode?.text.toLowerCase() ?? 'prefer';
  const isStrict = /^(?:require|verify-ca|verify-full)$/.test(name);
  const caFile = root && root.text !== 'system' ? fullPath(root.text, drafting) : undefined;
  if (isLoopback(host))
    return { ...(isStrict && { tls: 'always' }), ...(caFile !== undefined && isStrict && { caFile }) };
  const change = CHANGES[name];
  if (mode && change !== undefined) say(mode, 'changed', change);
  else if (mode && !isStrict) say(mode, 'broken', 'sslmode is not taken: it is no known mode. The connection uses TLS');
  if (isStrict && name !== 'require' && !root)
    say(mode, 'changed', 'without sslrootcert the authorities of the system are trusted: set caFile for others');
  return caFile === undefined ? {} : { caFile };
}

const NO_PLAIN = 'is not taken: off this machine the connection always uses TLS and verifies the certificate';
const CHANGES: Readonly<Record<string, string>> = {
  disable: `sslmode disable ${NO_PLAIN}`,
  allow: `sslmode allow ${NO_PLAIN}`,
  prefer: `sslmode prefer ${NO_PLAIN}`,
  require:
    'sslmode require becomes more: the certificate is verified as well. Set caFile if its authority is not one of the system',
  'verify-ca': 'sslmode verify-ca becomes more: the name in the certificate is verified as well',
};

function fullPath(file: string, { ports }: Drafting): string {
  return file.replace(/^~(?=[/\\])/, () => ports.environment.home);
}
