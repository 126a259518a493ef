-- Data Passport: an endpoint of Snowpark Container Services
-- For the connection "Forecast" (sales).
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.snowflake.com/en/sql-reference/sql/grant-service-role
-- Endpoint: https://abc-myorg-myaccount.snowflakecomputing.app/mcp

-- 1. Which service it is: the one whose endpoint has the host name above (ingress_url).
-- <database>, <schema>, <service>: as SHOW SERVICES lists them. <service role>: one that has the endpoint, as
-- SHOW ROLES IN SERVICE lists them. <role>: the role of the people.
SHOW SERVICES IN ACCOUNT;
-- SHOW ENDPOINTS IN SERVICE <database>.<schema>.<service>;
-- SHOW ROLES IN SERVICE <database>.<schema>.<service>;

-- 2. Who may reach it
GRANT USAGE ON DATABASE <database> TO ROLE <role>;
GRANT USAGE ON SCHEMA <database>.<schema> TO ROLE <role>;
GRANT SERVICE ROLE <database>.<schema>.<service>!<service role> TO ROLE <role>;
-- <user>: the name of the user in Snowflake. Repeat this for each person.
GRANT ROLE <role> TO USER <user>;
-- A token that names no role reaches the endpoint with the DEFAULT_ROLE of its user:
ALTER USER <user> SET DEFAULT_ROLE = '<role>';

-- 3. The connection uses a programmatic access token: a person has to be covered by a network policy.
-- <public address of the user>: the one address that this person comes from. More persons: more addresses, one each.
-- Never a range that holds everybody: the token would be as good from anywhere.
-- Manual: https://docs.snowflake.com/en/user-guide/programmatic-access-tokens
CREATE NETWORK POLICY data_passport_people ALLOWED_IP_LIST = ('<public address of the user>/32');
ALTER USER <user> SET NETWORK_POLICY = data_passport_people;
-- The token itself each person makes in Snowsight (their profile, Programmatic access tokens), for the role above, and
-- enters with the command "Data Passport: Set Connection Secret". It goes to nobody else.
