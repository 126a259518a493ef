import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, lines } from '../text.ts';
import { heading, readingGrants, userOf } from './people.ts';
import { literal } from './sql.ts';

const MANUAL = 'https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users';
const HOST = /\.postgres\.database\.(?:azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)$/i;

/** Audience of the tokens that Azure Database for PostgreSQL takes. */
const AUDIENCE = 'https://ossrdbms-aad.database.windows.net';

function tokenNote({ token }: GuideFacts): readonly string[] {
  if (token.scopes.some((scope) => scope.startsWith(AUDIENCE))) return [];
  return comment(
    '--',
    `NOTE: the server takes tokens for ${AUDIENCE}; the connection has to ask for the scope`,
    `${AUDIENCE}/.default (setting token.scopes).`,
  );
}

/** Azure Database for PostgreSQL with Microsoft Entra ID (https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users). */
export const postgresEntra: Guide = {
  id: 'postgresEntra',
  label: 'Azure Database for PostgreSQL: Microsoft Entra ID',
  about: 'For the Microsoft Entra administrator of the server: a database user for each person, and grants.',
  language: 'sql',
  manual: MANUAL,
  applies: ({ connection: { type, settings } }) => type === 'postgres' && HOST.test(textIn(settings, 'host') ?? ''),
  text(facts) {
    const { name, comment: about } = userOf(facts);
    return lines(
      heading(facts, '--', { what: 'people log in with tokens of Microsoft Entra ID', manuals: [MANUAL] }),
      tokenNote(facts),
      '',
      comment(
        '--',
        '1. Microsoft Entra authentication must be switched on for the server (Security > Authentication in the Azure portal),',
        'and you log in as one of its Microsoft Entra administrators, to the database postgres.',
        'Arguments: name of the user or group in Entra ID, whether it is an administrator, whether it must have used MFA.',
      ),
      comment('--', ...about),
      `SELECT * FROM pgaadauth_create_principal(${literal(name ?? '<user>')}, false, false);`,
      '',
      comment('--', '2. What they may read, in the database of the connection'),
      readingGrants(facts),
    );
  },
};
