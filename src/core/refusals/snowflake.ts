import type { KnownRefusal } from './refusal.ts';

/** A login, over the driver or in front of an MCP server. */
export const LOGIN = ['DP-DATABASE-REFUSED', 'DP-MCP-REFUSED', 'DP-MCP-DATABASE', 'DP-MCP-FORBIDDEN'] as const;
const ROLE = ['DP-DATABASE-ROLE', 'DP-MCP-REFUSED'] as const;

const verify = {
  language: 'sql',
  text: "SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('{uuid}');\nDESC SECURITY INTEGRATION <integration>;",
} as const;

/**
 * Codes: https://docs.snowflake.com/en/user-guide/oauth-ext-overview (errors of External OAuth),
 * https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting,
 * https://docs.snowflake.com/en/user-guide/programmatic-access-tokens, and gs_errors.js of snowflake-sdk.
 */
export const snowflakeRefusals = [
  {
    system: 'Snowflake',
    sign: '390303',
    codes: LOGIN,
    says: /390303|Invalid OAuth access token\.(?: \[(?<uuid>[0-9a-f-]{36})\])?/i,
    who: 'system',
    cause:
      'Snowflake got the token and does not trust it: no integration has its issuer ({tokenIssuer}) and audience ({tokenAudience}), or its signature or user claim is another one.',
    fix: 'Compare EXTERNAL_OAUTH_ISSUER and EXTERNAL_OAUTH_AUDIENCE_LIST of the integration with the issuer and audience of the token. The first statement names the reason (it needs the privilege MONITOR); the reasons are in the table of known refusals.',
    type: [verify],
  },
  {
    system: 'Snowflake',
    sign: '390318',
    codes: LOGIN,
    says: /390318|OAuth access token expired/i,
    who: 'identityProvider',
    cause:
      'Snowflake says that the token had ended, though a fresh one was tried: the clock of the identity provider is behind, or its access tokens live too short.',
    fix: 'Run "Data Passport: Refresh Token Now" once. If it stays, check the clock of the identity provider and the life of its access tokens.',
    remedy: 'refreshToken',
  },
  {
    system: 'Snowflake',
    sign: '390304',
    codes: LOGIN,
    says: /390304|user associated with the OAuth access token does not exist/i,
    who: 'system',
    cause: 'The token is good, but no Snowflake user belongs to it, or the user is disabled.',
    fix: 'Create the user, or give an existing one the name that the token has in the claim of EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM.',
    type: [{ language: 'sql', text: "ALTER USER <user> SET LOGIN_NAME = '{tokenUser}', DISABLED = FALSE;" }],
  },
  {
    system: 'Snowflake',
    sign: '390100',
    codes: LOGIN,
    says: /390100|Incorrect username or password was specified/i,
    who: 'system',
    cause:
      'The token is good, but no Snowflake user is mapped to it. Snowflake says this of a password although none was sent.',
    fix: 'Set LOGIN_NAME (or EMAIL, as the integration maps it) of the user to the name in the token.',
    type: [{ language: 'sql', text: "ALTER USER <user> SET LOGIN_NAME = '{tokenUser}';" }],
  },
  {
    system: 'Snowflake',
    sign: '390309',
    codes: LOGIN,
    says: /390309|differs from the user tied to the access token/i,
    who: 'user',
    cause: 'The login asked for another user than the one in the token.',
    fix: 'Sign in as the account that the connection is for.',
    remedy: 'signIn',
  },
  {
    system: 'Snowflake',
    sign: '390144',
    codes: LOGIN,
    says: /390144|JWT token is invalid/i,
    who: 'user',
    cause: 'Snowflake does not know the public key of the user, or account and user in the token are other ones.',
    fix: 'Compare account and user in the token settings, and have the public key set.',
    type: [{ language: 'sql', text: "ALTER USER <user> SET RSA_PUBLIC_KEY = '<public key>';" }],
  },
  keyPair(
    '394300',
    'The user in the issuer of the JWT is not known.',
    'Correct user and account in the token settings.',
  ),
  keyPair('394301', 'The JWT has no times.', 'Make a new key pair connection: this one can not be read.'),
  keyPair(
    '394302',
    'The JWT reached Snowflake more than 60 seconds after it was made: the clock of this machine is behind.',
    'Set the clock of this machine, then try again.',
  ),
  keyPair('394303', 'The JWT had ended: the clock of this machine is wrong.', 'Set the clock of this machine.'),
  keyPair(
    '394304',
    'The public key that Snowflake has for the user belongs to another private key.',
    'Use the private key that belongs to it, or have the public key replaced.',
  ),
  keyPair(
    '394305',
    'The key is of an algorithm that Snowflake does not take.',
    'Make an RSA key of 2048 bits or more.',
  ),
  keyPair('394306', 'The signature of the JWT is wrong.', 'Use the private key that belongs to the public key.'),
  keyPair(
    '394307',
    'The JWT names another account.',
    'Correct the account in the token settings: the locator without a region.',
  ),
  {
    system: 'Snowflake',
    sign: '390195',
    codes: LOGIN,
    says: /390195|ID token (?:is )?invalid/i,
    who: 'user',
    cause: 'The ID token of the login has ended or was withdrawn.',
    fix: 'Run the command "Data Passport: Sign In" and log in again.',
    remedy: 'signIn',
  },
  {
    system: 'Snowflake',
    sign: '390432',
    codes: LOGIN,
    says: /390432|Network policy is required/i,
    who: 'system',
    cause: 'A programmatic access token is taken only where a network policy covers its user.',
    fix: 'Create a policy for the addresses that the user comes from, and no wider, and give it to the user.',
    type: [
      {
        language: 'sql',
        text: "CREATE NETWORK POLICY <policy> ALLOWED_IP_LIST = ('<public address>/32');\nALTER USER <user> SET NETWORK_POLICY = <policy>;",
      },
    ],
  },
  {
    system: 'Snowflake',
    sign: '390422',
    codes: [...LOGIN, 'DP-MCP-INGRESS'],
    says: /390422|Incoming request with IP\/Token (?<address>[0-9a-f.:]{3,45}) is not allowed|IP(?: address)? [0-9a-f.:]+ is not allowed/i,
    who: 'system',
    cause:
      'A network policy of the account or the user does not let the address {address} in. The token was not looked at.',
    fix: 'Connect to the VPN of your company, if its addresses are allowed. Otherwise ask for your address to be added, and no wider.',
    type: [
      {
        language: 'sql',
        text: "SHOW NETWORK POLICIES;\nALTER NETWORK POLICY <policy> SET ALLOWED_IP_LIST = (<addresses so far>, '{address}/32');",
      },
    ],
  },
  {
    system: 'Snowflake',
    sign: '394400',
    codes: LOGIN,
    says: /394400|Programmatic access token is invalid/i,
    who: 'user',
    cause: 'The programmatic access token is not one of this user, has ended, or was revoked.',
    fix: 'Make a new one in Snowsight (your profile, Programmatic access tokens) and run "Data Passport: Set Connection Secret".',
    remedy: 'setConnectionSecret',
  },
  {
    system: 'Snowflake',
    sign: '390104, 390111, 390112, 390114',
    codes: [...LOGIN, 'DP-DATABASE-UNREACHABLE', 'DP-DATABASE-LOST'],
    says: /39010(?:4)|39011[124]|session had ended|Session no longer exists|Your session has expired|Session token is not valid/i,
    who: 'nobody',
    cause: 'The session at Snowflake had ended, as it does after hours without use. The next call opens another one.',
    fix: 'Try again.',
  },
  {
    system: 'Snowflake',
    sign: '390317',
    codes: ROLE,
    says: /390317|is not listed in the Access Token or was filtered/i,
    where: { type: /snowflake/ },
    who: 'identityProvider',
    cause:
      'The token does not allow the role {role}: it has neither session:role:{role} nor session:role-any among its scopes, or the integration blocks the role.',
    fix: 'Add the scope session:role:{role} to the authorization server and allow it for the client {clientId}. Administrative roles stay blocked by default. For session:role-any the Snowflake administrator must set EXTERNAL_OAUTH_ANY_ROLE_MODE.',
    type: [
      { language: 'sql', text: 'ALTER SECURITY INTEGRATION <integration> SET EXTERNAL_OAUTH_ANY_ROLE_MODE = ENABLE;' },
    ],
  },
  {
    system: 'Snowflake',
    sign: '390186',
    codes: ROLE,
    says: /390186|is not granted to this user|is not assigned to the executing user/i,
    where: { type: /snowflake/ },
    who: 'system',
    cause: 'The role {role} exists and was not granted to the user.',
    fix: 'Set a role in the settings that the user has, or have this one granted.',
    type: [{ language: 'sql', text: 'GRANT ROLE {role} TO USER <user>;' }],
  },
  {
    system: 'Snowflake',
    sign: '390189',
    codes: ['DP-DATABASE-ROLE'],
    says: /390189|does not exist or not authorized/i,
    where: { type: /snowflake/ },
    who: 'user',
    cause: 'There is no role {role} that the user may know of.',
    fix: 'Correct dataPassport.connections.{connection}.role. If the name is right, ask the administrator of Snowflake to grant it.',
    type: [{ language: 'sql', text: 'GRANT ROLE {role} TO USER <user>;' }],
    remedy: 'openSettings',
  },
  {
    system: 'Snowflake',
    sign: '000606 No active warehouse, DEFAULT_WAREHOUSE',
    codes: ['DP-SETTING-INVALID', 'DP-MCP-ANSWER'],
    says: /no warehouse|DEFAULT_WAREHOUSE|000606/i,
    where: { type: /snowflake/ },
    who: 'user',
    cause:
      'No warehouse runs for the session: the settings name none that the role may use, and the user has no DEFAULT_WAREHOUSE.',
    fix: 'Set "warehouse" of the connection, where its type has that setting, to one that the role may use; or have a default set for the user.',
    type: [
      {
        language: 'sql',
        text: 'ALTER USER <user> SET DEFAULT_WAREHOUSE = <warehouse>;\nGRANT USAGE ON WAREHOUSE <warehouse> TO ROLE {role};',
      },
    ],
    remedy: 'openSettings',
  },
  {
    system: 'Snowflake',
    sign: '391902',
    codes: ['DP-INTERNAL', 'DP-MCP-STATUS', 'DP-MCP-ANSWER'],
    says: /391902|Unsupported Accept header/i,
    who: 'network',
    cause:
      'Something on the way changed or removed the Accept header of the request, which Data Passport always sends.',
    fix: 'Ask whoever runs the proxy to pass the header Accept on as it is.',
  },
  {
    system: 'Snowflake',
    sign: 'host name with an underscore',
    codes: ['DP-DATABASE-CERTIFICATE', 'DP-DATABASE-UNREACHABLE', 'DP-MCP-CERTIFICATE', 'DP-MCP-UNREACHABLE'],
    where: { type: /snowflake/, host: /^[^/]*_[^/]*\.snowflakecomputing\./i, reason: /ENOTFOUND|CERT|TLS/ },
    who: 'user',
    cause: 'A host name can not hold an underscore. Snowflake writes a hyphen in its place, in the host alone.',
    fix: 'Remove "host" from the connection: it is made from "account". Or write it with hyphens.',
    type: [{ language: 'json', text: '"dataPassport.connections": { "{connection}": { "host": "{hyphenHost}" } }' }],
    remedy: 'openSettings',
  },
  {
    system: 'Snowflake',
    sign: 'private link',
    codes: ['DP-DATABASE-UNREACHABLE', 'DP-MCP-UNREACHABLE'],
    where: { host: /\.privatelink\.snowflakecomputing\./i, reason: /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|no answer/ },
    who: 'network',
    cause: 'The address of a private link is known and reached inside the network of the company alone.',
    fix: 'Connect to the VPN of your company. If it is up, ask whoever runs the network to resolve {host} there.',
    type: [{ language: 'shell', text: 'nslookup {hostName}' }],
  },
  {
    system: 'Snowflake',
    sign: 'unknown account',
    codes: ['DP-DATABASE-UNREACHABLE', 'DP-MCP-UNREACHABLE'],
    says: /^HTTP status 40[34]/,
    where: { type: /snowflake/ },
    who: 'user',
    cause: 'The address answers and knows no account of this name.',
    fix: 'Correct dataPassport.connections.{connection}.account: the organization and the account with a hyphen between them, as Snowsight shows it under "View account details".',
    remedy: 'openSettings',
  },
] as const satisfies readonly KnownRefusal[];

/** A JWT that the user's own key signed. */
function keyPair(code: string, cause: string, fix: string) {
  return { system: 'Snowflake', sign: code, codes: LOGIN, says: new RegExp(code), who: 'user', cause, fix } as const;
}
