import { appendFile, chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { escapeIdentifier, escapeLiteral, Pool } from 'pg';

import { selfSigned } from '../certificates.ts';
import { bringPostgres, compileModule, type PostgresKind } from './packages.ts';
import { rolesSql, schemaSql } from './schema.ts';
import {
  initialize,
  type Owner,
  runnablePrograms,
  serverProcess,
  type ServerProcess,
  unprivilegedOwner,
} from './server.ts';
import { type LoginAttempt, startVerifier, type TokenRules, type Verifier } from './verifier.ts';

export { canRunPostgres, type PostgresKind } from './packages.ts';
export type { LoginAttempt } from './verifier.ts';

export interface PostgresOptions extends TokenRules {
  /** How the token gets in: over OAUTHBEARER (PostgreSQL 18, the default) or as a password through PAM. */
  readonly kind?: PostgresKind;
  /** Absent: any free one. */
  readonly port?: number;
  /** Starts without a word about tokens: nobody but the superuser gets in before {@link LabPostgres.configure}. Of the kind `oauth`. */
  readonly unconfigured?: boolean;
  /** Takes logins over TLS only; the certificate is for `localhost`. */
  readonly tls?: boolean;
  /** One more user, who has nothing to read and logs in by password: for programs that know no other way. */
  readonly passwordUser?: { readonly name: string; readonly password: string };
  /** Hears one line before anything is downloaded or installed. Standard error where absent. */
  readonly say?: (line: string) => void;
}

/** A client session as the database sees it. */
export interface Activity {
  readonly pid: number;
  readonly user: string;
  readonly state: 'active' | 'idle' | 'idle in transaction' | (string & {});
  /** The running statement, or the last one of an idle session. */
  readonly query: string;
  readonly applicationName: string;
}

/** Lines for the three files that an administrator edits. */
export interface ConfigurationLines {
  /** At the end of postgresql.conf. */
  readonly conf: string;
  /** Before every other line of pg_hba.conf but those of the lab itself. */
  readonly hba: string;
  /** At the end of pg_ident.conf. */
  readonly ident: string;
}

/** A PostgreSQL on 127.0.0.1 that lets a user in with their token and nothing else. */
export interface LabPostgres {
  readonly kind: PostgresKind;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly database: 'lab';
  /** The certificate to trust, in PEM, where TLS was asked for. */
  readonly ca: string | undefined;
  /** The superuser, over a private socket: for watching and for preparing what users may not. */
  readonly admin: Pool;
  /** Sessions of users, the superuser's left out. */
  activity(user?: string): Promise<readonly Activity[]>;
  connections(user?: string): Promise<number>;
  /** What was asked of the token verifier so far, oldest first. */
  logins(): readonly LoginAttempt[];
  /** Refuses every token until {@link LabPostgres.recover}; sessions that are open stay. */
  refuse(): void;
  recover(): void;
  /** Writes the lines into the files of the server, which reads them with its next reload. */
  configure(lines: ConfigurationLines): Promise<void>;
  /** Ends every session; the port is closed until {@link LabPostgres.start}. */
  stop(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops everything and removes every file. */
  close(): Promise<void>;
}

const database = 'lab';
/** Lines of pg_hba.conf for the lab itself. */
const own = 'local all all trust\nhost all postgres 127.0.0.1/32 reject\n';
const homePrefix = 'dp-pg-';
const pamServices = '/etc/pam.d';

/**
 * Starts a PostgreSQL with the coffee company in it, for the users of an identity provider.
 *
 * @throws Error when {@link canRunPostgres} has a reason, or when the server does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<LabPostgres> {
  const kind = options.kind ?? 'oauth';
  const isConfigured = options.unconfigured !== true;
  const programs = await bringPostgres(kind, options.say ?? ((line) => console.error(`> ${line}`)));
  const owner = unprivilegedOwner();
  await sweep();
  // The path of a unix socket has 107 characters at most, so the folder's name is short.
  const home = await mkdtemp(join(tmpdir(), `${homePrefix}${process.pid}-`));
  const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    await giveTo(home, owner);
    const verifier = await startVerifier(join(home, 'verify.sock'), options, owner);
    undo.push(() => verifier.close());
    const runnable = await runnablePrograms(programs, home, owner);
    const { settings, hba, tokens } = await methods[kind](home, options, undo);
    const tls = options.tls === true ? await encrypt(home, owner) : undefined;
    const server = {
      programs: runnable,
      home,
      owner,
      port: options.port,
      settings: { ...settings, ...(isConfigured && tokens), ...tls?.settings },
    };
    await initialize(server);
    const tokenLine = `${tls ? 'hostssl' : 'host'} ${database} all 127.0.0.1/32 ${hba}\n`;
    await writeFile(join(home, 'data/pg_hba.conf'), `${own}${byPassword(options)}${isConfigured ? tokenLine : ''}`);
    const running = await serverProcess(server);
    undo.push(() => running.stop());
    await running.start();
    const admin = await load(home, running.port);
    undo.push(() => admin.end());
    await addPasswordUser(admin, options);
    return labPostgres({ kind, running, admin, verifier, ca: tls?.cert, close, data: join(home, 'data') });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly kind: PostgresKind;
  readonly running: ServerProcess;
  readonly admin: Pool;
  readonly verifier: Verifier;
  readonly ca: string | undefined;
  readonly close: () => Promise<void>;
  /** Data directory. */
  readonly data: string;
}

function labPostgres({ kind, running, admin, verifier, ca, close, data }: Parts): LabPostgres {
  async function activity(user?: string): Promise<readonly Activity[]> {
    const { rows } = await admin.query<Activity>(
      `SELECT pid, usename AS user, state, query, application_name AS "applicationName" FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND usename <> 'postgres' AND ($1::text IS NULL OR usename = $1)
       ORDER BY backend_start`,
      [user ?? null],
    );
    return rows;
  }
  return {
    kind,
    host: '127.0.0.1',
    port: running.port,
    database,
    ca,
    admin,
    activity,
    connections: async (user) => (await activity(user)).length,
    logins: () => [...verifier.attempts],
    refuse: () => {
      verifier.refusing = true;
    },
    recover: () => {
      verifier.refusing = false;
    },
    async configure({ conf, hba, ident }) {
      const file = join(data, 'pg_hba.conf');
      await appendFile(join(data, 'postgresql.conf'), `\n${conf}\n`);
      await appendFile(join(data, 'pg_ident.conf'), `\n${ident}\n`);
      await writeFile(file, (await readFile(file, 'utf8')).replace(own, `${own}${hba}\n`));
    },
    stop: () => running.stop(),
    start: () => running.start(),
    restart: async () => {
      await running.stop();
      await running.start();
    },
    close,
  };
}

type Method = (
  home: string,
  options: PostgresOptions,
  undo: (() => Promise<unknown>)[],
) => Promise<{
  settings: Readonly<Record<string, string>>;
  /** Those that make the server take tokens. */
  tokens?: Readonly<Record<string, string>>;
  hba: string;
}>;

/** How each kind of server is told to ask the verifier. */
const methods: Record<PostgresKind, Method> = {
  oauth: async (home, { issuer }) => {
    if (/["\s]/.test(issuer)) throw new Error('An issuer holds no quote and no space');
    await compileModule('jwt_validator', join(home, 'jwt_validator.so'));
    const settings = {
      dynamic_library_path: `${home}:$libdir`,
      'jwt_validator.socket': join(home, 'verify.sock'),
    };
    const tokens = { oauth_validator_libraries: 'jwt_validator' };
    return { settings, tokens, hba: `oauth issuer="${issuer}" scope="openid" validator=jwt_validator` };
  },
  pam: async (home, _options, undo) => {
    const module = join(home, 'pam_jwt.so');
    await compileModule('pam_jwt', module);
    // PAM looks for the name in lower case.
    const service = basename(home).toLowerCase();
    const file = join(pamServices, service);
    undo.push(() => rm(file, { force: true }));
    await writeFile(file, `auth required ${module} ${join(home, 'verify.sock')}\naccount required pam_permit.so\n`);
    return { settings: {}, hba: `pam pamservice=${service}` };
  },
};

function byPassword({ passwordUser }: PostgresOptions): string {
  return passwordUser ? `host ${database} ${passwordUser.name} 127.0.0.1/32 scram-sha-256\n` : '';
}

async function addPasswordUser(admin: Pool, { passwordUser }: PostgresOptions): Promise<void> {
  if (!passwordUser) return;
  const { name, password } = passwordUser;
  await admin.query(`CREATE ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(password)}`);
}

async function encrypt(
  home: string,
  owner: Owner | undefined,
): Promise<{ cert: string; settings: Readonly<Record<string, string>> }> {
  const { cert, key } = selfSigned('localhost');
  const files = { ssl_cert_file: join(home, 'server.crt'), ssl_key_file: join(home, 'server.key') };
  await writeFile(files.ssl_cert_file, cert);
  await writeFile(files.ssl_key_file, key, { mode: 0o600 });
  if (owner) for (const file of Object.values(files)) await chown(file, owner.uid, owner.gid);
  return { cert, settings: { ssl: 'on', ...files } };
}

/** Removes what is left of processes that were killed before they could close their servers. */
async function sweep(): Promise<void> {
  const hourAgo = Date.now() - 3_600_000;
  for (const folder of [tmpdir(), pamServices]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(homePrefix))) {
      const path = join(folder, name);
      const facts = await stat(path).catch(() => undefined);
      // Young ones stay: a process of another container may own them, and its id says nothing here.
      if (!facts || facts.mtimeMs > hourAgo || lives(name.split('-')[2])) continue;
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function giveTo(home: string, owner: Owner | undefined): Promise<void> {
  await chmod(home, 0o700);
  if (owner) await chown(home, owner.uid, owner.gid);
}

function lives(pid: string | undefined): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Creates the database and what is in it. */
async function load(home: string, port: number): Promise<Pool> {
  const connect = (name: string): Pool => {
    const pool = new Pool({ host: home, port, user: 'postgres', database: name, password: '', ssl: false, max: 3 });
    // A stopped server ends idle sessions of the pool, which is no reason to end the test.
    pool.on('error', () => undefined);
    return pool;
  };
  const first = connect('postgres');
  try {
    await first.query(rolesSql());
    await first.query(`CREATE DATABASE ${database} STRATEGY file_copy`);
  } finally {
    await first.end();
  }
  const admin = connect(database);
  await admin.query(schemaSql()).catch(async (error: unknown) => {
    await admin.end();
    throw error;
  });
  return admin;
}
