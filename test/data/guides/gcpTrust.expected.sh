# Data Passport: people come to Google Cloud with their sign-in (Workforce Identity Federation)
# For the connection "BigQuery" (sales).
# What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.
# Manual: https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/create
# Manual: https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/providers/create-oidc
#
# 1. The pool. <organization id>: gcloud organizations list.
gcloud iam workforce-pools create company \
  --location=global \
  --organization='<organization id>' \
  --display-name='Data Passport'

# 2. The identity provider. google.subject is how Google Cloud knows a person: with assertion.sub by the id at the identity
# provider; choose it once, since every grant to a single person names it. The other attributes are for conditions and logs.
# <issuer>, <audience>: what the tokens say in iss and aud; Google Cloud compares aud with the client id.
gcloud iam workforce-pools providers create-oidc okta \
  --location=global \
  --workforce-pool=company \
  --issuer-uri=https://example.okta.com/oauth2/default \
  --client-id=0oa1b2c3d4 \
  --attribute-mapping='google.subject=assertion.sub,google.display_name=assertion.preferred_username' \
  --web-sso-response-type=id-token \
  --web-sso-assertion-claims-behavior=only-id-token-claims

# 3. What the people of the pool may do: use the project for their requests, and run queries. What they may read is granted
# data set by data set. For fewer people name a group: principalSet://.../workforcePools/<pool>/group/<group>.
gcloud projects add-iam-policy-binding analytics-123 \
  --role=roles/serviceusage.serviceUsageConsumer \
  --member='principalSet://iam.googleapis.com/locations/global/workforcePools/company/*' \
  --condition=None
gcloud projects add-iam-policy-binding analytics-123 \
  --role=roles/bigquery.jobUser \
  --member='principalSet://iam.googleapis.com/locations/global/workforcePools/company/*' \
  --condition=None
