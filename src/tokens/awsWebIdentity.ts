import { CLUSTER, redshiftHost, SERVERLESS, stsHost } from './aws/hosts.ts';
import { type AwsSettings, awsSettings } from './aws/settings.ts';
import { tokenSource } from './source.ts';
import { subjectNeed } from './subject.ts';

/**
 * Keys of an AWS role for the signed-in user, or a database password made with them (AssumeRoleWithWebIdentity). No other AWS
 * credentials are looked for, neither in the environment nor in files.
 */
export const awsWebIdentity = tokenSource<AwsSettings>({
  label: 'AWS role',
  about: 'Keys of an AWS role in your name, or a password for RDS, Aurora or Redshift that is made with them.',
  specification: {
    title: 'AWS Security Token Service, AssumeRoleWithWebIdentity',
    url: 'https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html',
  },
  settings: awsSettings,
  from: 'signIn',
  // Redshift sees the role (IAMR:<role>); only its records in CloudTrail have the session's name.
  runsAs: ({ database }) => (database === undefined || database.kind === 'rds' ? 'user' : 'shared'),
  kinds: ['aws', 'password'],
  gives: (own) => (own.database ? 'password' : 'aws'),
  leadsTo: { sessionPolicy: 'aws', database: 'password' },
  wants: subjectNeed,
  hosts({ region, database: target }) {
    if (target?.kind === 'redshift') return [stsHost(region), redshiftHost(CLUSTER, region)];
    if (target?.kind === 'redshiftServerless') return [stsHost(region), redshiftHost(SERVERLESS, region)];
    return [stsHost(region)];
  },
  load: () => import('./awsWebIdentity.mint.ts'),
});
