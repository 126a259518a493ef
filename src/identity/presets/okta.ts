import * as z from 'zod/mini';

import {
  clientId,
  common,
  described,
  hostName,
  LISTED_PORTS,
  OPENID_SCOPES,
  redirectHost,
  type Rules,
} from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  // The whole address is compared, port included.
  redirect: { host: '127.0.0.1', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z.strictObject({
    domain: hostName('Host name of the Okta org, such as company.okta.com or a custom domain.'),
    authorizationServer: z.optional(
      z
        .string()
        .check(
          z.regex(/^[\w-]+$/, 'must be the id of an authorization server, such as default'),
          z.describe(
            'Id of the custom authorization server, such as `default`. Without it the org authorization server signs you in, whose access tokens no database can check.',
          ),
        ),
    ),
    clientId,
    ...common(rules),
    redirectHost: redirectHost('127.0.0.1'),
  });

const ORG_SERVER =
  'Note: the settings name no custom authorization server, and access tokens of the org authorization server are for Okta itself: no database can check them.';

/** Okta, its org or a custom authorization server (https://developer.okta.com/docs/concepts/auth-servers/). */
export const okta = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Okta',
  settings,
  describe(id, own) {
    const { domain, authorizationServer: server } = own;
    const issuer = server === undefined ? `https://${domain}` : `https://${domain}/oauth2/${server}`;
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      // The `sub` of an access token is the user's login, that of an ID token their id.
      accessToken: { issuer, subject: false },
      registration: {
        application: 'OIDC - OpenID Connect, Native Application',
        steps: [
          'In the Admin Console open Applications > Applications > Create App Integration, and choose OIDC - OpenID Connect and Native Application.',
          'Under Grant type select Authorization Code, Refresh Token and Device Authorization; leave client authentication at None with PKCE required.',
          'Enter the redirect URIs under Sign-in redirect URIs, each with its port.',
          'Assign the people or groups that may sign in.',
          server === undefined
            ? ORG_SERVER
            : `In Security > API open the authorization server ${server}: its audience is that of the database, its scopes are those above, and an access policy lets this client and these people have them.`,
        ],
        manual: 'https://developer.okta.com/docs/concepts/auth-servers/',
      },
    });
  },
});
