# Data Passport: people take a role of AWS with their sign-in (AssumeRoleWithWebIdentity)
# For the connection "Orders" (sales), AWS account 123456789012.
# What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
# Manual: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
# Manual: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
#
# 1. IAM trusts the identity provider: once for an account. Where it is there already, add the client id instead:
# aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn <provider ARN> --client-id <client id>
# <issuer>, <audience>: what the tokens say in iss and aud.
aws iam create-open-id-connect-provider --url https://example.okta.com/oauth2/default --client-id-list 0oa1b2c3d4

# 2. Everybody who has a token of this identity provider for this client may take the role. To let in fewer people, compare
# example.okta.com/oauth2/default:sub as well. Where the role is there already: aws iam update-assume-role-policy.
aws iam create-role --role-name Analyst --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/example.okta.com/oauth2/default"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "example.okta.com/oauth2/default:aud": "0oa1b2c3d4"
        }
      }
    }
  ]
}'

# 3. What the role may do: log in to the database
# Manual: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
# <DbiResourceId>: db-... of the instance or cluster-... of the cluster, not its name (aws rds describe-db-instances).
# <user>: each person has a database user of their own ({email}), one line each and never *. Whoever has the
# role may log in as every user that is named here.
aws iam put-role-policy --role-name Analyst --policy-name DataPassport --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "rds-db:connect",
      "Resource": [
        "arn:aws:rds-db:eu-central-1:123456789012:dbuser:<DbiResourceId>/<user>"
      ]
    }
  ]
}'
