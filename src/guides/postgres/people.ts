import { type GuideFacts, textIn } from '../guide.ts';
import { comment, inComment, placeholder } from '../text.ts';
import { identifier } from './sql.ts';

const USER = placeholder('user');
const SCHEMA = placeholder('schema');

/** Who asks, and where it is to be run. */
export function heading(
  facts: GuideFacts,
  mark: '--' | '#',
  { what, manuals }: { readonly what: string; readonly manuals: readonly string[] },
): readonly string[] {
  const { title, id, settings } = facts.connection;
  const host = textIn(settings, 'host');
  return comment(
    mark,
    `Data Passport: ${what}`,
    `For the connection "${inComment(title)}" (${inComment(id)})${host === undefined ? '' : `, server ${inComment(host)}`}.`,
    'What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.',
    ...manuals.map((manual) => `Manual: ${manual}`),
  );
}

/** The database user of a person: a name that the settings give, or one that a claim of each person's token gives. */
export function userOf({ connection: { settings } }: GuideFacts): {
  /** As an identifier, or a placeholder. */
  readonly sql: string;
  /** The name itself, where it is fixed. */
  readonly name?: string;
  readonly comment: readonly string[];
} {
  const template = textIn(settings, 'user') ?? '{preferred_username}';
  if (!/\{[^{}]+\}/.test(template)) return { sql: identifier(template), name: template, comment: [] };
  return {
    sql: `"${USER}"`,
    comment: [
      `${USER}: the database user of one person. The connection logs in as ${inComment(template)}, where a name in braces`,
      'stands for that claim of the token. Repeat this for each person.',
    ],
  };
}

/** What the users and their role need to read (https://www.postgresql.org/docs/18/sql-grant.html). */
export function readingGrants(facts: GuideFacts): readonly string[] {
  const { settings } = facts.connection;
  const database = textIn(settings, 'database');
  const role = textIn(settings, 'role');
  const { sql: user } = userOf(facts);
  const reader = role === undefined ? user : identifier(role);
  return [
    ...(role === undefined
      ? []
      : [
          ...comment('--', 'The role that the connection takes after its login (SET ROLE).'),
          `GRANT ${reader} TO ${user};`,
        ]),
    ...(database === undefined ? [] : [`GRANT CONNECT ON DATABASE ${identifier(database)} TO ${reader};`]),
    ...comment('--', `${SCHEMA}: a schema with what people may read. Repeat these for each one.`),
    `GRANT USAGE ON SCHEMA "${SCHEMA}" TO ${reader};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA "${SCHEMA}" TO ${reader};`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA "${SCHEMA}" GRANT SELECT ON TABLES TO ${reader};`,
  ];
}
