-- Data Passport: people log in with tokens of Microsoft Entra ID
-- For the connection "Orders" (sales), server orders.postgres.database.azure.com.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users

-- 1. Microsoft Entra authentication must be switched on for the server (Security > Authentication in the Azure portal),
-- and you log in as one of its Microsoft Entra administrators, to the database postgres.
-- Arguments: name of the user or group in Entra ID, whether it is an administrator, whether it must have used MFA.
-- <user>: the database user of one person. The connection logs in as {upn}, where a name in braces
-- stands for that claim of the token. Repeat this for each person.
SELECT * FROM pgaadauth_create_principal('<user>', false, false);

-- 2. What they may read, in the database of the connection
GRANT CONNECT ON DATABASE "orders" TO "<user>";
-- <schema>: a schema with what people may read. Repeat these for each one.
GRANT USAGE ON SCHEMA "<schema>" TO "<user>";
GRANT SELECT ON ALL TABLES IN SCHEMA "<schema>" TO "<user>";
ALTER DEFAULT PRIVILEGES IN SCHEMA "<schema>" GRANT SELECT ON TABLES TO "<user>";
