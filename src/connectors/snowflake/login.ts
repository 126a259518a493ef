import { isIPv6 } from 'node:net';

import type { Connection } from 'snowflake-sdk';

import type { CredentialFields } from '../../core/credential.ts';
import { PassportError } from '../../core/errors.ts';
import { proxyFor } from '../../core/network.ts';
import type { SessionContext } from '../connector.ts';
import { portOf, type SnowflakeSettings, snowflakeSlot } from '../snowflake.ts';
import { loadDriver } from './driver.ts';
import { loginFailure } from './failures.ts';
import { hostOf } from './host.ts';
import { proxyOptions } from './proxy.ts';

const loginSeconds = 15;

const revocation = { off: 'DISABLED', advisory: 'ADVISORY', required: 'ENABLED' } as const;

/** In upper case: the driver checks no other spelling, and a word that it does not know makes it send a password. */
const authenticators = { bearer: 'OAUTH', personalAccessToken: 'PROGRAMMATIC_ACCESS_TOKEN' } as const;

/**
 * Logs in with the credential as an OAuth token or as a programmatic access token, whichever it is. It is used once; the session
 * lives on without it.
 * @throws PassportError see SessionModule.open
 */
export async function logIn(settings: SnowflakeSettings, context: SessionContext): Promise<Connection> {
  const { connection: id, signal } = context;
  signal.throwIfAborted();
  const driver = await loadDriver();
  const credential = await context.credentials(snowflakeSlot, { signal });
  const { kind, token } = entryOf(credential.reveal());
  signal.throwIfAborted();
  const host = hostOf(settings);
  const { account, warehouse, database, schema, role } = settings;
  const connection = driver.createConnection({
    account,
    accessUrl: `${settings.protocol}://${isIPv6(host) ? `[${host}]` : host}:${portOf(settings)}`,
    authenticator: authenticators[kind],
    token,
    ...proxyOptions(context.network, portOf(settings)),
    application: 'DataPassport',
    ...(warehouse !== undefined && { warehouse }),
    ...(database !== undefined && { database }),
    ...(schema !== undefined && { schema }),
    ...(role !== undefined && { role }),
    // Heartbeats would keep a session for ever, whoever signs out.
    clientSessionKeepAlive: false,
    // The default of 7 tries takes minutes.
    sfRetryMaxLoginRetries: 1,
    representNullAsStringNull: false,
    certRevocationCheckMode: revocation[settings.certificateRevocation],
    crlOnDiskCache: false,
  });
  try {
    await connected(connection, signal, {
      late: () =>
        new PassportError('DP-DATABASE-UNREACHABLE', {
          connection: id,
          host: `${host}:${portOf(settings)}`,
          reason: `no answer within ${loginSeconds} seconds`,
        }),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw loginFailure(error, {
      connection: id,
      settings,
      token,
      personal: kind === 'personalAccessToken',
      proxy: proxyFor(context.network, host, portOf(settings)),
    });
  }
  // The server, or another account's login, may have switched heartbeats on after all.
  clearInterval(Reflect.get(connection, 'keepalive') as NodeJS.Timeout | undefined);
  return connection;
}

/** @throws PassportError DP-INTERNAL for a kind that the connector does not accept */
function entryOf(fields: CredentialFields): { readonly kind: keyof typeof authenticators; readonly token: string } {
  if (fields.kind === 'bearer' || fields.kind === 'personalAccessToken')
    return { kind: fields.kind, token: fields.token };
  throw new PassportError('DP-INTERNAL', { problem: `a credential of kind ${fields.kind}` });
}

/** The driver can't be told to stop: a login that comes too late is logged out at once. */
async function connected(
  connection: Connection,
  signal: AbortSignal,
  { late }: { late: () => PassportError },
): Promise<void> {
  let given: 'waiting' | 'up' = 'waiting';
  await new Promise<void>((resolve, reject) => {
    const giveUp = (error: unknown): void => {
      given = 'up';
      done();
      reject(error);
    };
    const onAbort = (): void => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(late()), loginSeconds * 1000);
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    connection
      .connectAsync((error) => {
        if (given === 'up') {
          if (!error) connection.destroy(() => undefined);
          return;
        }
        done();
        if (error) reject(error);
        else resolve();
      })
      .catch(giveUp);
  });
}
