# Data Passport: Databricks takes tokens of your identity provider (token federation)
# For the connection "Lakehouse" (sales), workspace dbc-a1b2c3d4-e5f6.cloud.databricks.com.
# What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
# Manual: https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-policy
# Fields: https://docs.databricks.com/api/account/accountfederationpolicy/create
#
# The Databricks CLI must be logged in to the account, not to a workspace:
# databricks auth login --host https://accounts.cloud.databricks.com --account-id <account id>
# (Azure: accounts.azuredatabricks.net, Google Cloud: accounts.gcp.databricks.com)
#
# <issuer>: exactly what the tokens say in iss.
# <audience>: what the tokens say in aud (the setting token.subjectAudience asks for it).
# <user claim> (subject_claim): the claim that is the user name in Databricks, an e-mail address mostly.
# The sub of an access token of Okta is the login of the user, usually an e-mail address.
# Databricks finds the keys through the metadata of the issuer (https://example.okta.com/oauth2/default/v1/keys).
# People must be users of the account (SCIM) with exactly that name.
databricks account federation-policy create --policy-id data-passport --json '{
  "description": "Data Passport: tokens of the identity provider, each for its own user",
  "oidc_policy": {
    "issuer": "https://example.okta.com/oauth2/default",
    "audiences": [
      "api://default"
    ],
    "subject_claim": "sub"
  }
}'

# To see what there is, and to take it back:
databricks account federation-policy list
# databricks account federation-policy delete data-passport
