import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Lab } from '../../lab/index.ts';

/** Stands in the files of other programs, and must never stand in ours. */
export const password = 'beans-before-dawn';

/** Files of dbt and of PostgreSQL that point at the lab, with a password in each and a line that means nothing. */
export async function writeOtherPrograms(home: string, { postgres, warehouse, idp }: Lab): Promise<void> {
  await mkdir(join(home, '.dbt'));
  await writeFile(
    join(home, '.dbt', 'profiles.yml'),
    `coffee:
  target: dev
  outputs:
    dev:
      type: snowflake
      account: coffee-lab_eu
      host: 127.0.0.1
      port: ${warehouse.port}
      protocol: http
      authenticator: oauth
      password: ${password}
      database: LAB
      threads: 4
`,
  );
  await writeFile(
    join(home, '.pg_service.conf'),
    `[roastery]
host=127.0.0.1
port=${postgres?.port}
dbname=lab
oauth_issuer=${idp.issuer}
oauth_scope=connect
this line means nothing
[reports]
host=127.0.0.1
port=${postgres?.port}
dbname=lab
user=reporter
password=${password}
`,
  );
}
