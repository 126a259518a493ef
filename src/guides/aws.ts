import { subjectToken } from './claims.ts';
import { type Guide, type GuideFacts, textIn } from './guide.ts';
import { comment, inComment, lines, placeholder, shellWord } from './text.ts';

const PROVIDER_MANUAL = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html';
const ROLE_MANUAL = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html';
const RDS_MANUAL = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html';
const REDSHIFT_MANUAL =
  'https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html';

type Settings = Readonly<Record<string, unknown>>;

interface Role {
  readonly partition: string;
  readonly account: string;
  /** With its path. */
  readonly name: string;
}

function roleOf(settings: Settings): Role {
  const [, partition, , , account, resource = ''] = (textIn(settings, 'role') ?? '').split(':');
  return {
    partition: partition ?? 'aws',
    account: account ?? placeholder('account id'),
    name: resource.replace(/^role\//, '') || placeholder('role'),
  };
}

/** As IAM names the provider: the issuer without its scheme. */
const bare = (issuer: string): string => issuer.replace(/^https:\/\//, '');

function tokenOf(facts: GuideFacts): { readonly issuer: string; readonly audience: string } {
  const { issuer, audience } = subjectToken(facts);
  return { issuer: issuer ?? placeholder('issuer'), audience: audience ?? placeholder('audience') };
}

function trustPolicy(facts: GuideFacts): object {
  const { partition, account } = roleOf(facts.token.settings);
  const { issuer, audience } = tokenOf(facts);
  const provider = bare(issuer);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${provider}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${provider}:aud`]: audience } },
      },
    ],
  };
}

interface Rights {
  readonly about: readonly string[];
  readonly manual: string;
  readonly statements: readonly object[];
}

type RightsFor = (target: Settings, role: Role, region: string) => Rights;

/** By the kind of database that the token source makes a password for. */
const RIGHTS: Readonly<Partial<Record<string, RightsFor>>> = {
  rds: (target, { partition, account }, region) => {
    const user = textIn(target, 'user') ?? placeholder('user');
    const isOne = !/\{[^{}]+\}/.test(user);
    return {
      about: [
        '<DbiResourceId>: db-... of the instance or cluster-... of the cluster, not its name (aws rds describe-db-instances).',
        ...(isOne
          ? []
          : [
              `<user>: each person has a database user of their own (${inComment(user)}), one line each and never *. Whoever has the`,
              'role may log in as every user that is named here.',
            ]),
      ],
      manual: RDS_MANUAL,
      statements: [
        {
          Effect: 'Allow',
          Action: 'rds-db:connect',
          Resource: [
            `arn:${partition}:rds-db:${region}:${account}:dbuser:${placeholder('DbiResourceId')}/${isOne ? user : placeholder('user')}`,
          ],
        },
      ],
    };
  },
  redshift: (target, { partition, account }, region) => {
    const cluster = textIn(target, 'cluster') ?? placeholder('cluster');
    const database = textIn(target, 'database') ?? placeholder('database');
    return {
      about: [
        'In Redshift the role is the user IAMR:<role>: grant it what people may read.',
        ...(textIn(target, 'database') === undefined ? ['<database>: the database that people log in to.'] : []),
      ],
      manual: REDSHIFT_MANUAL,
      statements: [
        {
          Effect: 'Allow',
          Action: 'redshift:GetClusterCredentialsWithIAM',
          Resource: [`arn:${partition}:redshift:${region}:${account}:dbname:${cluster}/${database}`],
        },
      ],
    };
  },
  redshiftServerless: (_target, { partition, account }, region) => ({
    about: [
      '<workgroup id>: the id of the workgroup, not its name (aws redshift-serverless get-workgroup).',
      'In Redshift the role is the user IAMR:<role>: grant it what people may read.',
    ],
    manual: REDSHIFT_MANUAL,
    statements: [
      {
        Effect: 'Allow',
        Action: 'redshift-serverless:GetCredentials',
        Resource: [
          `arn:${partition}:redshift-serverless:${region}:${account}:workgroup/${placeholder('workgroup id')}`,
        ],
      },
    ],
  }),
};

function targetOf(settings: Settings): Settings | undefined {
  const { database } = settings;
  return typeof database === 'object' && database !== null ? (database as Settings) : undefined;
}

function permissions(facts: GuideFacts): readonly string[] {
  const { settings } = facts.token;
  const target = targetOf(settings);
  const role = roleOf(settings);
  const make = RIGHTS[textIn(target ?? {}, 'kind') ?? ''];
  if (!make || !target)
    return comment(
      '#',
      '3. What the role may do: attach a policy for what people read. Only what they would read themselves.',
      `aws iam attach-role-policy --role-name ${shellWord(lastOf(role.name))} --policy-arn <policy ARN>`,
    );
  const { about, manual, statements } = make(target, role, textIn(settings, 'region') ?? placeholder('region'));
  const document = { Version: '2012-10-17', Statement: statements };
  return [
    ...comment('#', '3. What the role may do: log in to the database', `Manual: ${manual}`, ...about),
    `aws iam put-role-policy --role-name ${shellWord(lastOf(role.name))} --policy-name DataPassport --policy-document ${json(document)}`,
  ];
}

const json = (value: object): string => shellWord(JSON.stringify(value, undefined, 2));

/** Commands want the name without its path. */
const lastOf = (name: string): string => name.split('/').at(-1) ?? name;

function pathOf(name: string): string {
  const path = name.split('/').slice(0, -1);
  return path.length > 0 ? ` --path ${shellWord(`/${path.join('/')}/`)}` : '';
}

function durationOf(settings: Settings): string {
  const { durationSeconds: seconds } = settings;
  return typeof seconds === 'number' && seconds > 3600 ? ` --max-session-duration ${seconds}` : '';
}

/** IAM trusts the identity provider, and a role may be taken with its tokens (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html). */
export const awsTrust: Guide = {
  id: 'awsTrust',
  label: 'AWS: identity provider, role and rights',
  about: 'For the AWS administrator: trust the identity provider, let its users take a role, let the role log in.',
  language: 'shellscript',
  manual: ROLE_MANUAL,
  applies: ({ token }) => token.source === 'awsWebIdentity',
  text(facts) {
    const { connection, token } = facts;
    const role = roleOf(token.settings);
    const { issuer, audience } = tokenOf(facts);
    return lines(
      comment(
        '#',
        'Data Passport: people take a role of AWS with their sign-in (AssumeRoleWithWebIdentity)',
        `For the connection "${inComment(connection.title)}" (${inComment(connection.id)}), AWS account ${inComment(role.account)}.`,
        'What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.',
        `Manual: ${PROVIDER_MANUAL}`,
        `Manual: ${ROLE_MANUAL}`,
        '',
        '1. IAM trusts the identity provider: once for an account. Where it is there already, add the client id instead:',
        'aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn <provider ARN> --client-id <client id>',
        '<issuer>, <audience>: what the tokens say in iss and aud.',
      ),
      `aws iam create-open-id-connect-provider --url ${shellWord(issuer)} --client-id-list ${shellWord(audience)}`,
      '',
      comment(
        '#',
        '2. Everybody who has a token of this identity provider for this client may take the role. To let in fewer people, compare',
        `${inComment(bare(issuer))}:sub as well. Where the role is there already: aws iam update-assume-role-policy.`,
      ),
      `aws iam create-role --role-name ${shellWord(lastOf(role.name))}${pathOf(role.name)}${durationOf(token.settings)} --assume-role-policy-document ${json(trustPolicy(facts))}`,
      '',
      permissions(facts),
    );
  },
};
