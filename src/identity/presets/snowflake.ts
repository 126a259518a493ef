import * as z from 'zod/mini';

import {
  clientAuthentication,
  common,
  described,
  hostName,
  LISTED_PORTS,
  redirectPorts,
  type Rules,
  text,
} from './fields.ts';
import { preset, type ProviderDescription, type Registration } from './preset.ts';

const rules: Rules = {
  scopes: ['refresh_token'],
  // No device code; of redirects http on 127.0.0.1 only, not localhost and not a scheme of the editor.
  flows: ['loopback', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

/** Client id and secret of the integration SNOWFLAKE$LOCAL_APPLICATION: published, so that no administrator is needed. */
const LOCAL = 'LOCAL_APPLICATION';

/** OAUTH_REDIRECT_URI of an integration is a single address. */
const CUSTOM_PORTS = LISTED_PORTS.slice(0, 1);

const settings = () =>
  z
    .strictObject({
      account: z
        .string()
        .check(
          z.regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/, 'must be an account identifier such as myorg-myaccount'),
          z.describe('Account identifier, such as `myorg-myaccount`.'),
        ),
      host: z.optional(
        hostName('Host name where it is not `<account>.snowflakecomputing.com`, such as that of a private link.'),
      ),
      integration: z
        ._default(z.enum(['local', 'custom']), 'local')
        .check(
          z.describe(
            '"local": SNOWFLAKE$LOCAL_APPLICATION, which every account has. "custom": an OAuth integration that your administrator made, with its client id.',
          ),
        ),
      clientId: z.optional(text('Client id of a custom integration (SYSTEM$SHOW_OAUTH_CLIENT_SECRETS shows it).')),
      clientAuthentication,
      ...common(rules),
      redirectPorts: z.optional(redirectPorts('127.0.0.1')),
    })
    .check(
      z.refine(({ integration, clientId }) => integration === 'local' || clientId !== undefined, {
        path: ['clientId'],
        error: 'is missing: a custom integration has its own',
      }),
      z.refine(({ integration, clientId }) => integration === 'custom' || clientId === undefined, {
        path: ['clientId'],
        error: 'must be left out, or integration set to "custom"',
      }),
    );

type Settings = z.output<ReturnType<typeof settings>>;

/** Snowflake as its own OAuth provider; behind its login page stands whatever the account federates to, SAML included. */
export const snowflake = preset<Settings>({
  label: 'Snowflake',
  settings,
  describe(id, own) {
    const base = `https://${own.host ?? `${own.account.toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com`}`;
    const ports = own.redirectPorts ?? (own.integration === 'local' ? [] : CUSTOM_PORTS);
    return described(id, { ...own, redirectPorts: ports }, rules, {
      issuer: base,
      metadata: {
        authorization_endpoint: `${base}/oauth/authorize`,
        token_endpoint: `${base}/oauth/token-request`,
      },
      ...client(own),
      account: { from: 'response', field: 'username' },
      // A token is for one role, so the scope session:role:<role> comes from the connection.
      audiencesAtSignIn: 'one',
      // What Snowflake knows of other issuers only: without a role its own tokens are for the default one.
      unknownScopes: ['session:role-any'],
      revocation: 'none',
      registration: own.integration === 'local' ? localRegistration : customRegistration(own, ports.length > 0),
    });
  },
});

function client(own: Settings): Pick<ProviderDescription, 'clientId' | 'clientAuthentication' | 'tokenParameters'> {
  if (own.integration === 'local') {
    return {
      clientId: LOCAL,
      clientAuthentication: { kind: 'secret', known: LOCAL },
      // Asked for by the client: a stolen refresh token is then noticed.
      tokenParameters: { enable_single_use_refresh_tokens: 'true' },
    };
  }
  return {
    clientId: own.clientId ?? '',
    clientAuthentication: { kind: own.clientAuthentication },
    tokenParameters: {},
  };
}

/** https://docs.snowflake.com/en/user-guide/oauth-local-applications */
const localRegistration: Registration = {
  application: 'The built-in security integration SNOWFLAKE$LOCAL_APPLICATION: nothing has to be registered',
  steps: [
    "See that the account has it and that it is enabled: SHOW SECURITY INTEGRATIONS LIKE 'SNOWFLAKE$LOCAL_APPLICATION'.",
    'Leave OAUTH_ISSUE_REFRESH_TOKENS on: an access token is good for 10 minutes unless OAUTH_ACCESS_TOKEN_VALIDITY says otherwise.',
    'Grant each person the role that their connection names; ACCOUNTADMIN, ORGADMIN, GLOBALORGADMIN and SECURITYADMIN are blocked.',
  ],
  manual: 'https://docs.snowflake.com/en/user-guide/oauth-local-applications',
};

/** https://docs.snowflake.com/en/user-guide/oauth-custom */
function customRegistration({ clientAuthentication: kind }: Settings, listed: boolean): Registration {
  const type = kind === 'none' ? 'PUBLIC' : 'CONFIDENTIAL';
  return {
    application: `Security integration TYPE = OAUTH, OAUTH_CLIENT = CUSTOM, OAUTH_CLIENT_TYPE = '${type}'`,
    steps: [
      `Run CREATE SECURITY INTEGRATION data_passport TYPE = OAUTH ENABLED = TRUE OAUTH_CLIENT = CUSTOM OAUTH_CLIENT_TYPE = '${type}' OAUTH_ALLOW_NON_TLS_REDIRECT_URI = TRUE OAUTH_ENFORCE_PKCE = TRUE OAUTH_ISSUE_REFRESH_TOKENS = TRUE and the redirect URI above as OAUTH_REDIRECT_URI.`,
      ...(listed ? [] : ['Set redirectPorts: Snowflake compares the redirect URI with its port.']),
      "Hand out the client id: SELECT SYSTEM$SHOW_OAUTH_CLIENT_SECRETS('DATA_PASSPORT').",
      'Grant each person the role that their connection names; roles in BLOCKED_ROLES_LIST are refused.',
    ],
    manual: 'https://docs.snowflake.com/en/user-guide/oauth-custom',
  };
}
