import { jsonObject, type ServiceAnswer } from '../http.ts';
import { instant } from '../serverClock.ts';
import { unusableAnswer } from '../unusableAnswer.ts';
import type { RoleSession } from './assumeRole.ts';
import { type AwsCaller, callAws } from './call.ts';
import { CLUSTER, redshiftHost, SERVERLESS } from './hosts.ts';
import type { DatabaseLogin } from './rdsToken.ts';
import { signedHeaders } from './signature.ts';
import { leafTexts } from './xml.ts';

/** A password of Amazon Redshift lives that long at most. */
const LONGEST_SECONDS = 3600;

export interface RedshiftWish {
  readonly region: string;
  /** Identifier of the cluster, or name of the workgroup. */
  readonly name: string;
  /** Absent: every one that the role may use. */
  readonly database?: string | undefined;
  readonly durationSeconds: number;
}

/** One of the two kinds of Redshift: the same thing, asked for and answered in other words. */
interface Dialect {
  readonly service: string;
  readonly action: string;
  /** Name of the service in hosts and signatures. */
  readonly endpoint: typeof CLUSTER | typeof SERVERLESS;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (wish: RedshiftWish, seconds: number) => string;
  /** Milliseconds since the epoch; undefined where the answer has another form. */
  readonly read: (
    answer: string,
  ) => { readonly user: unknown; readonly password: unknown; readonly end: number } | undefined;
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html */
export const cluster: Dialect = {
  service: 'Amazon Redshift',
  action: 'redshift:GetClusterCredentialsWithIAM',
  endpoint: CLUSTER,
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: ({ name, database }, seconds) =>
    new URLSearchParams({
      Action: 'GetClusterCredentialsWithIAM',
      Version: '2012-12-01',
      ClusterIdentifier: name,
      ...(database !== undefined && { DbName: database }),
      DurationSeconds: String(seconds),
    }).toString(),
  read(answer) {
    const leaves = leafTexts(answer);
    const field = (key: string): string | undefined =>
      leaves?.get(`GetClusterCredentialsWithIAMResponse/GetClusterCredentialsWithIAMResult/${key}`);
    return leaves && { user: field('DbUser'), password: field('DbPassword'), end: instant(field('Expiration')) };
  },
};

/** https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html */
export const serverless: Dialect = {
  service: 'Amazon Redshift Serverless',
  action: 'redshift-serverless:GetCredentials',
  endpoint: SERVERLESS,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'RedshiftServerless.GetCredentials' },
  body: ({ name, database }, seconds) =>
    JSON.stringify({ workgroupName: name, dbName: database, durationSeconds: seconds }),
  read(answer) {
    const fields = jsonObject(answer);
    const seconds = fields?.['expiration'];
    return (
      fields && {
        user: fields['dbUser'],
        password: fields['dbPassword'],
        // Times of JSON 1.1 are seconds since the epoch.
        end: typeof seconds === 'number' ? seconds * 1000 : Number.NaN,
      }
    );
  },
};

/**
 * Name and password of the database user that stands for the role, such as `IAMR:analyst`. Until a time of its choice, Redshift
 * may answer with the same password again.
 * @throws PassportError DP-AWS-REFUSED, DP-TOKEN-SERVICE-*
 */
export async function redshiftLogin(
  dialect: Dialect,
  wish: RedshiftWish,
  session: RoleSession,
  caller: AwsCaller,
): Promise<DatabaseLogin> {
  const { service, action, endpoint } = dialect;
  const host = redshiftHost(endpoint, wish.region);
  const body = dialect.body(wish, Math.min(wish.durationSeconds, LONGEST_SECONDS));
  const scope = { region: wish.region, service: endpoint, now: caller.ports.clock.now() + session.ahead };
  const headers = signedHeaders(
    { method: 'POST', query: {}, headers: { ...dialect.headers, host }, body },
    session,
    scope,
  );
  const answer = await callAws({ host, service, action, headers, body }, caller);
  return readLogin(dialect, answer, session, caller);
}

function readLogin(dialect: Dialect, { text }: ServiceAnswer, session: RoleSession, caller: AwsCaller): DatabaseLogin {
  const wrong = (problem: string): Error => unusableAnswer({ ...caller, service: dialect.service }, problem);
  const read = dialect.read(text);
  if (!read) throw wrong('it has another form');
  const { user, password, end } = read;
  if (typeof password !== 'string' || password === '') throw wrong('it has no password');
  if (typeof user !== 'string' || user === '' || /\p{Cc}/u.test(user)) throw wrong('it has no database user');
  if (!(Math.abs(end) < 8e15)) throw wrong('it does not say when it ends');
  return { user, password, endsAt: new Date(end - session.ahead) };
}
