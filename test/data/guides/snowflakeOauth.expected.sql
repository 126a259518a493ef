-- Data Passport: people sign in at Snowflake itself (Snowflake OAuth)
-- For the connection "Sales" (sales), account myorg-myaccount.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-snowflake

USE ROLE ACCOUNTADMIN;

-- 1. The client that people sign in with
CREATE SECURITY INTEGRATION DATA_PASSPORT
  TYPE = OAUTH
  ENABLED = TRUE
  OAUTH_CLIENT = CUSTOM
  OAUTH_CLIENT_TYPE = 'PUBLIC'
  OAUTH_REDIRECT_URI = 'http://127.0.0.1:14820/callback'
  -- The browser comes back to 127.0.0.1, where there is no TLS.
  OAUTH_ALLOW_NON_TLS_REDIRECT_URI = TRUE
  OAUTH_ENFORCE_PKCE = TRUE
  OAUTH_ISSUE_REFRESH_TOKENS = TRUE
  -- Seconds until people sign in again: 90 days, the longest that is possible.
  OAUTH_REFRESH_TOKEN_VALIDITY = 7776000;

-- The client id goes into the setting clientId of the identity provider ("Snowflake").
-- The secrets are not needed: the client is public.
SELECT SYSTEM$SHOW_OAUTH_CLIENT_SECRETS('DATA_PASSPORT');

-- 2. People
-- <user>: the name of the user in Snowflake. Repeat this for each person.
ALTER USER <user> SET DEFAULT_WAREHOUSE = 'REPORTING';
GRANT ROLE ANALYST TO USER <user>;

-- 3. What they may read
GRANT USAGE ON WAREHOUSE REPORTING TO ROLE ANALYST;
GRANT USAGE ON DATABASE SALES TO ROLE ANALYST;
GRANT USAGE ON SCHEMA SALES.PUBLIC TO ROLE ANALYST;
GRANT SELECT ON ALL TABLES IN SCHEMA SALES.PUBLIC TO ROLE ANALYST;
GRANT SELECT ON ALL VIEWS IN SCHEMA SALES.PUBLIC TO ROLE ANALYST;
GRANT SELECT ON FUTURE TABLES IN SCHEMA SALES.PUBLIC TO ROLE ANALYST;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA SALES.PUBLIC TO ROLE ANALYST;

-- 4. ACCOUNTADMIN, ORGADMIN, GLOBALORGADMIN and SECURITYADMIN can not be used with such a token.
-- The answer invalid_client also comes from a network policy that keeps the person out: then let in their own address,
-- ALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = (<addresses that it has>, '<public address of the user>/32');
