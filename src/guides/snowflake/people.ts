import { userClaimOf } from '../claims.ts';
import { type GuideFacts, textIn } from '../guide.ts';
import { comment, inComment, placeholder } from '../text.ts';
import { catalogName, identifier, literal } from './sql.ts';

export const USER = placeholder('user');
const ROLE = placeholder('role');

/** Roles that no OAuth token opens unless an administrator says so (https://docs.snowflake.com/en/user-guide/oauth-ext-overview). */
export const BLOCKED = 'ACCOUNTADMIN, ORGADMIN, GLOBALORGADMIN and SECURITYADMIN';

/** The role of the connection as SQL takes it. */
export function roleOf({ connection: { settings } }: GuideFacts): { readonly sql: string; readonly known: boolean } {
  const role = textIn(settings, 'role');
  return role === undefined ? { sql: ROLE, known: false } : { sql: identifier(role), known: true };
}

export function roleComment(facts: GuideFacts): readonly string[] {
  return roleOf(facts).known
    ? []
    : comment('--', `${ROLE}: the connection names no role, so each person has their default role; write that one.`);
}

/** A setting as an identifier, or a placeholder and what to say of it. */
export function named(
  settings: Readonly<Record<string, unknown>>,
  name: string,
): { readonly sql: string; readonly comment: readonly string[] } {
  const value = textIn(settings, name);
  if (value !== undefined) return { sql: identifier(value), comment: [] };
  const sql = placeholder(name);
  return { sql, comment: comment('--', `${sql}: the connection names no ${name}; write the one that people may use.`) };
}

/** What each person needs: a name that the token can be matched with, a role, a warehouse. */
export function personStatements(facts: GuideFacts, mapping: 'token' | 'none'): readonly string[] {
  const { settings } = facts.connection;
  const role = textIn(settings, 'role');
  const warehouse = textIn(settings, 'warehouse');
  const claim = mapping === 'token' ? (userClaimOf(facts) ?? 'the user claim') : undefined;
  const login = claim === undefined ? undefined : `value of ${inComment(claim)}`;
  const own = claim === 'sub' ? facts.example?.claims.sub : undefined;
  return [
    ...comment('--', `${USER}: the name of the user in Snowflake. Repeat this for each person.`),
    ...(login === undefined
      ? []
      : comment('--', `${placeholder(login)}: what the token of this person says there.${ownClaim(own)}`)),
    ...(warehouse === undefined
      ? comment('--', `${placeholder('warehouse')}: the warehouse that runs their statements.`)
      : []),
    ...(login === undefined ? [] : [`ALTER USER ${USER} SET ${userProperty(facts)} = ${literal(placeholder(login))};`]),
    `ALTER USER ${USER} SET DEFAULT_WAREHOUSE = ${literal(warehouse === undefined ? placeholder('warehouse') : catalogName(warehouse))};`,
    ...roleComment(facts),
    `GRANT ROLE ${roleOf(facts).sql} TO USER ${USER};`,
    ...(role === undefined ? [`ALTER USER ${USER} SET DEFAULT_ROLE = ${literal(ROLE)};`] : []),
  ];
}

/** What the claim is compared with: an e-mail address is kept in a property of its own. */
export const mappingAttribute = (facts: GuideFacts): 'LOGIN_NAME' | 'EMAIL_ADDRESS' =>
  userClaimOf(facts) === 'email' ? 'EMAIL_ADDRESS' : 'LOGIN_NAME';

const userProperty = (facts: GuideFacts): string =>
  mappingAttribute(facts) === 'EMAIL_ADDRESS' ? 'EMAIL' : 'LOGIN_NAME';

function ownClaim(value: unknown): string {
  return typeof value === 'string' ? ` For whoever made this text it is ${inComment(value)}.` : '';
}

/** What the role needs to read (https://docs.snowflake.com/en/user-guide/security-access-control-privileges). */
export function readingGrants(facts: GuideFacts): readonly string[] {
  const { settings } = facts.connection;
  const { sql: role } = roleOf(facts);
  const warehouse = named(settings, 'warehouse');
  const database = named(settings, 'database');
  const schema = named(settings, 'schema');
  const place = `${database.sql}.${schema.sql}`;
  return [
    ...warehouse.comment,
    `GRANT USAGE ON WAREHOUSE ${warehouse.sql} TO ROLE ${role};`,
    ...database.comment,
    `GRANT USAGE ON DATABASE ${database.sql} TO ROLE ${role};`,
    ...schema.comment,
    `GRANT USAGE ON SCHEMA ${place} TO ROLE ${role};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${place} TO ROLE ${role};`,
    `GRANT SELECT ON ALL VIEWS IN SCHEMA ${place} TO ROLE ${role};`,
    `GRANT SELECT ON FUTURE TABLES IN SCHEMA ${place} TO ROLE ${role};`,
    `GRANT SELECT ON FUTURE VIEWS IN SCHEMA ${place} TO ROLE ${role};`,
  ];
}

/** Who asks, and where it is to be run. */
export function heading(facts: GuideFacts, what: string, manuals: readonly string[]): readonly string[] {
  const { title, id, settings } = facts.connection;
  const account = textIn(settings, 'account');
  return comment(
    '--',
    `Data Passport: ${what}`,
    `For the connection "${inComment(title)}" (${inComment(id)})${account === undefined ? '' : `, account ${inComment(account)}`}.`,
    'What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.',
    ...manuals.map((manual) => `Manual: ${manual}`),
  );
}

/** A name of an object of ours: letters, digits and underscores alone. */
export function objectName(...parts: readonly string[]): string {
  return parts
    .join('_')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 60);
}
