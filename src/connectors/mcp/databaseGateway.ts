import * as z from 'zod/mini';

import { SERVER_SLOT } from '../../core/connection.ts';
import { connector } from '../connector.ts';
import { addressSetting, placeOf } from './address.ts';
import { bearer, MCP_LIMITS, oneToken, relayRules, relaySettings, TOKEN_KINDS } from './common.ts';
import { TOKEN_SLOT } from './generic.ts';
import type { Slots, Verdict } from './server.ts';

const settings = () =>
  z.strictObject({
    url: addressSetting('Address of the MCP server that logs in to the database with your token.'),
    database: z
      .string()
      .check(
        z.regex(/^[^\p{Cc}\p{Cf}]{1,200}$/u, 'must be one line of text'),
        z.describe(
          'The database that the token is for, such as `myorg-myaccount.snowflakecomputing.com`: named where you are asked whether the server may have it.',
        ),
      ),
    ...relaySettings(),
  });

type DatabaseGatewaySettings = z.infer<ReturnType<typeof settings>>;

/** The raw access token, without a scheme: the contract of such servers. */
function headers({ [TOKEN_SLOT]: token, [SERVER_SLOT]: own }: Slots): Readonly<Record<string, string>> {
  return { ...(token && { 'x-database-token': oneToken(token) }), ...bearer(own) };
}

/** How databases refuse a login with a token, whatever the server makes of it: whole sentences, because data may hold any word. */
const LOGIN_REFUSED = [
  // Snowflake: 390303, 390318, 394400, each with the id of the login in brackets.
  /(?:Invalid OAuth access token|OAuth access token expired|Programmatic access token is invalid)\. \[[0-9a-f-]{36}\]/i,
  // PostgreSQL: 28000 and 28P01.
  /(?:OAuth bearer|password|PAM) authentication failed for user "[^"\n]{1,100}"/i,
];

/**
 * The server wraps it in words about the query, which is not at fault. The call is not sent again: what else it did is not known.
 * The next one gets a fresh token.
 */
function judgeFailure(text: string): Verdict | undefined {
  const line = LOGIN_REFUSED.map((pattern) => pattern.exec(text)).find((found) => found !== null);
  if (!line) return undefined;
  return { kind: 'final', error: { code: 'DP-MCP-DATABASE', params: {}, detail: line[0] }, spent: TOKEN_SLOT };
}

/** An MCP server that opens the database session of each request with the token that came with it. */
export const databaseGateway = connector<DatabaseGatewaySettings>({
  type: 'mcp',
  preset: 'databaseGateway',
  label: 'MCP server: database gateway',
  about:
    'An MCP server that is not the database and logs in to it with your token, sent as `X-Database-Token`. Asks before the first time.',
  serves: 'mcp',
  settings,
  accepts: TOKEN_KINDS,
  secondCredential: true,
  limits: MCP_LIMITS,
  credentials: () => ({ [TOKEN_SLOT]: { scopes: [] } }),
  destinations: ({ url }) => [placeOf(url)],
  role: () => undefined,
  handsOn: ({ database }) => database,
  server: (chosen) => ({
    ...relayRules(chosen),
    reach: {
      kind: 'http',
      url: chosen.url,
      lifecycle: 'remote',
      headers,
      judge: ({ status }) =>
        status === 401
          ? { kind: 'rejected', slot: SERVER_SLOT, error: { code: 'DP-MCP-REFUSED', params: {} } }
          : undefined,
      judgeFailure,
    },
  }),
});
