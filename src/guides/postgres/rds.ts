import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, lines } from '../text.ts';
import { heading, readingGrants, userOf } from './people.ts';

const MANUAL =
  'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html#UsingWithRDS.IAMDBAuth.DBAccounts.PostgreSQL';
const HOST = /\.rds\.amazonaws\.com(?:\.cn)?$/i;

const isRds = ({ connection, token }: GuideFacts): boolean => {
  const { database } = token.settings;
  const kind = typeof database === 'object' && database !== null && 'kind' in database ? database.kind : undefined;
  return connection.type === 'postgres' && (HOST.test(textIn(connection.settings, 'host') ?? '') || kind === 'rds');
};

/** Amazon RDS and Aurora with IAM database authentication. */
export const postgresRds: Guide = {
  id: 'postgresRds',
  label: 'Amazon RDS for PostgreSQL: IAM database authentication',
  about: 'For the database administrator: database users that log in with IAM, and grants.',
  language: 'sql',
  manual: MANUAL,
  applies: isRds,
  text(facts) {
    const { sql, comment: about } = userOf(facts);
    return lines(
      heading(facts, '--', { what: 'people log in with IAM database authentication', manuals: [MANUAL] }),
      '',
      comment(
        '--',
        '1. IAM database authentication must be on for the instance or cluster:',
        'aws rds modify-db-instance --db-instance-identifier <instance> --enable-iam-database-authentication --apply-immediately',
        'The role that people take needs rds-db:connect for these users: see the text "AWS: identity provider, role and rights".',
        'Whoever has rds_iam logs in with IAM and no longer with a password.',
      ),
      comment('--', ...about),
      `CREATE USER ${sql};`,
      `GRANT rds_iam TO ${sql};`,
      '',
      comment('--', '2. What they may read, in the database of the connection'),
      readingGrants(facts),
    );
  },
};
