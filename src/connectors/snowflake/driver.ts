import type { Connection, ConnectionOptions } from 'snowflake-sdk';

/** What is used of the driver. */
export interface Driver {
  createConnection(options: ConnectionOptions): Connection;
}

/**
 * Variables that the driver reads while it is loaded (snowflake-sdk 3.3). Without the first, loading it asks the cloud's
 * metadata services who we are and calls AWS STS with whatever AWS keys the user has; without the others each login sends
 * telemetry, some of it with local paths.
 */
const environment = {
  SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
  SNOWFLAKE_DISABLE_MINICORE: '1',
  SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: '1',
};

const silent = (): void => undefined;

let loading: Promise<Driver> | undefined;

/**
 * Loads the driver once for the process and disarms it.
 *
 * What can't be disarmed: the driver keeps the parameters of the last login of *any* account in one module-wide table
 * (SERVICE_NAME, CLIENT_SESSION_KEEP_ALIVE). Nothing here may rely on its getters for them, and heartbeats are stopped
 * after each login. Its pools hold one token for ever and are never used.
 */
export function loadDriver(): Promise<Driver> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Driver> {
  Object.assign(process.env, environment);
  const { default: driver } = await import('snowflake-sdk');
  driver.configure({
    // The proxy is the one that the editor has; it comes with each connection.
    useEnvProxy: false,
    // The default logs to standard output and to a file in the working directory.
    logLevel: 'OFF',
    customLogger: { error: silent, warn: silent, info: silent, debug: silent, trace: silent },
    // The default runs what it can't parse as JavaScript: a server could run code in this process. We want the text anyway.
    jsonColumnVariantParser: (text: string) => text,
    xmlColumnVariantParser: (text: string) => text,
    // OCSP is asked for over plain HTTP at each login and is driver-wide; revocation lists are a setting of the connection.
    disableOCSPChecks: true,
  });
  return driver;
}
