import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

import type { Client, ClientConfig } from 'pg';

import { fillFromClaims } from '../../core/claimTemplate.ts';
import type { CredentialFields } from '../../core/credential.ts';
import { PassportError } from '../../core/errors.ts';
import { decodeJwt } from '../../core/jwt.ts';
import type { SessionContext } from '../connector.ts';
import { postgresSlot, type PostgresSettings, wantsTls } from '../postgres.ts';
import type { Backend } from './cancel.ts';
import { loginFailure, settingPath } from './failures.ts';
import { oauthBearerClient } from './oauthBearer.ts';
import { passwordClient } from './passwordClient.ts';
import type { TokenSupplier } from './tokenClient.ts';
import { tokenPasswordClient } from './tokenPassword.ts';

export interface LoggedIn {
  readonly client: Client;
  readonly backend: Backend;
  /** As the server reports it, such as `18.4`. */
  readonly serverVersion: string;
  /** Ends the connection without a word. */
  cut(): void;
  /** What `send` writes leaves in one piece. */
  together<T>(send: () => T): T;
}

const loginMilliseconds = 10_000;

const clients = {
  token: tokenPasswordClient,
  oauthbearer: oauthBearerClient,
  password: passwordClient,
} satisfies Record<string, (config: ClientConfig, token: TokenSupplier) => Client>;

/**
 * Connects and logs in as the user of the token. On failure nothing stays open.
 * @throws PassportError see SessionModule.open
 */
export async function logIn(settings: PostgresSettings, context: SessionContext): Promise<LoggedIn> {
  const { connection, signal } = context;
  signal.throwIfAborted();
  const tls = wantsTls(settings) ? await tlsOptions(settings, connection) : undefined;
  const credential = await context.credentials(postgresSlot, { signal });
  const { user, token, kind } = entryOf(credential.reveal(), settings, connection);
  signal.throwIfAborted();

  const host = withoutBrackets(settings.host);
  // Everything is explicit: what is left out, pg takes from PG* environment variables.
  const client = clients[kind](
    {
      host,
      port: settings.port,
      database: settings.database,
      user,
      ssl: tls ?? false,
      sslnegotiation: 'postgres',
      application_name: 'data-passport',
      client_encoding: 'UTF8',
      options: startupOptions(settings),
      connectionTimeoutMillis: loginMilliseconds,
      keepAlive: true,
      pipeline: true,
      types: { getTypeParser: () => (text: string) => text },
    },
    async () => token,
  );
  let keys: Pick<Backend, 'processID' | 'secretKey'> = { processID: 0, secretKey: 0 };
  let serverVersion = '';
  const { connection: wire } = client;
  // TLS puts another stream in place of the first.
  const stream = (): Socket => wire.stream as Socket;
  const cut = (): void => void stream().destroy();
  wire.on('backendKeyData', ({ processID, secretKey }: typeof keys) => {
    keys = { processID, secretKey };
  });
  wire.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) => {
    if (status.parameterName === 'server_version') serverVersion = status.parameterValue;
  });

  signal.addEventListener('abort', cut, { once: true });
  try {
    await client.connect();
  } catch (error) {
    cut();
    signal.throwIfAborted();
    throw loginFailure(error, { connection, settings, user, token, kind });
  } finally {
    signal.removeEventListener('abort', cut);
  }
  // A statement of ours ends within a second when this process is gone without a word (PostgreSQL 14 on Linux and later).
  // Older servers and other systems refuse the setting, which changes nothing.
  if (Number.parseInt(serverVersion, 10) >= 14) {
    client.query('SET client_connection_check_interval = 1000').catch(() => undefined);
  }
  const address = stream().remoteAddress ?? host;
  const together = <T>(send: () => T): T => {
    const socket = stream();
    socket.cork();
    try {
      return send();
    } finally {
      socket.uncork();
    }
  };
  return { client, cut, together, serverVersion, backend: { ...keys, address, port: settings.port, tls } };
}

/**
 * Settings of the session that a database, a user or a role could have set otherwise.
 * Values are written the way that our cells and the read-only guard's lexer expect.
 */
export function startupOptions({ role }: Pick<PostgresSettings, 'role'>): string {
  const options = {
    DateStyle: 'ISO',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    standard_conforming_strings: 'on',
    default_transaction_read_only: 'on',
    ...(role !== undefined && { role }),
  };
  return Object.entries(options)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, (special) => `\\${special}`)}`)
    .join(' ');
}

/** Who logs in, with what, and how. A credential that names its database user is a password, whatever the settings say of tokens. */
function entryOf(
  fields: CredentialFields,
  settings: PostgresSettings,
  connection: string,
): { readonly user: string; readonly token: string; readonly kind: keyof typeof clients } {
  if (fields.kind === 'password') {
    if (settings.authentication === 'password') return { user: fields.user, token: fields.password, kind: 'password' };
    const problem = 'a token source that gives a user and a password goes with "password" alone';
    throw new PassportError('DP-SETTING-INVALID', { path: settingPath(connection, 'authentication'), problem });
  }
  if (fields.kind !== 'bearer')
    throw new PassportError('DP-INTERNAL', { problem: `a credential of kind ${fields.kind}` });
  const { token } = fields;
  const kind = settings.authentication === 'oauthbearer' ? 'oauthbearer' : 'token';
  return { user: userName(settings, token, connection), token, kind };
}

function userName({ user }: PostgresSettings, token: string, connection: string): string {
  const filled = fillFromClaims(user, decodeJwt(token)?.claims);
  const path = settingPath(connection, 'user');
  if ('missing' in filled) {
    throw new PassportError('DP-SETTING-INVALID', { path, problem: `the token has no claim ${filled.missing}` });
  }
  // A zero byte would end the name in the start-up message and begin a parameter.
  if (/\p{Cc}/u.test(filled.text)) {
    throw new PassportError('DP-SETTING-INVALID', { path, problem: 'the name has a control character' });
  }
  return filled.text;
}

async function tlsOptions(settings: PostgresSettings, connection: string): Promise<ConnectionOptions> {
  const { caFile } = settings;
  const host = withoutBrackets(settings.host);
  const ca = caFile === undefined ? undefined : await readAuthorities(caFile, connection);
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  };
}

/** An IPv6 address in brackets, as URLs have it, is no name that can be looked up. */
function withoutBrackets(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

async function readAuthorities(path: string, connection: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const problem = 'the file can not be read';
    throw new PassportError(
      'DP-SETTING-INVALID',
      { path: settingPath(connection, 'caFile'), problem },
      { cause: error },
    );
  }
}
