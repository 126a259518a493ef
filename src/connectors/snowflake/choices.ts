import { PassportError } from '../../core/errors.ts';
import type { Identity, Offer } from '../../core/result.ts';
import type { Ask } from './catalog.ts';

/** SHOW needs no warehouse: looking costs nothing and wakes nothing. Ten thousand rows are all that it gives. */
const LISTINGS: Readonly<Record<string, string>> = {
  warehouse: 'SHOW WAREHOUSES',
  database: 'SHOW DATABASES',
  schema: 'SHOW SCHEMAS',
};

/**
 * What the user may choose for a setting; see DatabaseSession.
 * https://docs.snowflake.com/en/sql-reference/functions/current_available_roles
 */
export async function choicesOf(ask: Ask, { role, details }: Identity, setting: string): Promise<Offer> {
  if (setting === 'role') return { current: role, values: rolesIn(details['availableRoles']).toSorted() };
  const text = LISTINGS[setting];
  if (text === undefined) throw new PassportError('DP-INTERNAL', { problem: `no choice of ${setting}` });
  const table = await ask({ text });
  const at = table.column('name');
  const values = table.rows.flatMap((row) => (typeof row[at] === 'string' ? [row[at]] : []));
  return { current: details[setting] ?? undefined, values: values.toSorted() };
}

/** A JSON list in a string. */
function rolesIn(text: string | null | undefined): readonly string[] {
  const roles: unknown = text === null || text === undefined ? [] : JSON.parse(text);
  return Array.isArray(roles) ? roles.filter((each) => typeof each === 'string') : [];
}
