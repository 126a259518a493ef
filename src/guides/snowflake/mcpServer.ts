import { type Guide, type GuideFacts } from '../guide.ts';
import { comment, lines } from '../text.ts';
import { integrationOf } from './externalOauth.ts';
import { heading, named, personStatements, roleComment, roleOf } from './people.ts';

const MANUAL = 'https://docs.snowflake.com/en/sql-reference/sql/create-mcp-server';
const OVERVIEW = 'https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-agents-mcp';
const BINDING = 'https://docs.snowflake.com/release-notes/2026/other/2026-07-22-mcp-external-oauth';

/** One tool to begin with. Nothing of the settings is in it: it stands between dollar signs, where nothing can be escaped. */
const SPECIFICATION = `  FROM SPECIFICATION $$
tools:
  - name: "query"
    type: "SYSTEM_EXECUTE_SQL"
    title: "Query"
    description: "Runs one SQL statement that reads, as the user who asks."
    config:
      read_only: true
      query_timeout: 60
$$;`;

function names({ connection: { settings } }: GuideFacts) {
  const database = named(settings, 'database');
  const schema = named(settings, 'schema');
  const server = named(settings, 'server');
  return {
    database: database.sql,
    schema: `${database.sql}.${schema.sql}`,
    server: `${database.sql}.${schema.sql}.${server.sql}`,
  };
}

/** Database, schema or account may name the one integration whose tokens their MCP servers take. */
function binding(facts: GuideFacts): readonly string[] {
  if (facts.provider?.preset === 'snowflake')
    return comment(
      '--',
      '4. People sign in at Snowflake itself, so OAUTH_AUTHORIZATION_SERVER must be set neither for the schema nor for the',
      'database or the account: it would refuse tokens of Snowflake. SHOW PARAMETERS says what is set:',
      `SHOW PARAMETERS LIKE 'OAUTH_AUTHORIZATION_SERVER' IN SCHEMA ${names(facts).schema};`,
    );
  return comment(
    '--',
    '4. Only where other clients are to find the identity provider by themselves: from then on the MCP servers of this schema',
    'take OAuth tokens of this integration alone (programmatic access tokens and key pairs are not touched).',
    `Manual: ${BINDING}`,
    `ALTER SCHEMA ${names(facts).schema} SET OAUTH_AUTHORIZATION_SERVER = ${integrationOf(facts)};`,
  );
}

/** A managed MCP server with one tool, and who may use it (https://docs.snowflake.com/en/sql-reference/sql/create-mcp-server). */
export const snowflakeMcpServer: Guide = {
  id: 'snowflakeMcpServer',
  label: 'Snowflake: managed MCP server',
  about: 'For whoever owns the schema: make the MCP server with a tool for SQL that reads, and let a role use it.',
  language: 'sql',
  manual: MANUAL,
  applies: ({ connection }) => connection.type === 'mcp/snowflake',
  text(facts) {
    const { database, schema, server } = names(facts);
    const { sql: role } = roleOf(facts);
    return lines(
      heading(facts, 'a managed MCP server', [MANUAL, OVERVIEW]),
      '',
      comment(
        '--',
        '1. The server. The role that runs this needs CREATE MCP SERVER and USAGE on the schema.',
        'A session that only reads is not enough by itself where a view or function writes: grant no more than is to be read.',
      ),
      `CREATE MCP SERVER IF NOT EXISTS ${server}`,
      SPECIFICATION,
      '',
      comment('--', '2. Who may use it. Each tool needs the rights on what it uses as well, such as SELECT on tables.'),
      roleComment(facts),
      `GRANT USAGE ON DATABASE ${database} TO ROLE ${role};`,
      `GRANT USAGE ON SCHEMA ${schema} TO ROLE ${role};`,
      `GRANT USAGE ON MCP SERVER ${server} TO ROLE ${role};`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ROLE ${role};`,
      '',
      comment('--', '3. People. Without DEFAULT_WAREHOUSE the session of the MCP server does not begin.'),
      personStatements(facts, 'none'),
      '',
      binding(facts),
    );
  },
};
