import { audiencesOf, habitsOf, issuerOf, keysOf, scopesOf, userClaimOf } from '../claims.ts';
import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, inComment, lines, placeholder } from '../text.ts';
import { BLOCKED, heading, mappingAttribute, objectName, personStatements, readingGrants, roleOf } from './people.ts';
import { literal } from './sql.ts';

const MANUAL = 'https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external';

/** Types of connection that Snowflake's own check of an access token opens. */
const TYPES: ReadonlySet<string> = new Set(['snowflake', 'mcp/snowflake', 'mcp/spcs']);
/** Sources whose token is an access token of somebody else than Snowflake. */
const SOURCES: ReadonlySet<string> = new Set(['accessToken', 'tokenExchange', 'command']);

/** Name of the integration that this guide makes. */
export const integrationOf = ({ provider, connection }: GuideFacts): string =>
  objectName('data_passport', provider?.title ?? connection.id);

/** A parameter, with what must be known of it above. */
function parameter(name: string, value: string, ...about: readonly string[]): readonly string[] {
  return [...comment('--', ...about).map((line) => `  ${line}`), `  ${name} = ${value}`];
}

function issuer(facts: GuideFacts): readonly string[] {
  const known = issuerOf(facts);
  const { otherIssuer } = habitsOf(facts);
  if (known !== undefined) return parameter('EXTERNAL_OAUTH_ISSUER', literal(known));
  const what = placeholder('issuer');
  return parameter(
    'EXTERNAL_OAUTH_ISSUER',
    literal(what),
    `${what}: exactly what the access tokens say in iss ("Data Passport: Show Token Claims").`,
    ...(otherIssuer === undefined ? [] : [otherIssuer]),
  );
}

function keys(facts: GuideFacts): readonly string[] {
  const known = keysOf(facts);
  if (known !== undefined) return parameter('EXTERNAL_OAUTH_JWS_KEYS_URL', literal(known));
  const what = placeholder('JWKS URL');
  return parameter(
    'EXTERNAL_OAUTH_JWS_KEYS_URL',
    literal(what),
    `${what}: jwks_uri in the metadata of the identity provider, ${where(issuerOf(facts))}.`,
  );
}

function where(issuer: string | undefined): string {
  return issuer === undefined
    ? '<issuer>/.well-known/openid-configuration'
    : `${inComment(issuer).replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function audiences(facts: GuideFacts): readonly string[] {
  const known = audiencesOf(facts);
  if (known.length > 0) return parameter('EXTERNAL_OAUTH_AUDIENCE_LIST', `(${known.map(literal).join(', ')})`);
  const what = placeholder('audience');
  return parameter(
    'EXTERNAL_OAUTH_AUDIENCE_LIST',
    `(${literal(what)})`,
    `${what}: what the access tokens say in aud. The connection asks for none (token.audience); without this list`,
    'Snowflake takes the address of the account alone.',
  );
}

function userClaim(facts: GuideFacts): readonly string[] {
  const known = userClaimOf(facts);
  const { userHint } = habitsOf(facts);
  const what = placeholder('user claim');
  return [
    ...parameter(
      'EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM',
      literal(known ?? what),
      ...(known === undefined ? [`${what}: the claim that names the user. ${userHint}`] : [userHint]),
    ),
    ...parameter('EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE', literal(mappingAttribute(facts))),
  ];
}

/** Only CUSTOM takes these two. */
function scopes(facts: GuideFacts): readonly string[] {
  const { snowflakeType } = habitsOf(facts);
  const known = scopesOf(facts);
  if (snowflakeType !== 'CUSTOM' || !known) return [];
  return [
    ...parameter('EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE', literal(known.claim)),
    ...(known.delimiter === undefined ? [] : parameter('EXTERNAL_OAUTH_SCOPE_DELIMITER', literal(known.delimiter))),
  ];
}

/** The last one. */
function anyRole(facts: GuideFacts): readonly string[] {
  if (!facts.token.scopes.includes('session:role-any'))
    return parameter(
      'EXTERNAL_OAUTH_ANY_ROLE_MODE',
      'DISABLE;',
      'The token names the role (scope session:role:<role>); no other can be taken.',
    );
  return parameter(
    'EXTERNAL_OAUTH_ANY_ROLE_MODE',
    'ENABLE;',
    'The token says session:role-any: a session may take any role that its user has. With ENABLE_FOR_PRIVILEGE only roles',
    `that were granted it: GRANT USE_ANY_ROLE ON INTEGRATION ${integrationOf(facts)} TO ROLE ${roleOf(facts).sql};`,
  );
}

function integration(facts: GuideFacts): readonly string[] {
  const { snowflakeType, opaque } = habitsOf(facts);
  const name = integrationOf(facts);
  return [
    '',
    ...comment(
      '--',
      `1. Snowflake takes access tokens of ${inComment(facts.provider?.title ?? 'the identity provider')}.`,
    ),
    ...(opaque === undefined ? [] : comment('--', `NOTE: ${opaque} This can not work with them as they are.`)),
    ...comment('--', 'There may be an integration for this issuer already; then alter that one instead:'),
    'SHOW SECURITY INTEGRATIONS;',
    `CREATE SECURITY INTEGRATION ${name}`,
    '  TYPE = EXTERNAL_OAUTH',
    '  ENABLED = TRUE',
    `  EXTERNAL_OAUTH_TYPE = ${snowflakeType}`,
    ...issuer(facts),
    ...keys(facts),
    ...audiences(facts),
    ...userClaim(facts),
    ...scopes(facts),
    ...anyRole(facts),
    '',
    ...comment(
      '--',
      `${BLOCKED} can not be used with a token unless`,
      'EXTERNAL_OAUTH_BLOCKED_ROLES_LIST says so. Leave them blocked: an agent needs none of them.',
    ),
  ];
}

/** https://docs.snowflake.com/en/sql-reference/functions/system_verify_ext_oauth_token */
function verify(): readonly string[] {
  return [
    '',
    ...comment(
      '--',
      '4. To check it, with an access token in place of <access token>. The statement stays in the query history, so take one',
      'that ends soon, and keep it in no file:',
      "SELECT SYSTEM$VERIFY_EXTERNAL_OAUTH_TOKEN('<access token>');",
      'Why a login failed, by the id in brackets of its message:',
      "SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('<id>');",
    ),
  ];
}

function network(): readonly string[] {
  return [
    '',
    ...comment(
      '--',
      '5. Network policies count for tokens too. Where one keeps a person out, let in their own address and no more:',
      "ALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = (<addresses that it has>, '<public address of the user>/32');",
    ),
  ];
}

/**
 * Snowflake takes the access tokens of the company's identity provider
 * (https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external).
 */
export const snowflakeExternalOauth: Guide = {
  id: 'snowflakeExternalOauth',
  label: 'Snowflake: External OAuth',
  about:
    'For the Snowflake administrator: take access tokens of the identity provider, match them with users, grant what they read.',
  language: 'sql',
  manual: MANUAL,
  applies: ({ connection, token, provider }) =>
    TYPES.has(connection.type) && SOURCES.has(token.source) && provider?.preset !== 'snowflake',
  text: (facts) =>
    lines(
      heading(facts, 'Snowflake takes access tokens of your identity provider (External OAuth)', [
        MANUAL,
        habitsOf(facts).source,
      ]),
      '',
      'USE ROLE ACCOUNTADMIN;',
      integration(facts),
      '',
      comment('--', '2. People'),
      personStatements(facts, 'token'),
      '',
      comment('--', '3. What they may read'),
      textIn(facts.connection.settings, 'server') === undefined
        ? readingGrants(facts)
        : comment('--', 'See the text "Snowflake: managed MCP server".'),
      verify(),
      network(),
    ),
};
