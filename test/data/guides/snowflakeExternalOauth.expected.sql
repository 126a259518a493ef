-- Data Passport: Snowflake takes access tokens of your identity provider (External OAuth)
-- For the connection "Sales" (sales), account myorg-myaccount.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external
-- Manual: https://docs.snowflake.com/en/user-guide/oauth-okta

USE ROLE ACCOUNTADMIN;

-- 1. Snowflake takes access tokens of Example Okta.
-- There may be an integration for this issuer already; then alter that one instead:
SHOW SECURITY INTEGRATIONS;
CREATE SECURITY INTEGRATION data_passport_example_okta
  TYPE = EXTERNAL_OAUTH
  ENABLED = TRUE
  EXTERNAL_OAUTH_TYPE = OKTA
  EXTERNAL_OAUTH_ISSUER = 'https://example.okta.com/oauth2/default'
  EXTERNAL_OAUTH_JWS_KEYS_URL = 'https://example.okta.com/oauth2/default/v1/keys'
  EXTERNAL_OAUTH_AUDIENCE_LIST = ('https://myorg-myaccount.snowflakecomputing.com')
  -- The sub of an access token of Okta is the login of the user, usually an e-mail address.
  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'sub'
  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'LOGIN_NAME'
  -- The token names the role (scope session:role:<role>); no other can be taken.
  EXTERNAL_OAUTH_ANY_ROLE_MODE = DISABLE;

-- ACCOUNTADMIN, ORGADMIN, GLOBALORGADMIN and SECURITYADMIN can not be used with a token unless
-- EXTERNAL_OAUTH_BLOCKED_ROLES_LIST says so. Leave them blocked: an agent needs none of them.

-- 2. People
-- <user>: the name of the user in Snowflake. Repeat this for each person.
-- <value of sub>: what the token of this person says there.
ALTER USER <user> SET LOGIN_NAME = '<value of sub>';
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

-- 4. To check it, with an access token in place of <access token>. The statement stays in the query history, so take one
-- that ends soon, and keep it in no file:
-- SELECT SYSTEM$VERIFY_EXTERNAL_OAUTH_TOKEN('<access token>');
-- Why a login failed, by the id in brackets of its message:
-- SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('<id>');

-- 5. Network policies count for tokens too. Where one keeps a person out, let in their own address and no more:
-- ALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = (<addresses that it has>, '<public address of the user>/32');
