import type { KnownRefusal } from './refusal.ts';
import { LOGIN } from './snowflake.ts';

/**
 * Why External OAuth failed, in the words of SYSTEM$GET_LOGIN_FAILURE_DETAILS and SYSTEM$VERIFY_EXTERNAL_OAUTH_TOKEN
 * (https://docs.snowflake.com/en/user-guide/oauth-ext-overview).
 */
export const snowflakeReasons = [
  reason('EXTERNAL_OAUTH_INVALID_SIGNATURE', {
    who: 'system',
    cause: 'The signature of the token does not fit the keys that the security integration knows.',
    fix: "Point the integration at the provider's keys: the address is jwks_uri in the provider's metadata.",
    type: [
      {
        language: 'sql',
        text: "ALTER SECURITY INTEGRATION <integration> SET EXTERNAL_OAUTH_JWS_KEYS_URL = '<jwks_uri>';",
      },
    ],
  }),
  reason('EXTERNAL_OAUTH_(?:ACCESS_TOKEN_ISSUER_NOT_FOUND|MISSING_ISSUER)', {
    sign: 'EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND',
    who: 'system',
    cause: 'No security integration of the account trusts the issuer of the token, {tokenIssuer}.',
    fix: 'Compare the issuer character by character, final slash included, and set it as the token has it. Microsoft Entra ID has two (sts.windows.net for version 1.0, login.microsoftonline.com for 2.0).',
    type: [
      {
        language: 'sql',
        text: "ALTER SECURITY INTEGRATION <integration> SET EXTERNAL_OAUTH_ISSUER = '{tokenIssuer}';",
      },
    ],
  }),
  reason('EXTERNAL_OAUTH_(?:AUDIENCE_VALIDATION_FAILED|MISSING_AUDIENCE)', {
    sign: 'EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED',
    who: 'system',
    cause: 'The audience of the token, {tokenAudience}, is not in the list of the security integration.',
    fix: 'Add it to the list, and keep what is in it: the statement replaces all of it. Without a list Snowflake expects the URL of the account.',
    type: [
      {
        language: 'sql',
        text: "ALTER SECURITY INTEGRATION <integration> SET EXTERNAL_OAUTH_AUDIENCE_LIST = (<audiences so far>, '{tokenAudience}');",
      },
    ],
  }),
  reason('EXTERNAL_OAUTH_USER_CLAIM_MISSING', {
    who: 'identityProvider',
    cause: 'The token lacks the claim that names the Snowflake user.',
    fix: 'Add the claim to access tokens (for Microsoft Entra ID: the optional claim upn), or have the Snowflake administrator choose one that the token has.',
    type: [
      {
        language: 'sql',
        text: "ALTER SECURITY INTEGRATION <integration> SET EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = '<claim>';",
      },
    ],
  }),
  reason('EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_ENABLED', {
    who: 'system',
    cause: 'The security integration of the issuer is switched off.',
    fix: 'Switch it on.',
    type: [{ language: 'sql', text: 'ALTER SECURITY INTEGRATION <integration> SET ENABLED = TRUE;' }],
  }),
  reason('EXTERNAL_OAUTH_JWS_CANT_RETRIEVE_PUBLIC_KEY', {
    who: 'system',
    cause: 'Snowflake could not fetch the keys of the identity provider.',
    fix: 'Check EXTERNAL_OAUTH_JWS_KEYS_URL, and that it can be reached from the internet.',
    type: [{ language: 'sql', text: 'DESC SECURITY INTEGRATION <integration>;' }],
  }),
  reason('EXTERNAL_OAUTH_JWS_INVALID_(?:TYPE|FORMAT)', {
    sign: 'EXTERNAL_OAUTH_JWS_INVALID_FORMAT',
    who: 'identityProvider',
    cause: 'The token is not a JWT that Snowflake can read: an opaque token, an ID token, or one of another kind.',
    fix: 'Issue JWT access tokens for the audience of the account. Okta: a custom authorization server, not the one of the organization. Auth0: an API with its identifier as the audience.',
  }),
  reason('EXTERNAL_OAUTH_ACCESS_TOKEN_(?:EXPIRED|NOT_YET_VALID)', {
    sign: 'EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED',
    who: 'identityProvider',
    cause: 'The token had ended, or not begun, by the clock of Snowflake.',
    fix: 'Check the clock of the identity provider and the life of its access tokens.',
  }),
] as const satisfies readonly KnownRefusal[];

type Rest = Pick<KnownRefusal, 'who' | 'cause' | 'fix' | 'type'> & { readonly sign?: string };

function reason(pattern: string, { sign = pattern, ...rest }: Rest) {
  return { system: 'Snowflake', sign, codes: LOGIN, says: new RegExp(pattern), ...rest };
}
