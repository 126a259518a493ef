-- Data Passport: people log in with IAM database authentication of Cloud SQL
-- For the connection "Orders" (sales), server 203.0.113.7.
-- What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
-- Manual: https://docs.cloud.google.com/sql/docs/postgres/add-manage-iam-users

-- 1. In a shell, not in SQL. <instance>, <project>: those of the server. <user>: the e-mail address of the person in
-- Google Cloud. The first command sets all flags of the instance: name those that it has as well.
-- gcloud sql instances patch <instance> --project=<project> --database-flags=cloudsql.iam_authentication=on
-- gcloud sql users create <user> --instance=<instance> --project=<project> --type=cloud_iam_user
-- gcloud projects add-iam-policy-binding <project> --member=user:<user> --role=roles/cloudsql.instanceUser

-- 2. What they may read, in the database of the connection
-- <user>: the database user of one person. The connection logs in as {email}, where a name in braces
-- stands for that claim of the token. Repeat this for each person.
GRANT CONNECT ON DATABASE "orders" TO "<user>";
-- <schema>: a schema with what people may read. Repeat these for each one.
GRANT USAGE ON SCHEMA "<schema>" TO "<user>";
GRANT SELECT ON ALL TABLES IN SCHEMA "<schema>" TO "<user>";
ALTER DEFAULT PRIVILEGES IN SCHEMA "<schema>" GRANT SELECT ON TABLES TO "<user>";
