import type { Guide, GuideFacts, ProviderFacts } from '../guide.ts';
import { comment, inComment, lines, placeholder } from '../text.ts';
import { BLOCKED, heading, personStatements, readingGrants } from './people.ts';
import { literal } from './sql.ts';

const CUSTOM_MANUAL = 'https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-snowflake';
const LOCAL_MANUAL = 'https://docs.snowflake.com/en/user-guide/oauth-local-applications';

/** Client id of the integration that every account has. */
const LOCAL_CLIENT = 'LOCAL_APPLICATION';
const INTEGRATION = 'DATA_PASSPORT';

/** https://docs.snowflake.com/en/user-guide/oauth-local-applications */
function localApplication(): readonly string[] {
  return [
    '',
    ...comment(
      '--',
      '1. The sign-in uses the integration SNOWFLAKE$LOCAL_APPLICATION, which Snowflake brings: nothing has to be made.',
      'It must be listed and enabled; where it is not listed, the account does not have it yet.',
    ),
    "SHOW SECURITY INTEGRATIONS LIKE 'SNOWFLAKE$LOCAL_APPLICATION';",
    'DESCRIBE SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION;',
    ...comment(
      '--',
      'Only where it was switched off. Without refresh tokens everybody signs in again every ten minutes:',
    ),
    'ALTER SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION SET ENABLED = TRUE OAUTH_ISSUE_REFRESH_TOKENS = TRUE;',
  ];
}

function redirects({ redirectUris }: ProviderFacts): readonly string[] {
  const [first, ...others] = redirectUris;
  const what = placeholder('redirect URI');
  return [
    ...(first === undefined
      ? comment('--', `${what}: http://127.0.0.1:<port>/callback, with the port of the setting redirectPorts.`).map(
          indented,
        )
      : []),
    `  OAUTH_REDIRECT_URI = ${literal(first ?? what)}`,
    ...(others.length > 0 ? [`  OAUTH_ALTERNATE_REDIRECT_URIS = (${others.map(literal).join(', ')})`] : []),
  ];
}

const indented = (line: string): string => `  ${line}`;

/** https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-snowflake */
function customIntegration(provider: ProviderFacts): readonly string[] {
  const isLocalHttp = provider.redirectUris.every((uri) => uri.startsWith('http://'));
  return [
    '',
    ...comment('--', '1. The client that people sign in with'),
    `CREATE SECURITY INTEGRATION ${INTEGRATION}`,
    '  TYPE = OAUTH',
    '  ENABLED = TRUE',
    '  OAUTH_CLIENT = CUSTOM',
    `  OAUTH_CLIENT_TYPE = ${literal(provider.publicClient ? 'PUBLIC' : 'CONFIDENTIAL')}`,
    ...redirects(provider),
    ...(isLocalHttp
      ? [
          ...comment('--', 'The browser comes back to 127.0.0.1, where there is no TLS.').map(indented),
          '  OAUTH_ALLOW_NON_TLS_REDIRECT_URI = TRUE',
        ]
      : []),
    '  OAUTH_ENFORCE_PKCE = TRUE',
    '  OAUTH_ISSUE_REFRESH_TOKENS = TRUE',
    ...comment('--', 'Seconds until people sign in again: 90 days, the longest that is possible.').map(indented),
    '  OAUTH_REFRESH_TOKEN_VALIDITY = 7776000;',
    '',
    ...comment(
      '--',
      `The client id goes into the setting clientId of the identity provider ("${inComment(provider.title)}").`,
      provider.publicClient
        ? 'The secrets are not needed: the client is public.'
        : 'Each person enters the secret once with the command "Data Passport: Set Client Secret".',
    ),
    `SELECT SYSTEM$SHOW_OAUTH_CLIENT_SECRETS('${INTEGRATION}');`,
  ];
}

function refusals({ provider }: GuideFacts): readonly string[] {
  return [
    '',
    ...comment(
      '--',
      `4. ${BLOCKED} can not be used with such a token.`,
      'The answer invalid_client also comes from a network policy that keeps the person out: then let in their own address,',
      "ALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = (<addresses that it has>, '<public address of the user>/32');",
      ...(provider?.clientId === LOCAL_CLIENT ? ['For local applications the policy of the user comes first.'] : []),
    ),
  ];
}

/** Snowflake as the identity provider: a client of its own, or the one that every account has. */
export const snowflakeOauth: Guide = {
  id: 'snowflakeOauth',
  label: 'Snowflake: Snowflake OAuth',
  about:
    'For the Snowflake administrator: the client that people sign in with at Snowflake itself, and what they may read.',
  language: 'sql',
  manual: CUSTOM_MANUAL,
  applies: ({ provider }) => provider?.preset === 'snowflake',
  text(facts) {
    const { provider } = facts;
    const isLocal = provider?.clientId === LOCAL_CLIENT;
    return lines(
      heading(facts, 'people sign in at Snowflake itself (Snowflake OAuth)', [isLocal ? LOCAL_MANUAL : CUSTOM_MANUAL]),
      '',
      isLocal ? 'USE ROLE SECURITYADMIN;' : 'USE ROLE ACCOUNTADMIN;',
      isLocal || !provider ? localApplication() : customIntegration(provider),
      '',
      comment('--', '2. People'),
      personStatements(facts, 'none'),
      '',
      comment('--', '3. What they may read'),
      readingGrants(facts),
      refusals(facts),
    );
  },
};
