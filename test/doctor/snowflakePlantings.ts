import type { NetworkFacts } from '../../src/core/network.ts';
import type { Passport } from '../extension/passport.ts';
import { type Certificate, certificateAuthority, selfSigned } from '../lab/certificates.ts';
import { startProxy } from '../lab/proxy.ts';
import { startTlsFront } from '../lab/tlsFront.ts';
import { closedPort, givingInstead, type Patient, patient, type Planting, trust, type World } from './ground.ts';

const connection = 'warehouse';

/** Login and first query at Snowflake. */
export const snowflakePlantings: readonly Planting[] = [
  {
    name: 'a token for an audience that Snowflake does not expect (390303)',
    plant: (world) =>
      patient(world, {
        settings: world.changed(connection, { token: {} }),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ audience: 'https://other.lab.example' })),
      }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /EXTERNAL_OAUTH_AUDIENCE_LIST[^]*DESC SECURITY INTEGRATION/,
  },
  {
    name: 'a user of the token whom Snowflake does not know (390304)',
    plant: (world) =>
      patient(world, {
        settings: world.changed(connection, {}),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ claims: { preferred_username: 'carol' } })),
      }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /ALTER USER <user> SET LOGIN_NAME = 'carol'/,
  },
  refused('390303', 'system', /SYSTEM\$GET_LOGIN_FAILURE_DETAILS\('0e8b7a54-3c0f-4b8e-9d5e-6f1a2b3c4d5e'\)/),
  refused('390318', 'identityProvider', /Refresh Token Now/),
  refused('390100', 'system', /ALTER USER <user> SET LOGIN_NAME = 'alice'/),
  refused('390144', 'user', /RSA_PUBLIC_KEY/),
  refused('390195', 'user', /Data Passport: Sign In/),
  refused(
    '390422',
    'system',
    /ALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = \(<addresses so far>, '203\.0\.113\.7\/32'\)/,
  ),
  {
    name: 'a role that is not in the token (390317)',
    plant: (world) =>
      patient(world, {
        settings: world.changed(connection, {
          role: 'MANAGER',
          token: { audience: 'https://warehouse.lab.example', scopes: ['session:role:ANALYST'] },
        }),
        connection,
      }),
    link: 'login',
    code: 'DP-DATABASE-ROLE',
    who: 'identityProvider',
    fix: /Add the scope session:role:MANAGER to the authorization server/,
  },
  {
    name: 'a role that was not granted to the user (390186)',
    plant: (world) =>
      patient(world, { settings: world.changed(connection, { role: 'MANAGER' }), connection, user: 'bob' }),
    link: 'login',
    code: 'DP-DATABASE-ROLE',
    who: 'system',
    fix: /GRANT ROLE MANAGER TO USER <user>;/,
  },
  {
    name: 'a role that does not exist (390189)',
    plant: (world) =>
      patient(world, {
        settings: world.changed(connection, {
          role: 'NOBODY',
          token: { audience: 'https://warehouse.lab.example', scopes: ['session:role-any'] },
        }),
        connection,
      }),
    link: 'login',
    code: 'DP-DATABASE-ROLE',
    who: 'user',
    fix: /Correct dataPassport\.connections\.warehouse\.role/,
  },
  {
    name: 'a user without a warehouse',
    plant: (world) => patient(world, { settings: world.changed(connection, { warehouse: undefined }), connection }),
    link: 'query',
    code: 'DP-SETTING-INVALID',
    who: 'user',
    fix: /ALTER USER <user> SET DEFAULT_WAREHOUSE = <warehouse>/,
  },
  {
    name: 'a programmatic access token without a network policy (390432)',
    plant: async (world) => {
      world.lab.warehouse.refuseLogins('390432');
      return personal(world, world.lab.warehouse.issueProgrammaticToken('alice', 'ANALYST'));
    },
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /CREATE NETWORK POLICY <policy> ALLOWED_IP_LIST = \('<public address>\/32'\)/,
  },
  {
    name: 'a programmatic access token that is no more (394400)',
    plant: (world) => personal(world, 'canary-of-a-token-that-was-revoked'),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'user',
    fix: /Data Passport: Set Connection Secret/,
  },
  {
    name: 'a host of Snowflake that does not exist',
    plant: (world) => elsewhere(world, { host: 'no-such-host.snowflakecomputing.invalid', port: 443 }),
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'user',
    fix: /nslookup no-such-host\.snowflakecomputing\.invalid/,
  },
  {
    name: 'a private link outside of its network',
    plant: (world) => elsewhere(world, { host: 'lab.privatelink.snowflakecomputing.com', port: 443 }),
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'network',
    fix: /Connect to the VPN/,
  },
  {
    name: 'a port where nothing listens',
    plant: async (world) => elsewhere(world, { host: 'localhost', port: await closedPort() }),
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'system',
    fix: /Check the port/,
  },
  {
    name: 'a certificate of an authority that this machine does not know',
    plant: (world) => overTls(world, certificateAuthority('Unknown CA').issue('localhost')),
    link: 'reach',
    code: 'DP-DATABASE-CERTIFICATE',
    who: 'network',
    fix: /certificate authority, install it in the operating system/,
  },
  {
    name: 'a certificate that the server made itself',
    plant: (world) => overTls(world, selfSigned('localhost')),
    link: 'reach',
    code: 'DP-DATABASE-CERTIFICATE',
    who: 'system',
    fix: /get a certificate of an authority/,
  },
  {
    name: 'a certificate for another name',
    async plant(world) {
      const authority = certificateAuthority('Lab CA');
      const untrust = trust(authority.cert);
      return overTls(world, authority.issue('another.lab.example'), { undo: untrust });
    },
    link: 'reach',
    code: 'DP-DATABASE-CERTIFICATE',
    who: 'user',
    fix: /openssl s_client -connect localhost:\d+ -servername localhost/,
  },
  {
    name: 'a host with an underscore',
    async plant(world) {
      const authority = certificateAuthority('Lab CA');
      const untrust = trust(authority.cert);
      const front = await startTlsFront(
        authority.issue('coffee-lab.snowflakecomputing.com'),
        () => world.lab.warehouse.port,
      );
      const proxy = await startProxy({ hosts: { 'coffee_lab.snowflakecomputing.com:443': front.port } });
      return elsewhere(
        world,
        { host: 'coffee_lab.snowflakecomputing.com', port: 443 },
        {
          network: through(proxy.port),
          async undo() {
            untrust();
            await proxy.close();
            await front.close();
          },
        },
      );
    },
    link: 'reach',
    code: 'DP-DATABASE-CERTIFICATE',
    who: 'user',
    fix: /"host": "coffee-lab\.snowflakecomputing\.com"/,
  },
  {
    name: 'a proxy that wants another password',
    async plant(world) {
      const proxy = await startProxy({ credentials: 'user:the-right-one', hosts: {} });
      const network = through(proxy.port, { user: 'user', password: 'the-wrong-canary' });
      return elsewhere(
        world,
        { host: 'coffee-lab.snowflakecomputing.com', port: 443 },
        { network, undo: () => proxy.close() },
      );
    },
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'user',
    fix: /Set http\.proxy/,
  },
  {
    name: 'a proxy that does not let it through',
    async plant(world) {
      const proxy = await startProxy({ hosts: {} });
      return elsewhere(
        world,
        { host: 'coffee-lab.snowflakecomputing.com', port: 443 },
        { network: through(proxy.port), undo: () => proxy.close() },
      );
    },
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'network',
    fix: /allow coffee-lab\.snowflakecomputing\.com:443/,
  },
  {
    name: 'a proxy that is not there',
    plant: async (world) =>
      elsewhere(
        world,
        { host: 'coffee-lab.snowflakecomputing.com', port: 443 },
        { network: through(await closedPort()) },
      ),
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'network',
    fix: /Check http\.proxy/,
  },
  {
    name: 'an account that the address does not know',
    plant: async (world) => {
      world.lab.warehouse.failWithHttp(403);
      return patient(world, { settings: world.changed(connection, {}), connection });
    },
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'user',
    fix: /Correct dataPassport\.connections\.warehouse\.account/,
  },
];

/** A login that Snowflake refuses with this code. */
function refused(code: string, who: Planting['who'], fix: RegExp): Planting {
  return {
    name: `a login that Snowflake refuses with ${code}`,
    async plant(world) {
      world.lab.warehouse.refuseLogins(code);
      return patient(world, { settings: world.changed(connection, {}), connection });
    },
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who,
    fix,
  };
}

function personal(world: World, value: string): Promise<Patient> {
  return patient(world, {
    settings: world.changed(connection, { token: { source: 'personalAccessToken' } }),
    connection,
    user: undefined,
    async afterwards(passport) {
      await passport.confirm(connection);
      await passport.connectionSecrets.set(passport.connection(connection), 'token', { value });
    },
  });
}

interface More {
  readonly network?: NetworkFacts;
  readonly undo?: () => unknown;
}

/** The warehouse at another address, over TLS. */
function elsewhere(
  world: World,
  place: { host: string; port: number },
  { network, undo }: More = {},
): Promise<Patient> {
  return patient(world, {
    settings: world.changed(connection, { ...place, protocol: 'https' }),
    connection,
    afterwards: async ({ gateway }: Passport) => {
      if (network) gateway.replaceNetwork(network);
    },
    ...(undo && { undo }),
  });
}

async function overTls(world: World, certificate: Certificate, { undo }: More = {}): Promise<Patient> {
  const front = await startTlsFront(certificate, () => world.lab.warehouse.port);
  return elsewhere(
    world,
    { host: 'localhost', port: front.port },
    {
      async undo() {
        await undo?.();
        await front.close();
      },
    },
  );
}

function through(port: number, known?: { user: string; password: string }): NetworkFacts {
  return { proxy: { protocol: 'http', host: '127.0.0.1', port, ...known }, noProxy: [] };
}
