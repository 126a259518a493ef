import type { Identity } from '../core/result.ts';
import type { DatabaseSession, QueryOptions, SessionContext } from './connector.ts';
import type { SnowflakeSettings } from './snowflake.ts';
import { type Ask, describeObject, listObjects, type Place } from './snowflake/catalog.ts';
import { choicesOf } from './snowflake/choices.ts';
import { logIn } from './snowflake/login.ts';
import { statements, type Statements } from './snowflake/statements.ts';

/** Seconds that the server has for the questions that a login asks. */
const loginSeconds = 15;
/** Rows of a description. */
const mostColumns = 10_000;

/**
 * Logs in to Snowflake as the credential's user; see SessionModule.
 *
 * Where the settings name a role, secondary roles are switched off: since 2024 they are on for most users and would give a
 * session the privileges of every role that its user has.
 */
export async function open(settings: SnowflakeSettings, context: SessionContext): Promise<DatabaseSession> {
  const connection = await logIn(settings, context);
  const running = statements(connection, settings, context.connection);
  const whoami = (signal: AbortSignal): Promise<Identity> => identityOf(running, signal);

  async function prepare(): Promise<Identity> {
    if (settings.role !== undefined && settings.secondaryRoles === 'none') {
      await running.all({ text: 'USE SECONDARY ROLES NONE' }, ownQuestion(context.signal));
    }
    return whoami(context.signal);
  }

  const identity = await prepare().catch(async (error: unknown) => {
    await running.close();
    throw error;
  });
  const place: Place = {
    connection: context.connection,
    database: identity.details['database'] ?? undefined,
    schema: identity.details['schema'] ?? undefined,
  };

  return {
    identity,
    get usable() {
      return running.usable;
    },
    whoami,
    query: (statement, options) => running.run({ text: statement }, options),
    // On a line of its own, so that positions in messages stay right.
    explain: (statement, options) => running.run({ prefix: 'EXPLAIN USING TEXT\n', text: statement }, options),
    list: (path, pattern, options) =>
      listObjects(asker(running, options), place, { path, pattern, limit: options.maxRows + 1 }),
    describe: (path, options) => describeObject(asker(running, { ...options, maxRows: mostColumns }), place, path),
    choices: (setting, options) => choicesOf(asker(running, options), identity, setting),
    close: () => running.close(),
  };
}

function asker(running: Statements, options: QueryOptions): Ask {
  return (statement) => running.all(statement, options);
}

function ownQuestion(signal: AbortSignal): QueryOptions {
  return { signal, seconds: loginSeconds, maxRows: 1 };
}

async function identityOf(running: Statements, signal: AbortSignal): Promise<Identity> {
  const text = `SELECT CURRENT_USER() AS "user", CURRENT_ROLE() AS "role", CURRENT_ACCOUNT() AS "account",
    CURRENT_WAREHOUSE() AS "warehouse", CURRENT_DATABASE() AS "database", CURRENT_SCHEMA() AS "schema",
    CURRENT_AVAILABLE_ROLES() AS "availableRoles"`;
  const { rows } = await running.all({ text }, ownQuestion(signal));
  const [user, role, account, warehouse, database, schema, availableRoles] = (rows[0] ?? []).map((cell) =>
    cell === null ? null : String(cell),
  );
  return {
    user: user ?? '',
    ...(role && { role }),
    details: {
      account: account ?? null,
      warehouse: warehouse ?? null,
      database: database ?? null,
      schema: schema ?? null,
      availableRoles: availableRoles ?? null,
    },
  };
}
