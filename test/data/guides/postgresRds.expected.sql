-- Data Passport: people log in with IAM database authentication
-- For the connection "Orders" (sales), server orders.abc123.eu-central-1.rds.amazonaws.com.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html#UsingWithRDS.IAMDBAuth.DBAccounts.PostgreSQL

-- 1. IAM database authentication must be on for the instance or cluster:
-- aws rds modify-db-instance --db-instance-identifier <instance> --enable-iam-database-authentication --apply-immediately
-- The role that people take needs rds-db:connect for these users: see the text "AWS: identity provider, role and rights".
-- Whoever has rds_iam logs in with IAM and no longer with a password.
-- <user>: the database user of one person. The connection logs in as {email}, where a name in braces
-- stands for that claim of the token. Repeat this for each person.
CREATE USER "<user>";
GRANT rds_iam TO "<user>";

-- 2. What they may read, in the database of the connection
GRANT CONNECT ON DATABASE "orders" TO "<user>";
-- <schema>: a schema with what people may read. Repeat these for each one.
GRANT USAGE ON SCHEMA "<schema>" TO "<user>";
GRANT SELECT ON ALL TABLES IN SCHEMA "<schema>" TO "<user>";
ALTER DEFAULT PRIVILEGES IN SCHEMA "<schema>" GRANT SELECT ON TABLES TO "<user>";
