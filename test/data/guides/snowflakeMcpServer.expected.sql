-- Data Passport: a managed MCP server
-- For the connection "Sales tools" (sales), account myorg-myaccount.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.snowflake.com/en/sql-reference/sql/create-mcp-server
-- Manual: https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-agents-mcp

-- 1. The server. The role that runs this needs CREATE MCP SERVER and USAGE on the schema.
-- A session that only reads is not enough by itself where a view or function writes: grant no more than is to be read.
CREATE MCP SERVER IF NOT EXISTS SALES.PUBLIC.SALES_MCP
  FROM SPECIFICATION $$
tools:
  - name: "query"
    type: "SYSTEM_EXECUTE_SQL"
    title: "Query"
    description: "Runs one SQL statement that reads, as the user who asks."
    config:
      read_only: true
      query_timeout: 60
$$;

-- 2. Who may use it. Each tool needs the rights on what it uses as well, such as SELECT on tables.
GRANT USAGE ON DATABASE SALES TO ROLE ANALYST;
GRANT USAGE ON SCHEMA SALES.PUBLIC TO ROLE ANALYST;
GRANT USAGE ON MCP SERVER SALES.PUBLIC.SALES_MCP TO ROLE ANALYST;
GRANT SELECT ON ALL TABLES IN SCHEMA SALES.PUBLIC TO ROLE ANALYST;

-- 3. People. Without DEFAULT_WAREHOUSE the session of the MCP server does not begin.
-- <user>: the name of the user in Snowflake. Repeat this for each person.
-- <warehouse>: the warehouse that runs their statements.
ALTER USER <user> SET DEFAULT_WAREHOUSE = '<warehouse>';
GRANT ROLE ANALYST TO USER <user>;

-- 4. Only where other clients are to find the identity provider by themselves: from then on the MCP servers of this schema
-- take OAuth tokens of this integration alone (programmatic access tokens and key pairs are not touched).
-- Manual: https://docs.snowflake.com/release-notes/2026/other/2026-07-22-mcp-external-oauth
-- ALTER SCHEMA SALES.PUBLIC SET OAUTH_AUTHORIZATION_SERVER = data_passport_keycloak;
