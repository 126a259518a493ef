import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, lines } from '../text.ts';
import { heading, readingGrants, userOf } from './people.ts';

const MANUAL = 'https://docs.cloud.google.com/sql/docs/postgres/add-manage-iam-users';
const HOST = /\.sql(?:-psa|-psc)?\.goog\.?$/i;

/** Cloud SQL is mostly known by an IP address, so that the token says more than the host. */
const isCloudSql = ({ connection, token, provider }: GuideFacts): boolean =>
  connection.type === 'postgres' &&
  connection.settings['authentication'] !== 'oauthbearer' &&
  (HOST.test(textIn(connection.settings, 'host') ?? '') ||
    token.source === 'gcpWorkforce' ||
    (token.source === 'accessToken' && provider?.preset === 'google'));

/** Cloud SQL with IAM database authentication (https://docs.cloud.google.com/sql/docs/postgres/add-manage-iam-users). */
export const postgresCloudSql: Guide = {
  id: 'postgresCloudSql',
  label: 'Cloud SQL for PostgreSQL: IAM database authentication',
  about: 'For the administrator of the Cloud SQL instance: IAM database users and grants.',
  language: 'sql',
  manual: MANUAL,
  applies: isCloudSql,
  text(facts) {
    const { comment: about } = userOf(facts);
    return lines(
      heading(facts, '--', { what: 'people log in with IAM database authentication of Cloud SQL', manuals: [MANUAL] }),
      '',
      comment(
        '--',
        '1. In a shell, not in SQL. <instance>, <project>: those of the server. <user>: the e-mail address of the person in',
        'Google Cloud. The first command sets all flags of the instance: name those that it has as well.',
        'gcloud sql instances patch <instance> --project=<project> --database-flags=cloudsql.iam_authentication=on',
        'gcloud sql users create <user> --instance=<instance> --project=<project> --type=cloud_iam_user',
        'gcloud projects add-iam-policy-binding <project> --member=user:<user> --role=roles/cloudsql.instanceUser',
        ...(facts.token.source === 'gcpWorkforce'
          ? [
              'People of a workforce pool are members under another name (principal://iam.googleapis.com/...): look up in the',
              'manual whether your instance takes them.',
            ]
          : []),
      ),
      '',
      comment('--', '2. What they may read, in the database of the connection', ...about),
      readingGrants(facts),
    );
  },
};
