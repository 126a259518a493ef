import { postgresAudience, warehouseAudience } from '../lab/identityProvider.ts';
import { startPostgres } from '../lab/postgres/index.ts';
import { closedPort, patient, type PatientOptions, type Planting, type World } from './ground.ts';

const connection = 'postgres';
const without = ({ lab }: World): string | undefined => lab.withoutPostgres;

/** Login at PostgreSQL. */
export const postgresPlantings: readonly Planting[] = [
  {
    name: 'a claim for the database user that the token does not have',
    plant: (world) => changed(world, { user: '{department}' }),
    link: 'claims',
    code: 'DP-SETTING-INVALID',
    who: 'user',
    fix: /add department to access tokens/,
    without,
  },
  {
    name: 'a PostgreSQL that does not listen',
    plant: async (world) =>
      changed(world, { port: await closedPort() }, { afterwards: ({ confirm }) => confirm(connection) }),
    link: 'reach',
    code: 'DP-DATABASE-UNREACHABLE',
    who: 'system',
    fix: /whether the server runs/,
    without,
  },
  {
    name: 'a PostgreSQL that offers no TLS',
    plant: (world) => changed(world, { tls: 'always' }),
    link: 'reach',
    code: 'DP-DATABASE-INSECURE',
    who: 'system',
    fix: /ALTER SYSTEM SET ssl = 'on'/,
    without,
  },
  {
    name: 'a certificate of PostgreSQL that this machine does not know',
    plant: (world) => overTls(world, { tls: 'always' }),
    link: 'reach',
    code: 'DP-DATABASE-CERTIFICATE',
    who: 'user',
    fix: /"caFile": "<path of the PEM file>"/,
    without,
  },
  {
    name: 'a PostgreSQL on this machine that takes logins over TLS alone',
    plant: (world) => overTls(world, {}),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'user',
    fix: /"tls": "always"/,
    without,
  },
  {
    name: 'a token whose audience the validator does not take',
    plant: (world) => changed(world, { token: { audience: warehouseAudience } }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /what the validator expects as audience/,
    without,
  },
  {
    name: 'a role that may not come from here (pg_hba.conf)',
    plant: (world) => changed(world, { user: 'postgres' }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /a line added to pg_hba\.conf/,
    without,
  },
  {
    name: 'a database that pg_hba.conf has no line for',
    plant: (world) => changed(world, { database: 'nothing' }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /hostssl nothing all 127\.0\.0\.1\/32 oauth issuer="http/,
    without,
  },
  {
    name: 'a database that does not exist',
    plant: (world) => withLine(world, `host all all 127.0.0.1/32 ${byToken(world)}`, { database: 'nothing' }),
    link: 'login',
    code: 'DP-DATABASE-PERMISSION',
    who: 'user',
    fix: /Correct dataPassport\.connections\.postgres\.database/,
    without,
  },
  {
    name: 'a database that the user may not connect to',
    async plant(world) {
      const { admin } = world.lab.postgres ?? {};
      await admin?.query('REVOKE CONNECT ON DATABASE lab FROM PUBLIC');
      return changed(world, {}, { undo: () => admin?.query('GRANT CONNECT ON DATABASE lab TO PUBLIC') });
    },
    link: 'login',
    code: 'DP-DATABASE-PERMISSION',
    who: 'system',
    fix: /GRANT CONNECT ON DATABASE "lab" TO "alice"/,
    without,
  },
  {
    name: 'a role to take that was not granted',
    plant: (world) => changed(world, { role: 'postgres' }),
    link: 'login',
    code: 'DP-DATABASE-ROLE',
    who: 'system',
    fix: /GRANT "postgres" TO "alice"/,
    without,
  },
  {
    name: 'a server that wants no token',
    plant: (world) => withLine(world, 'host all all 127.0.0.1/32 scram-sha-256', {}),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /pg_hba_file_rules ORDER BY rule_number/,
    without,
  },
  {
    name: 'a token that is sent as a password to a server that takes tokens',
    plant: (world) => changed(world, { authentication: 'password' }),
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'user',
    fix: /"authentication": "oauthbearer"/,
    without,
  },
  {
    name: 'a role that may not log in',
    async plant(world) {
      const { admin } = world.lab.postgres ?? {};
      await admin?.query('ALTER ROLE alice NOLOGIN');
      return changed(world, {}, { undo: () => admin?.query('ALTER ROLE alice LOGIN') });
    },
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /ALTER ROLE "alice" LOGIN/,
    without,
  },
  {
    name: 'a role that does not exist',
    async plant(world) {
      const { admin } = world.lab.postgres ?? {};
      await admin?.query('ALTER ROLE alice RENAME TO alice_before');
      return changed(world, {}, { undo: () => admin?.query('ALTER ROLE alice_before RENAME TO alice') });
    },
    link: 'login',
    code: 'DP-DATABASE-REFUSED',
    who: 'system',
    fix: /CREATE ROLE "alice" LOGIN/,
    without,
  },
];

function changed(world: World, more: object, how: Partial<PatientOptions> = {}) {
  return patient(world, { settings: world.changed(connection, { ...more }), connection, ...how });
}

/** Another server, which takes TLS and nothing else. */
async function overTls(world: World, more: object) {
  const { issuer, jwksUri } = world.lab.idp;
  const server = await startPostgres({ issuer, jwksUri, audience: postgresAudience, tls: true });
  const place = { host: 'localhost', port: server.port };
  const afterwards: PatientOptions['afterwards'] = ({ confirm }) => confirm(connection);
  return changed(world, { ...place, ...more }, { afterwards, undo: () => server.close() });
}

/** The server goes by this line in place of its own until it is undone. */
async function withLine(world: World, line: string, more: object) {
  const { admin } = world.lab.postgres ?? {};
  const ask = async (statement: string): Promise<string> => {
    const answer = await admin?.query<{ text: string }>(statement);
    return answer?.rows[0]?.text ?? '';
  };
  const file = await ask(`SELECT current_setting('hba_file') AS text`);
  const before = await ask(`SELECT pg_read_file('${file}') AS text`);
  const write = async (text: string): Promise<void> => {
    const rows = `SELECT unnest(string_to_array('${text.trim().replaceAll("'", "''")}', E'\\n'))`;
    // Each line is a row of one column, with nothing escaped.
    await ask(`COPY (${rows}) TO '${file}' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`);
    await ask('SELECT pg_reload_conf()::text AS text');
    // The server takes it up in its own time.
    await ask('SELECT pg_sleep(0.3)::text AS text');
  };
  await write(`local all all trust\n${line}`);
  return changed(world, more, { undo: () => write(before) });
}

/** How the lab's server takes tokens. */
const byToken = ({ lab }: World): string => `oauth issuer="${lab.idp.issuer}" scope="openid" validator=jwt_validator`;
