import { fenced } from './fence.ts';
import type { ImportFormat } from './format.ts';
import { databricksProfiles } from './formats/databricks.ts';
import { dbtProfiles } from './formats/dbt.ts';
import { pgService } from './formats/pgService.ts';
import { snowflakeToml } from './formats/snowflake.ts';
import { teamFile } from './formats/team.ts';

/** Every kind of file that connections can be taken from. */
export const importFormats: readonly ImportFormat[] = [
  snowflakeToml,
  dbtProfiles,
  databricksProfiles,
  pgService,
  teamFile,
].map(fenced);
