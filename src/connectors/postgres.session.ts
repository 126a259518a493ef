import type { Identity, Rows } from '../core/result.ts';
import type { DatabaseSession, QueryOptions, SessionContext } from './connector.ts';
import type { PostgresSettings } from './postgres.ts';
import { type Ask, describeObject, listObjects } from './postgres/catalog.ts';
import { choicesOf } from './postgres/choices.ts';
import { firstWord } from './postgres/firstWord.ts';
import { logIn } from './postgres/login.ts';
import { reader, type Reader } from './postgres/reader.ts';

/** Seconds that the database has to say who we are. */
const whoamiSeconds = 10;
/** Without the ANALYZE, an opening parenthesis in the statement could bring its own options. */
const explainPrefix = 'EXPLAIN (ANALYZE FALSE) ';
/** What can not be a cursor's query and is run by itself in the same read-only transaction. */
const direct = new Set(['EXPLAIN', 'SHOW']);
const patience = 1_000;

/** Logs in to PostgreSQL as the credential's user; see SessionModule. */
export async function open(settings: PostgresSettings, context: SessionContext): Promise<DatabaseSession> {
  const { connection } = context;
  const login = await logIn(settings, context);
  const reading = reader(login, connection);
  const close = async (): Promise<void> => {
    if (reading.running) await reading.cancel();
    const ended = login.client.end().catch(() => undefined);
    await Promise.race([ended, pause(patience)]);
    login.cut();
  };

  const whoami = (signal: AbortSignal): Promise<Identity> => identityOf(reading, login.serverVersion, signal);

  const identity = await whoami(context.signal).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const place = { connection, database: settings.database };

  return {
    identity,
    get usable() {
      return reading.usable;
    },
    whoami,
    query: (statement, options) =>
      direct.has(firstWord(statement))
        ? plain(reading, { prefix: '', text: statement }, options)
        : reading.cursor(statement, options),
    explain: (statement, options) => plain(reading, { prefix: explainPrefix, text: statement }, options),
    list: (path, pattern, options) =>
      listObjects(asker(reading, options), place, { path, pattern, limit: options.maxRows + 1 }),
    describe: (path, options) => describeObject(asker(reading, options), place, path),
    choices: (setting, options) => choicesOf(asker(reading, options), { identity, login }, setting),
    close,
  };
}

async function plain(reading: Reader, request: { prefix: string; text: string }, options: QueryOptions): Promise<Rows> {
  const raw = await reading.all(request, options);
  return reading.rows({ fields: raw.fields, rows: raw.rows.slice(0, options.maxRows + 1) }, options);
}

function asker(reading: Reader, options: QueryOptions): Ask {
  return (request) => reading.all(request, options);
}

async function identityOf(reading: Reader, serverVersion: string, signal: AbortSignal): Promise<Identity> {
  // SYSTEM_USER, the name at the identity provider, is a reserved word since 16 and a missing column before.
  const systemUser = Number.parseInt(serverVersion, 10) >= 16 ? 'SYSTEM_USER' : 'NULL';
  const text = `SELECT session_user, current_user, current_database(), ${systemUser}`;
  const { rows } = await reading.all({ prefix: '', text }, { signal, seconds: whoamiSeconds });
  const [user, role, database, system] = rows[0] ?? [];
  return {
    user: user ?? '',
    ...(role && role !== user && { role }),
    details: {
      database: database ?? null,
      ...(system && { systemUser: system }),
      serverVersion: serverVersion.split(' ')[0] ?? serverVersion,
    },
  };
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
