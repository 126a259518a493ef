import type { Drafting } from '../drafting.ts';
import {
  carried,
  each,
  type Entry,
  type KeyRules,
  left,
  LEFT_OUT,
  NO_SECRET,
  secret,
  type Values,
  valuesOf,
} from '../entry.ts';
import { postgresKeys, takePostgres } from './postgres.ts';

/** Keys of dbt for Redshift (https://docs.getdbt.com/docs/core/connect-data-platform/redshift-setup). */
export const redshiftKeys: KeyRules = {
  ...postgresKeys,
  role: carried('`role`'),
  method: carried('the token source: `database` a password, `iam` and `iam_role` a role of AWS'),
  cluster_id: carried('`token.database.cluster`'),
  region: carried('`token.region`; without it that in the host'),
  role_arn: carried('`token.role`; without it a connection with IAM is left out'),
  ...each('access_key_id', left('keys of AWS are not used: the role is taken in your name')),
  secret_access_key: secret(),
  ...each('iam_profile iam_duration_seconds db_groups autocreate', left('no other credentials of AWS are looked for')),
  ...each('ra3_node autocommit retries schema search_path', left('a setting of the session that has no counterpart')),
};

/** `<name>.<id>.<region>.redshift…`, and with an account in the place of the id for a workgroup. */
const HOST =
  /^([a-z0-9-]+)\.[a-z0-9]+\.([a-z]{2}(?:-[a-z]+)+-\d)\.(redshift(?:-serverless)?)\.amazonaws\.com(?:\.cn)?$/;

/** Takes one connection to Redshift: with a password of the database, or with the role that the file names. */
export function takeRedshift(entry: Entry, drafting: Drafting, id?: string): void {
  const method = textOf(entry, 'method') ?? 'database';
  const rest = without(entry, OF_IAM);
  const variant = { id, rules: redshiftKeys, usualPort: 5439 };
  if (method === 'database') return takePostgres(without(entry, ['method']), drafting, variant);
  const values = valuesOf(only(entry, OF_IAM), redshiftKeys, drafting);
  values.saySecrets(NO_SECRET);
  const token = tokenOf(values, entry, method);
  if (typeof token !== 'string') return takePostgres(rest, drafting, { ...variant, token, knowsHost: true });
  drafting.note(
    values.get('method')?.line ?? entry.line,
    entry.name,
    'notTaken',
    `the connection is not taken: ${token}`,
  );
  valuesOf(rest, redshiftKeys, drafting).saySecrets(LEFT_OUT);
}

const OF_IAM = ['method', 'cluster_id', 'region', 'role_arn', 'secret_access_key'];

/** The token source, or what is missing for it. */
function tokenOf(values: Values, entry: Entry, method: string): Readonly<Record<string, unknown>> | string {
  if (method !== 'iam' && method !== 'iam_role') return 'its method is none that Data Passport has a way for';
  const host = textOf(entry, 'host') ?? '';
  const [, name, ofHost, kind] = HOST.exec(host) ?? [];
  const region = values.get('region')?.text ?? ofHost;
  const cluster = values.get('cluster_id')?.text ?? name;
  const role = values.get('role_arn')?.text;
  if (role === undefined)
    return 'method iam needs the ARN of a role, which the file does not have. Add it to the file as role_arn, or the connection to the settings with token.source awsWebIdentity';
  if (region === undefined || cluster === undefined) return 'method iam needs a region and a cluster_id';
  const database =
    kind === 'redshift-serverless' ? { kind: 'redshiftServerless', workgroup: cluster } : { kind: 'redshift', cluster };
  return { source: 'awsWebIdentity', role, region, database };
}

function without(entry: Entry, keys: readonly string[]): Entry {
  return { ...entry, fields: new Map([...entry.fields].filter(([key]) => !keys.includes(key))) };
}

function only(entry: Entry, keys: readonly string[]): Entry {
  return { ...entry, fields: new Map([...entry.fields].filter(([key]) => keys.includes(key))) };
}

/** In lower case; undefined where it says nothing, and empty where it can not be read. */
function textOf(entry: Entry, key: string): string | undefined {
  const text = entry.fields.get(key)?.text();
  return typeof text === 'object' ? '' : text?.trim().toLowerCase();
}
