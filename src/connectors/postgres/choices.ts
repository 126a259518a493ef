import { PassportError } from '../../core/errors.ts';
import type { Identity, Offer } from '../../core/result.ts';
import type { Ask } from './catalog.ts';

interface Session {
  readonly identity: Identity;
  readonly login: { readonly serverVersion: string };
}

/**
 * What the user may choose for a setting; see DatabaseSession. Since PostgreSQL 16 a member of a role need not be allowed to take it
 * (https://www.postgresql.org/docs/16/functions-info.html, `pg_has_role`).
 */
export async function choicesOf(ask: Ask, { identity, login }: Session, setting: string): Promise<Offer> {
  const right = Number.parseInt(login.serverVersion, 10) >= 16 ? 'SET' : 'MEMBER';
  const questions: Readonly<Record<string, string>> = {
    role: `SELECT rolname FROM pg_catalog.pg_roles
      WHERE pg_has_role(session_user, oid, '${right}') AND rolname NOT LIKE 'pg\\_%' ORDER BY rolname`,
    database: `SELECT datname FROM pg_catalog.pg_database
      WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT') ORDER BY datname`,
  };
  const text = questions[setting];
  if (text === undefined) throw new PassportError('DP-INTERNAL', { problem: `no choice of ${setting}` });
  const { rows } = await ask({ prefix: '', text });
  const current = setting === 'role' ? (identity.role ?? identity.user) : (identity.details[setting] ?? undefined);
  return { current, values: rows.flatMap(([name]) => (typeof name === 'string' ? [name] : [])) };
}
