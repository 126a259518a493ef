import { awsTrust } from './aws.ts';
import { databricksFederation } from './databricks.ts';
import { gcpTrust } from './gcp.ts';
import type { Guide, GuideFacts } from './guide.ts';
import { postgresCloudSql } from './postgres/cloudSql.ts';
import { postgresEntra } from './postgres/entra.ts';
import { postgresOauth } from './postgres/oauth.ts';
import { postgresRds } from './postgres/rds.ts';
import { snowflakeExternalOauth } from './snowflake/externalOauth.ts';
import { snowflakeMcpServer } from './snowflake/mcpServer.ts';
import { snowflakeOauth } from './snowflake/oauth.ts';
import { snowflakeSpcs } from './snowflake/spcs.ts';

/** Texts for administrators, in the order that they are offered in. */
export const guides: readonly Guide[] = [
  snowflakeExternalOauth,
  snowflakeOauth,
  snowflakeMcpServer,
  snowflakeSpcs,
  postgresOauth,
  postgresEntra,
  postgresRds,
  postgresCloudSql,
  databricksFederation,
  awsTrust,
  gcpTrust,
];

/** Those that the other side of a connection needs. */
export function guidesFor(facts: GuideFacts): readonly Guide[] {
  return guides.filter((guide) => guide.applies(facts));
}
