import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type AwsSettings, awsSettings } from '../../src/tokens/aws/settings.ts';
import { awsWebIdentity } from '../../src/tokens/awsWebIdentity.ts';

const role = 'arn:aws:iam::123456789012:role/team/Analyst';
const least = { role, region: 'eu-central-1' };
const rds = { kind: 'rds', host: 'db.example.com', port: 5432, user: '{email}' };

test('What is left out has its default', () => {
  assert.deepEqual(awsSettings().parse(least), { ...least, subject: 'idToken', durationSeconds: 3600 });
});

test('Each partition of AWS has its own hosts', () => {
  const hosts = (partition: string, region: string, database?: object): readonly string[] | undefined =>
    awsWebIdentity.hosts?.(awsSettings().parse({ role: role.replace('aws', partition), region, database }));
  const cluster = { kind: 'redshift', cluster: 'sales' };
  const workgroup = { kind: 'redshiftServerless', workgroup: 'sales' };
  assert.deepEqual(
    [
      hosts('aws', 'us-east-1'),
      hosts('aws', 'eu-central-1', rds),
      hosts('aws', 'ap-southeast-5', cluster),
      hosts('aws-cn', 'cn-northwest-1', workgroup),
      hosts('aws-us-gov', 'us-gov-west-1', cluster),
      hosts('aws-eusc', 'eusc-de-east-1'),
      hosts('aws-iso', 'us-iso-east-1'),
      hosts('aws-iso-b', 'us-isob-east-1'),
    ],
    [
      ['sts.us-east-1.amazonaws.com'],
      ['sts.eu-central-1.amazonaws.com'],
      ['sts.ap-southeast-5.amazonaws.com', 'redshift.ap-southeast-5.amazonaws.com'],
      ['sts.cn-northwest-1.amazonaws.com.cn', 'redshift-serverless.cn-northwest-1.amazonaws.com.cn'],
      ['sts.us-gov-west-1.amazonaws.com', 'redshift.us-gov-west-1.amazonaws.com'],
      ['sts.eusc-de-east-1.amazonaws.eu'],
      ['sts.us-iso-east-1.c2s.ic.gov'],
      ['sts.us-isob-east-1.sc2s.sgov.gov'],
    ],
  );
});

test('Keys are given without a database, a password with one', () => {
  const gives = (more: object) => awsWebIdentity.gives(awsSettings().parse({ ...least, ...more }));
  assert.deepEqual([gives({}), gives({ database: rds })], ['aws', 'password']);
});

test('The person is seen by AWS and by RDS, but Redshift sees a role that many share', () => {
  const seen = (database?: object) => awsWebIdentity.runsAs(awsSettings().parse({ ...least, database }));
  assert.deepEqual(
    [
      seen(),
      seen(rds),
      seen({ kind: 'redshift', cluster: 'sales' }),
      seen({ kind: 'redshiftServerless', workgroup: 'sales' }),
    ],
    ['user', 'user', 'shared', 'shared'],
  );
});

test('Settings that could not work, or would promise too much, are refused where they are wrong', () => {
  const readOnly = { sessionPolicy: 'readOnly' };
  const wrong: readonly (readonly [object, string])[] = [
    [{ role: 'Analyst' }, 'role'],
    [{ role: 'arn:aws:iam::123456789012:user/alice' }, 'role'],
    [{ role: 'arn:aws:iam::1:role/Analyst' }, 'role'],
    [{ role: `${role}\n` }, 'role'],
    [{ region: 'eu-central-1.evil.example/' }, 'region'],
    [{ region: 'EU-CENTRAL-1' }, 'region'],
    [{ region: 'cn-north-1' }, 'region'],
    [{ region: 'us-gov-west-1' }, 'region'],
    [{ durationSeconds: 899 }, 'durationSeconds'],
    [{ durationSeconds: 43_201 }, 'durationSeconds'],
    [{ subjectAudience: 'aws' }, 'subject'],
    [{ ...readOnly, policyArns: ['arn:aws:iam::aws:policy/AmazonS3FullAccess'] }, 'policyArns'],
    [{ ...readOnly, database: rds }, 'sessionPolicy'],
    [{ policyArns: [] }, 'policyArns'],
    [{ policyArns: ['ReadOnlyAccess'] }, 'policyArns.0'],
    [{ database: { ...rds, host: 'db.example.com/?' } }, 'database.host'],
    [{ database: { ...rds, port: 0 } }, 'database.port'],
    [{ database: { kind: 'redshift' } }, 'database.cluster'],
    [{ database: { kind: 'dsql' } }, 'database.kind'],
  ];
  assert.deepEqual(
    wrong.map(([more]) =>
      awsSettings()
        .safeParse({ ...least, ...more } satisfies Partial<Record<keyof AwsSettings, unknown>>)
        .error?.issues.map(({ path }) => path.join('.')),
    ),
    wrong.map(([, path]) => [path]),
  );
});
