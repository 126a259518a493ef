import { readFileSync } from 'node:fs';

import type { KeyRule, KeyRules } from '../src/imports/entry.ts';
import { dbtPostgresKeys } from '../src/imports/formats/dbt.ts';
import { databricksKeys, databricksWays } from '../src/imports/systems/databricks.ts';
import { postgresKeys } from '../src/imports/systems/postgres.ts';
import { redshiftKeys } from '../src/imports/systems/redshift.ts';
import { snowflakeKeys, snowflakeWays } from '../src/imports/systems/snowflake.ts';
import { formatted } from './markdown.ts';
import { code, table } from './settingsTable.ts';

const intro = `# Importing connections

Connections can be taken from files that other programs have already, and from a file that somebody made for your team. You see everything in full before
anything is written: each entry as it will stand in your settings, the hosts that its credential goes to, and line by line what is not taken.

- **No secret is taken.** Passwords, tokens, keys and passphrases are not even read; where one is needed, _Data Passport: Set Connection Secret_ asks for it.
- **It runs as you.** Users, key pairs and service principals of a file are not carried over: you sign in yourself. The exceptions are a
  user of PostgreSQL with a password, and tokens that you made for yourself.
- **A line that can not be read** is named. In INI files the rest goes on; TOML, YAML and JSON are taken whole or not at all.
- Files of more than 1 MB (dbt: 250 KB) are not read.
- What is not in a table below is not known, and said so on its line.
`;

const snowflakeIntro = `## Snowflake: \`connections.toml\`, \`config.toml\`

Looked for in \`$SNOWFLAKE_HOME\` or \`~/.snowflake\`, then in the folder for settings of the system: \`~/.config/snowflake\` (\`$XDG_CONFIG_HOME\`), \`~/Library/Application Support/snowflake\`, \`%LOCALAPPDATA%\\snowflake\`. Where both files are there, the connections of \`connections.toml\`
count and those of \`config.toml\` do not. The connection that \`default_connection_name\` names comes first. An identity provider \`snowflake-<account>\` is added for each account where you sign in at Snowflake itself.`;

const dbtIntro = `## dbt: \`profiles.yml\`

Looked for in \`$DBT_PROFILES_DIR\` and \`~/.dbt\`. Every output is a connection \`<profile>-<output>\`; anchors and merge keys are followed. \`{{ env_var('NAME', 'default') }}\` is filled in, but never a variable that is a secret
by its name (with SECRET, PASS, PWD, TOKEN, PRIVATE, CREDENTIAL, API_KEY or ACCESS_KEY in it); any other Jinja is not. Outputs of the types \`snowflake\` and \`databricks\` are read with the tables of Snowflake and Databricks; \`postgres\`
with the table of PostgreSQL and these keys:`;

const redshiftIntro = `\`redshift\` with the table of PostgreSQL, port 5439, and these keys. A connection with IAM needs the ARN of a role; without it, it is left out.`;

const databricksIntro = `## Databricks: \`.databrickscfg\`

Looked for at \`$DATABRICKS_CONFIG_FILE\` or \`~/.databrickscfg\`. A profile of a workspace becomes its managed MCP server for SQL, and an identity provider \`databricks-<workspace>\` that signs you in there. \`[DEFAULT]\` is a profile like the others:
as in the tools of today, nothing is inherited from it.`;

const serviceIntro = `## PostgreSQL: \`pg_service.conf\`

Looked for at \`$PGSERVICEFILE\` or \`~/.pg_service.conf\` (\`%APPDATA%\\postgresql\\.pg_service.conf\`), and in \`$PGSYSCONFDIR\`; a service of your own file hides one of the same name there. Of hosts of Amazon RDS, Redshift, Azure and Cloud SQL the import says
which token they take in place of a password.`;

const team = `## A team's file: \`data-passport.json\`

JSON, comments allowed, in exactly the form of the settings. You name the file.

| Key | What becomes of it |
| --- | --- |
| \`identityProviders\` | \`dataPassport.identityProviders\`; one that you have already is not doubled, one whose id is used for something else gets another id |
| \`connections\` | \`dataPassport.connections\`; who signs you in is asked where the file does not have them |
| \`agents\` of a connection | left out: you decide yourself |
| anything that is a secret by its name | left out: its author is to take it out of the file |
| \`include\`, \`extends\`, \`imports\`, \`files\` | left out: further files are not supported |

Example:

\`\`\`json
`;

/** docs/import.md, from the tables that the import itself goes by. */
export function importDocs(): Promise<string> {
  const example = new URL('../test/data/imports/team/01-whole.json', import.meta.url);
  const parts = [
    intro.trimEnd(),
    snowflakeIntro,
    keyTable(snowflakeKeys),
    ways('authenticator', snowflakeWays, ({ signIn, change }) => change ?? (signIn === 'none' ? STORED : OWN)),
    dbtIntro,
    keyTable(beyond(dbtPostgresKeys)),
    redshiftIntro,
    keyTable(beyond(redshiftKeys)),
    databricksIntro,
    keyTable(databricksKeys),
    ways('auth_type', databricksWays, ({ signIn, change }) => change ?? (signIn ? OWN : STORED)),
    serviceIntro,
    keyTable(postgresKeys),
    `${team}${readFileSync(example, 'utf8')}\`\`\``,
    '',
  ];
  return formatted(parts.join('\n\n'));
}

const OWN = 'your own sign-in in the browser';
const STORED = 'a personal access token, which you enter once';

/** A row for the keys that share a fate. */
function keyTable(rules: KeyRules): string {
  const rows = new Map<string, string[]>();
  for (const [key, rule] of Object.entries(rules))
    rows.set(fateOf(rule), [...(rows.get(fateOf(rule)) ?? []), code(key)]);
  return table(
    ['Key', 'What becomes of it'],
    Array.from(rows, ([fate, keys]) => [keys.join(', '), fate]),
  );
}

function fateOf({ fate, about }: KeyRule): string {
  return { carried: about, secret: 'never taken: a secret', left: `left out: ${about}` }[fate];
}

function beyond(rules: KeyRules): KeyRules {
  return Object.fromEntries(Object.entries(rules).filter(([key, rule]) => postgresKeys[key] !== rule));
}

function ways<Way>(key: string, known: Readonly<Record<string, Way>>, about: (way: Way) => string): string {
  return table(
    [code(key), 'What becomes of it'],
    Object.entries(known).map(([name, way]) => [code(name), shortened(name, about(way))]),
  );
}

/** The sentence without the value in front, which has a column of its own. */
function shortened(name: string, sentence: string): string {
  return sentence
    .replace(new RegExp(`^${name}(?: \\([^)]*\\))? (?:is not taken: |becomes )?`), '')
    .replace(/^is not taken: /, '');
}
