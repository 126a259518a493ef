import { subjectToken } from './claims.ts';
import { type Guide, textIn } from './guide.ts';
import { comment, inComment, lines, placeholder, shellWord } from './text.ts';

const POOL_MANUAL = 'https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/create';
const PROVIDER_MANUAL = 'https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/providers/create-oidc';

/** One option a line, so that each can be seen. */
function command(name: string, ...options: readonly string[]): readonly string[] {
  return [`${name} \\`, ...options.map((option, index) => `  ${option}${index < options.length - 1 ? ' \\' : ''}`)];
}

/** Google Cloud knows the people of the identity provider (https://docs.cloud.google.com/iam/docs/configuring-workforce-identity-federation). */
export const gcpTrust: Guide = {
  id: 'gcpTrust',
  label: 'Google Cloud: workforce identity pool',
  about:
    'For the administrator of the Google Cloud organization: a pool for the people of the identity provider, and their roles.',
  language: 'shellscript',
  manual: PROVIDER_MANUAL,
  applies: ({ token }) => token.source === 'gcpWorkforce',
  text(facts) {
    const { connection, token } = facts;
    const { settings } = token;
    const { issuer, audience } = subjectToken(facts);
    const pool = textIn(settings, 'pool') ?? placeholder('pool');
    const provider = textIn(settings, 'provider') ?? placeholder('provider');
    const location = `--location=${shellWord(textIn(settings, 'location') ?? 'global')}`;
    const project = textIn(settings, 'userProject') ?? placeholder('project');
    const members = `principalSet://iam.googleapis.com/locations/${textIn(settings, 'location') ?? 'global'}/workforcePools/${pool}/*`;
    const grant = (role: string): readonly string[] =>
      command(
        `gcloud projects add-iam-policy-binding ${shellWord(project)}`,
        `--role=${role}`,
        `--member=${shellWord(members)}`,
        '--condition=None',
      );
    return lines(
      comment(
        '#',
        'Data Passport: people come to Google Cloud with their sign-in (Workforce Identity Federation)',
        `For the connection "${inComment(connection.title)}" (${inComment(connection.id)}).`,
        'What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.',
        `Manual: ${POOL_MANUAL}`,
        `Manual: ${PROVIDER_MANUAL}`,
        '',
        '1. The pool. <organization id>: gcloud organizations list.',
      ),
      command(
        `gcloud iam workforce-pools create ${shellWord(pool)}`,
        location,
        "--organization='<organization id>'",
        "--display-name='Data Passport'",
      ),
      '',
      comment(
        '#',
        '2. The identity provider. google.subject is how Google Cloud knows a person: with assertion.sub by the id at the identity',
        'provider; choose it once, since every grant to a single person names it. The other attributes are for conditions and logs.',
        '<issuer>, <audience>: what the tokens say in iss and aud; Google Cloud compares aud with the client id.',
      ),
      command(
        `gcloud iam workforce-pools providers create-oidc ${shellWord(provider)}`,
        location,
        `--workforce-pool=${shellWord(pool)}`,
        `--issuer-uri=${shellWord(issuer ?? placeholder('issuer'))}`,
        `--client-id=${shellWord(audience ?? placeholder('audience'))}`,
        "--attribute-mapping='google.subject=assertion.sub,google.display_name=assertion.preferred_username'",
        '--web-sso-response-type=id-token',
        '--web-sso-assertion-claims-behavior=only-id-token-claims',
      ),
      '',
      comment(
        '#',
        '3. What the people of the pool may do: use the project for their requests, and run queries. What they may read is granted',
        'data set by data set. For fewer people name a group: principalSet://.../workforcePools/<pool>/group/<group>.',
      ),
      grant('roles/serviceusage.serviceUsageConsumer'),
      grant('roles/bigquery.jobUser'),
    );
  },
};
