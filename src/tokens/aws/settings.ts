import * as z from 'zod/mini';

import { subjectFields, subjectRule } from '../subject.ts';
import { awsRegion, partitionOf } from './region.ts';

const text = (about: string) => z.string().check(z.minLength(1), z.describe(about));

const arn = (kind: RegExp, about: string) =>
  z.string().check(z.maxLength(2048), z.regex(kind, 'must be a whole ARN'), z.describe(about));

const databaseName = () =>
  z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.maxLength(64),
        z.describe('The only database to log in to. Default: every one that the role may use.'),
      ),
  );

const database = () =>
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('rds').check(z.describe('Amazon RDS or Aurora with IAM database authentication.')),
      host: z
        .string()
        .check(
          z.regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'must be a host name'),
          z.describe('Host name that AWS shows for the database. The token is for this name: an alias does not work.'),
        ),
      port: z.int().check(z.minimum(1), z.maximum(65_535), z.describe('Port of the database.')),
      user: text(
        'Database user. `{claim}` is replaced by that claim of the token that is exchanged, such as `{email}`. The role must be allowed rds-db:connect for this user.',
      ),
    }),
    z.strictObject({
      kind: z
        .literal('redshift')
        .check(z.describe('Cluster of Amazon Redshift. The database sees the role (IAMR:<role>), not the person.')),
      cluster: z.string().check(z.minLength(1), z.maxLength(63), z.describe('Identifier of the cluster.')),
      database: databaseName(),
    }),
    z.strictObject({
      kind: z
        .literal('redshiftServerless')
        .check(
          z.describe(
            'Workgroup of Amazon Redshift Serverless. The database sees the role (IAMR:<role>), not the person.',
          ),
        ),
      workgroup: z.string().check(z.minLength(3), z.maxLength(64), z.describe('Name of the workgroup.')),
      database: databaseName(),
    }),
  ]);

/** Settings of the source awsWebIdentity. */
export const awsSettings = () =>
  z
    .strictObject({
      role: arn(
        /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\x21-\x7e]+\/)?[\w+=,.@-]{1,64}$/,
        'ARN of the role, such as arn:aws:iam::123456789012:role/Analyst. Its trust policy must allow sts:AssumeRoleWithWebIdentity for your identity provider.',
      ),
      region: awsRegion('Region of AWS, such as eu-central-1: of the database, and of the AWS STS that is asked.'),
      subject: z
        ._default(z.enum(['idToken', 'accessToken']), 'idToken')
        .check(
          z.describe(
            'The token of your sign-in that is exchanged. Its audience must be among the client ids of the identity provider in IAM.',
          ),
        ),
      ...subjectFields(),
      sessionPolicy: z.optional(
        z
          .enum(['readOnly'])
          .check(
            z.describe(
              'readOnly: the session may do only what both the role and the AWS managed policy ReadOnlyAccess allow, for example read from S3 and DynamoDB. AWS enforces it. That policy allows no statements of Athena or of the Redshift Data API and no database logins, because IAM does not see what SQL does. What a resource allows to this very session by name is not narrowed.',
            ),
          ),
      ),
      policyArns: z.optional(
        z
          .array(arn(/^arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy\/[\x21-\x7e]+$/, 'ARN of a managed policy.'))
          .check(
            z.minLength(1),
            z.maxLength(10),
            z.describe(
              'Managed policies of AWS or of the account of the role. The session may do what the role allows and at least one of these does.',
            ),
          ),
      ),
      durationSeconds: z
        ._default(z.int().check(z.minimum(900), z.maximum(43_200)), 3600)
        .check(
          z.describe(
            'Seconds that the session lasts. The maximum session duration of the role must allow it. A password of Redshift lasts 3600 at most, a token of RDS 900.',
          ),
        ),
      database: z.optional(
        database().check(
          z.describe(
            'Database to log in to with the keys: then the credential is a user and a password. RDS and Aurora know the user. Redshift knows the role alone: everybody who uses it there is the same to the database.',
          ),
        ),
      ),
    })
    .check(
      // What is no ARN at all was found already.
      z.refine(({ role, region }) => !role.startsWith('arn:') || role.split(':')[1] === partitionOf(region), {
        path: ['region'],
        error: 'must be in the same partition of AWS as the role',
      }),
      subjectRule(),
      // Several session policies add up: beside another one this would not be read-only.
      z.refine((own) => own.sessionPolicy === undefined || own.policyArns === undefined, {
        path: ['policyArns'],
        error: 'must be left out, or sessionPolicy',
      }),
      z.refine((own) => own.sessionPolicy === undefined || own.database === undefined, {
        path: ['sessionPolicy'],
        error: 'must be left out where a database is set: ReadOnlyAccess allows no login',
      }),
    );

export type AwsSettings = z.output<ReturnType<typeof awsSettings>>;
