import * as z from 'zod/mini';

import { isLoopback } from '../../core/connection.ts';
import type { CredentialFields, CredentialKind } from '../../core/credential.ts';
import { connector } from '../connector.ts';
import { account } from '../snowflake/account.ts';
import { hostOf } from '../snowflake/host.ts';
import { bearer, MCP_LIMITS, relayRules, relaySettings } from './common.ts';
import { TOKEN_SLOT } from './generic.ts';
import type { RpcError, Verdict } from './server.ts';

/** https://docs.snowflake.com/en/user-guide/organizations-connect, and the same for China and private links. */
const SNOWFLAKE_HOST = /^[a-z0-9][a-z0-9.-]*\.snowflakecomputing\.(?:com|cn)$/i;

/** Bytes at which Snowflake cuts the results of its SQL and generic tools: 250 KB, whichever way a KB is counted. */
const isNearlyCut = (bytes: number): boolean => bytes >= 0.97 * 250_000 && bytes <= 250 * 1024;

const name = (about: string) => z.string().check(z.minLength(1), z.maxLength(255), z.describe(about));

const settings = () =>
  z
    .strictObject({
      account: account(),
      host: z.optional(
        z.string().check(
          z.refine(
            (host) => SNOWFLAKE_HOST.test(host) || isLoopback(host),
            'must end in .snowflakecomputing.com or .snowflakecomputing.cn',
          ),
          z.describe('Host name where it is not `<account>.snowflakecomputing.com`: private link, China.'),
        ),
      ),
      port: z.optional(
        z.int().check(z.minimum(1), z.maximum(65_535), z.describe('Port where it is not that of the protocol.')),
      ),
      protocol: z
        ._default(z.enum(['https', 'http']), 'https')
        .check(z.describe('`http` is for an emulator on this machine and refused for every other host.')),
      database: name('Database that the MCP server is in.'),
      schema: name('Schema that the MCP server is in.'),
      server: name('Name of the MCP server, as `SHOW MCP SERVERS` gives it.'),
      role: z.optional(
        name(
          'Role to run as. The token is asked for with the scope `session:role:<role>`; without a role with `session:role-any`, and the user has their default role.',
        ),
      ),
      tokenType: z
        ._default(z.enum(['auto', 'always', 'never']), 'auto')
        .check(
          z.describe(
            'Whether `X-Snowflake-Authorization-Token-Type` says what kind of token it is. `auto`: for key pairs and programmatic access tokens.',
          ),
        ),
      ...relaySettings(),
    })
    .check(
      z.refine(({ protocol, host }) => protocol === 'https' || (host !== undefined && isLoopback(host)), {
        path: ['protocol'],
        error: 'http is allowed for a loopback host only',
      }),
    );

type SnowflakeMcpSettings = z.infer<ReturnType<typeof settings>>;

const portOf = ({ port, protocol }: SnowflakeMcpSettings): number => port ?? (protocol === 'https' ? 443 : 80);

/** The path keeps names as they are: underscores become hyphens in the host alone. */
function urlOf(chosen: SnowflakeMcpSettings): string {
  const { protocol, database, schema, server } = chosen;
  const [db, sch, mcp] = [database, schema, server].map(encodeURIComponent);
  const path = `/api/v2/databases/${db}/schemas/${sch}/mcp-servers/${mcp}`;
  return new URL(path, `${protocol}://${hostOf(chosen)}:${portOf(chosen)}`).href;
}

/** https://docs.snowflake.com/en/developer-guide/sql-api/authenticating */
const TOKEN_TYPES: Partial<Record<CredentialKind, string>> = {
  bearer: 'OAUTH',
  keyPairJwt: 'KEYPAIR_JWT',
  personalAccessToken: 'PROGRAMMATIC_ACCESS_TOKEN',
};

function tokenType(
  { tokenType: wish }: SnowflakeMcpSettings,
  token: CredentialFields | undefined,
): Record<string, string> {
  const type = token && TOKEN_TYPES[token.kind];
  const said = wish === 'always' || (wish === 'auto' && token?.kind !== 'bearer');
  return type !== undefined && said ? { 'x-snowflake-authorization-token-type': type } : {};
}

/** A name as GRANT takes it (https://docs.snowflake.com/en/sql-reference/identifiers-syntax). */
const quoted = (part: string): string =>
  /^[A-Za-z_][A-Za-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`;

/** A missing grant looks like an error of the server, with status 200. Another token would not change it. */
function judgeError(chosen: SnowflakeMcpSettings, { code, message }: RpcError): Verdict | undefined {
  const { database, schema, server, role } = chosen;
  if (code === -32603 && /does not exist or not authorized/i.test(message)) {
    const names = [database, schema, server].map(quoted);
    const params = {
      server,
      role: role === undefined ? 'your default role' : `the role ${role}`,
      roleName: role === undefined ? '<your default role>' : quoted(role),
      databaseName: names.slice(0, 1).join('.'),
      schemaName: names.slice(0, 2).join('.'),
      serverName: names.join('.'),
    };
    return { kind: 'final', error: { code: 'DP-MCP-GRANT', params, detail: message } };
  }
  return acceptFault(`${code} ${message}`);
}

/** The Accept header is ours to send: 391902, in an error of JSON-RPC or of the REST endpoint in front of it. */
function acceptFault(text: string): Verdict | undefined {
  return /\b391902\b|Unsupported Accept header/i.test(text)
    ? { kind: 'final', error: { code: 'DP-INTERNAL', params: { problem: 'Accept header, 391902' } } }
    : undefined;
}

/** A managed MCP server of Snowflake (https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-agents-mcp). */
export const snowflakeMcp = connector<SnowflakeMcpSettings>({
  type: 'mcp',
  preset: 'snowflake',
  label: 'MCP server: Snowflake',
  about: 'An MCP server that Snowflake manages, as an object in a schema.',
  serves: 'mcp',
  settings,
  accepts: ['bearer', 'personalAccessToken', 'keyPairJwt'],
  limits: MCP_LIMITS,
  // https://docs.snowflake.com/en/user-guide/oauth-ext-overview#scopes
  credentials: ({ role }) => ({
    [TOKEN_SLOT]: { scopes: [role === undefined ? 'session:role-any' : `session:role:${role}`] },
  }),
  destinations: (chosen) => [{ host: hostOf(chosen), port: portOf(chosen), secure: chosen.protocol === 'https' }],
  role: ({ role }) => role,
  server: (chosen) => ({
    ...relayRules(chosen),
    reach: {
      kind: 'http',
      url: urlOf(chosen),
      lifecycle: 'local',
      headers: ({ [TOKEN_SLOT]: token }) => ({ ...bearer(token), ...tokenType(chosen, token) }),
      judge: ({ status, body }) => (status === 400 || status === 406 ? acceptFault(body) : undefined),
      judgeError: (error) => judgeError(chosen, error),
      remark: (text) =>
        isNearlyCut(new TextEncoder().encode(text).length)
          ? 'Snowflake cuts results at 250 KB, and this one is as long: what is missing at its end was cut there. Ask for fewer rows or columns.'
          : undefined,
    },
  }),
});
