import { randomBytes, randomUUID } from 'node:crypto';

/** An OpenID Connect provider as IAM knows it. */
export interface AwsProvider {
  readonly issuer: string;
  readonly clientIds: readonly string[];
}

export interface AwsRole {
  readonly arn: string;
  /** Whose tokens its trust policy takes. */
  readonly trusts: { readonly issuer: string };
  /** Actions that its own policy allows, such as `rds-db:connect`. */
  readonly allows: readonly string[];
  /** Maximum session duration in seconds; default 3600. */
  readonly longest?: number;
}

export interface AwsAccountOptions {
  readonly region: string;
  readonly providers: readonly AwsProvider[];
  readonly roles: readonly AwsRole[];
  /** Managed policies by ARN, with the actions that they allow, besides ReadOnlyAccess. */
  readonly policies?: Readonly<Record<string, readonly string[]>>;
  /** Clusters and workgroups of Redshift. */
  readonly clusters?: readonly string[];
  readonly workgroups?: readonly string[];
}

export interface AwsSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly ends: number;
  readonly role: AwsRole;
  readonly sessionName: string;
  /** ARNs of the managed policies that narrow it. */
  readonly policies: readonly string[];
}

/** A part of what ReadOnlyAccess allows; it allows no login to a database (github.com/zoph-io/IAMTrail, policies/ReadOnlyAccess). */
const READ_ONLY: readonly string[] = [
  's3:GetObject',
  'dynamodb:Query',
  'dynamodb:GetItem',
  'redshift:DescribeClusters',
];

/** Identities and sessions of one AWS account. */
export function createAccount(options: AwsAccountOptions) {
  const { roles, policies = {} } = options;
  const sessions = new Map<string, AwsSession>();
  const policyNamed = (arn: string): readonly string[] | undefined =>
    /^arn:aws[a-z-]*:iam::aws:policy\/ReadOnlyAccess$/.test(arn) ? READ_ONLY : policies[arn];

  return {
    ...options,
    roleNamed: (arn: string) => roles.find((role) => role.arn === arn),
    hasPolicy: (arn: string) => policyNamed(arn) !== undefined,
    session: (accessKeyId: string) => sessions.get(accessKeyId),
    /** @param seconds of life @param now milliseconds since the epoch */
    open(
      role: AwsRole,
      wish: { sessionName: string; policies: readonly string[]; seconds: number; now: number },
    ): AwsSession {
      const session = {
        accessKeyId: `ASIA${randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: `IQoJb3JpZ2luX2Vj//////////wEa${randomBytes(300).toString('base64')}`,
        ends: Math.floor(wish.now / 1000 + wish.seconds) * 1000,
        role,
        sessionName: wish.sessionName,
        policies: wish.policies,
      };
      sessions.set(session.accessKeyId, session);
      return session;
    },
    /** Session policies narrow the role's own; together they allow what any of them allows. */
    allows({ role, policies: narrowing }: AwsSession, action: string): boolean {
      const narrowed = narrowing.length === 0 || narrowing.some((arn) => policyNamed(arn)?.includes(action));
      return role.allows.includes(action) && narrowed;
    },
    /** As error messages and CloudTrail call the session. */
    nameOf({ role, sessionName }: AwsSession): string {
      const [, partition = 'aws', , , account = ''] = role.arn.split(':');
      return `arn:${partition}:sts::${account}:assumed-role/${role.arn.split('/').at(-1)}/${sessionName}`;
    },
  };
}

export type AwsAccount = ReturnType<typeof createAccount>;
