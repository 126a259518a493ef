import { fileURLToPath } from 'node:url';

import { certificateAuthority } from '../lab/certificates.ts';
import { mcpAudience, warehouseAudience } from '../lab/identityProvider.ts';
import { type LabPlainServer, startPlainServer } from '../lab/mcp/plainServer.ts';
import { type LabSnowflakeMcp, startSnowflakeMcp } from '../lab/mcp/snowflakeMcp.ts';
import { type LabSpcsIngress, startSpcsIngress } from '../lab/mcp/spcsIngress.ts';
import { startTlsFront } from '../lab/tlsFront.ts';
import { closedPort, type Patient, patient, type PatientOptions, type Planting, type World } from './ground.ts';

const connection = 'remote';
const json = { 'content-type': 'application/json' };

/** Remote MCP servers of every kind. */
export const mcpPlantings: readonly Planting[] = [
  {
    name: 'an address with another path than that of the MCP server',
    plant: (world) => plain(world, { url: ({ url }) => url.replace('/mcp', '/nothing') }),
    link: 'reach',
    code: 'DP-MCP-STATUS',
    who: 'user',
    fix: /path included/,
  },
  {
    name: 'a log-in page in the place of an MCP server',
    plant: (world) => plain(world, { fault: (server) => server.htmlNext() }),
    link: 'initialize',
    code: 'DP-MCP-ANSWER',
    who: 'user',
    fix: /Open the address in a browser/,
  },
  {
    name: 'an MCP server that sends requests on',
    plant: (world) => plain(world, { fault: (server) => server.redirectNext('https://elsewhere.example/mcp') }),
    link: 'reach',
    code: 'DP-MCP-REDIRECT',
    who: 'user',
    fix: /final address/,
  },
  {
    name: 'an MCP server that is starting',
    plant: (world) => plain(world, { fault: (server) => server.replyRaw(503, {}, '', 'initialize') }),
    link: 'reach',
    code: 'DP-MCP-STATUS',
    who: 'nobody',
    fix: /again in a minute/,
  },
  {
    name: 'an MCP server that fails to begin',
    plant: (world) => plain(world, { fault: (server) => server.replyRaw(500, json, '{}', 'initialize') }),
    link: 'reach',
    code: 'DP-MCP-STATUS',
    who: 'system',
    fix: /Ask the owner of the server/,
  },
  {
    name: 'an MCP server that refuses to begin, in its own words',
    plant: (world) =>
      plain(world, {
        fault: (server) =>
          server.replyRaw(
            200,
            json,
            '{"jsonrpc":"2.0","id":"dp-diagnosis","error":{"code":-32000,"message":"Not today."}}',
            'initialize',
          ),
      }),
    link: 'initialize',
    code: 'DP-MCP-ANSWER',
    who: 'system',
    fix: /Show its words to the owner/,
  },
  {
    name: 'an MCP server that knows the user and does not let them in',
    plant: (world) =>
      plain(world, { fault: (server) => server.replyRaw(403, json, '{"message":"No."}', 'initialize') }),
    link: 'initialize',
    code: 'DP-MCP-FORBIDDEN',
    who: 'system',
    fix: /Ask the administrator of the MCP server/,
  },
  {
    name: 'a scope that the MCP server misses',
    plant: (world) =>
      plain(world, {
        fault: (server) =>
          server.replyRaw(
            403,
            { ...json, 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' },
            '{}',
            'initialize',
          ),
      }),
    link: 'initialize',
    code: 'DP-MCP-FORBIDDEN',
    who: 'user',
    fix: /Add the scope that the detail names/,
  },
  {
    name: 'an MCP server that does not take the token',
    plant: (world) => plain(world, { fault: (server) => server.rejectNextTokens(9) }),
    link: 'initialize',
    code: 'DP-MCP-REFUSED',
    who: 'system',
    fix: /Show Token Claims/,
  },
  {
    name: 'an MCP server that does not listen',
    plant: async (world) => remote(world, { url: `http://127.0.0.1:${await closedPort()}/mcp`, ...own }),
    link: 'reach',
    code: 'DP-MCP-UNREACHABLE',
    who: 'system',
    fix: /Check the port/,
  },
  {
    name: 'a certificate of an MCP server that nobody here knows',
    async plant(world) {
      const front = await startTlsFront(certificateAuthority('Unknown CA').issue('localhost'), () => 1);
      return remote(world, { url: `https://localhost:${front.port}/mcp`, ...own }, { undo: () => front.close() });
    },
    link: 'reach',
    code: 'DP-MCP-CERTIFICATE',
    who: 'network',
    fix: /certificate authority/,
  },
  {
    name: 'a managed MCP server that is bound to another integration',
    plant: (world) => managed(world, { issuer: 'https://login.other.example' }),
    link: 'tools',
    code: 'DP-MCP-REFUSED',
    who: 'user',
    fix: /"issuer": "https:\/\/login\.other\.example"/,
  },
  {
    name: 'a managed MCP server that does not trust the audience of the token',
    plant: (world) => managed(world, { audience: 'https://other.lab.example' }),
    link: 'tools',
    code: 'DP-MCP-REFUSED',
    who: 'system',
    fix: /EXTERNAL_OAUTH_AUDIENCE_LIST/,
  },
  {
    name: 'grants that are missing at a managed MCP server',
    plant: (world) => managed(world, { fault: (server) => server.revoke('ANALYST') }),
    link: 'tools',
    code: 'DP-MCP-GRANT',
    who: 'system',
    fix: /GRANT USAGE ON DATABASE LAB TO ROLE ANALYST;\nGRANT USAGE ON SCHEMA LAB\.COFFEE TO ROLE ANALYST;\nGRANT USAGE ON MCP SERVER LAB\.COFFEE\.COFFEE_MCP TO ROLE ANALYST;/,
  },
  {
    name: 'a user without DEFAULT_WAREHOUSE at a managed MCP server',
    plant: (world) => managed(world, { fault: (server) => server.dropDefaultWarehouse('alice') }),
    link: 'tools',
    code: 'DP-MCP-ANSWER',
    who: 'user',
    fix: /SET DEFAULT_WAREHOUSE = <warehouse>/,
  },
  {
    name: 'a role that is not in the token of a managed MCP server',
    plant: (world) =>
      managed(world, {
        settings: { role: 'ANALYST', token: { audience: warehouseAudience, scopes: [] } },
      }),
    link: 'tools',
    code: 'DP-MCP-REFUSED',
    who: 'identityProvider',
    fix: /Add the scope session:role:ANALYST/,
  },
  {
    name: 'a proxy that takes the Accept header away',
    plant: (world) =>
      managed(world, {
        fault: (server) =>
          server.replyRaw(400, json, '{"code":"391902","message":"Unsupported Accept header null"}', 'tools/list'),
      }),
    link: 'tools',
    code: 'DP-INTERNAL',
    who: 'network',
    fix: /pass the header Accept on/,
  },
  {
    name: 'a network policy in front of an app',
    plant: (world) => ingressed(world, (ingress) => ingress.rejectWith('networkPolicy')),
    link: 'initialize',
    code: 'DP-MCP-INGRESS',
    who: 'system',
    fix: /CREATE NETWORK POLICY/,
  },
  {
    name: 'a token that the gateway in front of an app does not take',
    plant: (world) => ingressed(world, (ingress) => ingress.rejectWith('invalidToken')),
    link: 'initialize',
    code: 'DP-MCP-INGRESS',
    who: 'user',
    fix: /new programmatic access token in Snowsight/,
  },
  {
    name: 'a role without the service role of an app',
    plant: (world) => ingressed(world, (ingress) => ingress.rejectWith('other', 403)),
    link: 'initialize',
    code: 'DP-MCP-INGRESS',
    who: 'system',
    fix: /GRANT SERVICE ROLE/,
  },
  {
    name: 'an app that is not ready',
    plant: (world) => ingressed(world, (ingress) => ingress.setReady(false)),
    link: 'reach',
    code: 'DP-MCP-NOT-READY',
    who: 'nobody',
    fix: /again in a minute/,
  },
  {
    name: 'a local program that ends at once',
    plant: (world) =>
      remote(world, {
        preset: 'stdio',
        command: process.execPath,
        args: ['-e', 'process.exit(3)'],
        tokenVariable: 'DP_TOKEN',
        token: { audience: mcpAudience, scopes: ['tools'] },
      }),
    link: 'initialize',
    code: 'DP-MCP-PROGRAM',
    who: 'user',
    fix: /Run it in a terminal/,
  },
];

/** Connections to MCP servers that work. */
export const healthyServers: Readonly<Record<string, (world: World) => Promise<Patient>>> = {
  'a plain MCP server': (world) => plain(world),
  'a managed MCP server of Snowflake': (world) => managed(world),
  'an app behind the gateway of Snowflake': (world) => ingressed(world),
  'a local program': (world) =>
    remote(world, {
      preset: 'stdio',
      command: process.execPath,
      args: [fileURLToPath(new URL('../lab/mcp/stdioServer.ts', import.meta.url))],
      tokenVariable: 'DP_TOKEN',
      token: { audience: mcpAudience, scopes: ['tools'] },
    }),
};

const own = { token: { audience: mcpAudience, scopes: ['tools'] } };

function remote(world: World, settings: object, how: Partial<PatientOptions> = {}): Promise<Patient> {
  return patient(world, {
    settings: { ...world.lab.settings, 'dataPassport.connections': { [connection]: { type: 'mcp', ...settings } } },
    connection,
    ...how,
    async afterwards(passport, failures) {
      await passport.confirm(connection);
      await how.afterwards?.(passport, failures);
    },
  });
}

async function plain(
  world: World,
  {
    url = (server) => server.url,
    fault,
  }: { url?: (server: LabPlainServer) => string; fault?: (server: LabPlainServer) => void } = {},
): Promise<Patient> {
  const server = await startPlainServer({ revision: '2025-11-25', whois: () => 'alice' });
  fault?.(server);
  return remote(world, { url: url(server), ...own }, { undo: () => server.close() });
}

interface ManagedOptions {
  readonly issuer?: string;
  readonly audience?: string;
  readonly settings?: object;
  readonly fault?: (server: LabSnowflakeMcp) => void;
}

async function managed(world: World, options: ManagedOptions = {}): Promise<Patient> {
  const { issuer = world.lab.idp.issuer, audience = warehouseAudience, settings, fault } = options;
  const server = await startSnowflakeMcp({ issuer, audience });
  fault?.(server);
  const [host, port] = server.host.split(':');
  const place = { account: 'coffee-lab', host, port: Number(port), protocol: 'http' };
  const object = { database: 'LAB', schema: 'COFFEE', server: 'COFFEE_MCP', role: 'ANALYST' };
  const token = { audience: warehouseAudience };
  return remote(
    world,
    { preset: 'snowflake', ...place, ...object, token, ...settings },
    { undo: () => server.close() },
  );
}

async function ingressed(world: World, fault?: (ingress: LabSpcsIngress) => void): Promise<Patient> {
  const ingress = await startSpcsIngress({
    issuer: world.lab.idp.issuer,
    audience: warehouseAudience,
    whois: () => 'alice',
  });
  ingress.app.requireBearer(false);
  const value = ingress.issueProgrammaticToken('alice');
  fault?.(ingress);
  return remote(
    world,
    { preset: 'spcs', url: ingress.url, token: { source: 'personalAccessToken' } },
    {
      user: undefined,
      undo: () => ingress.close(),
      afterwards: ({ connectionSecrets, connection: found }) =>
        connectionSecrets.set(found(connection), 'token', { value }),
    },
  );
}
