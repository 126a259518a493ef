import type { TestContext } from 'node:test';

import type { SignIn } from '../../src/core/signIn.ts';
import { awsWebIdentity } from '../../src/tokens/awsWebIdentity.ts';
import { type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { type AwsRole, type LabAws, startAws } from '../lab/tokenServices/aws.ts';
import { type MintedSignInOptions, mintedSignIn, type RunningSource, startSource } from './harness.ts';

export const region = 'eu-central-1';
export const role = 'arn:aws:iam::123456789012:role/team/Analyst';
export const email = 'alice@lab.example';
/** As CloudTrail calls alice's session of the role. */
export const sessionArn = 'arn:aws:sts::123456789012:assumed-role/Analyst/alice@lab.example';
/** Databases as the settings name them; host and port of the first as its server knows itself. */
export const rds = { kind: 'rds', host: 'Sales.abc123.eu-central-1.rds.amazonaws.com', port: 5432, user: '{email}' };
export const server = { host: 'sales.abc123.eu-central-1.rds.amazonaws.com', port: 5432 };
export const cluster = { kind: 'redshift', cluster: 'sales', database: 'dev' };
export const workgroup = { kind: 'redshiftServerless', workgroup: 'sales-wg' };
/** Actions that log in to them. */
export const logins = ['rds-db:connect', 'redshift:GetClusterCredentialsWithIAM', 'redshift-serverless:GetCredentials'];

export interface Lab {
  readonly idp: LabIdentityProvider;
  readonly aws: LabAws;
  /** A source behind a cache, of alice unless another sign-in is given. */
  source(settings?: object, signIn?: Partial<SignIn>): RunningSource;
}

/** An account of AWS that trusts an identity provider; both end with the test. */
export async function lab(
  t: TestContext,
  minted: MintedSignInOptions = {},
  trusted: Partial<AwsRole> = {},
): Promise<Lab> {
  const idp = await startIdentityProvider();
  t.after(() => idp.close());
  const { issuer, clientId } = idp;
  const aws = await startAws({
    region,
    providers: [{ issuer, clientIds: [clientId, 'https://aws.lab.example'] }],
    roles: [{ arn: role, trusts: { issuer }, allows: logins, ...trusted }],
    policies: { 'arn:aws:iam::123456789012:policy/Sales': ['s3:GetObject'] },
    clusters: ['sales'],
    workgroups: ['sales-wg'],
  });
  t.after(() => aws.close());
  const alice = mintedSignIn(idp, { seconds: 50_000, claims: { email }, ...minted });
  return {
    idp,
    aws,
    source: (settings = {}, signIn = {}) =>
      startSource(awsWebIdentity, {
        name: 'awsWebIdentity',
        settings: { role, region, ...settings },
        signIn: { ...alice, ...signIn },
        fetch: aws.fetch,
      }),
  };
}

/** Everything that is secret in what was sent so far and in what AWS gave out. */
export function secretsOf({ idp, aws }: Lab): readonly string[] {
  const sent = aws.requests.flatMap(({ headers, form }) => [
    form['WebIdentityToken'],
    headers['x-amz-security-token'],
    headers['authorization']?.slice(-64),
  ]);
  const given = aws.passwords.map(({ password }) => password);
  return [...sent, ...given, ...idp.issued.map(({ value }) => value)].filter((secret) => secret !== undefined);
}
