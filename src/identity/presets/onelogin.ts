import * as z from 'zod/mini';

import { clientId, common, described, LISTED_PORTS, OPENID_SCOPES, redirectHost, type Rules } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'pasteRedirect'],
  redirect: { host: 'localhost', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z.strictObject({
    subdomain: z
      .string()
      .check(
        z.regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i, 'must be what stands before .onelogin.com'),
        z.describe('What stands before .onelogin.com in the address of your portal.'),
      ),
    clientId,
    ...common(rules),
    redirectHost: redirectHost('localhost'),
  });

/** OneLogin (https://developers.onelogin.com/openid-connect). */
export const onelogin = preset<z.output<ReturnType<typeof settings>>>({
  label: 'OneLogin',
  settings,
  describe(id, own) {
    return described(id, own, rules, {
      issuer: `https://${own.subdomain.toLowerCase()}.onelogin.com/oidc/2`,
      clientId: own.clientId,
      registration: {
        application: 'OpenId Connect (OIDC) app, Application Type Native',
        steps: [
          'Open Applications > Applications > Add App and choose OpenId Connect (OIDC).',
          'On the Configuration tab enter the redirect URIs, each with its port.',
          'On the SSO tab set Application Type to Native and the authentication method of the Token Endpoint to None (PKCE).',
          'Give the app to the roles of the people who may sign in.',
        ],
        manual: 'https://developers.onelogin.com/openid-connect',
      },
    });
  },
});
