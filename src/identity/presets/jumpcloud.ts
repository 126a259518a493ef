import * as z from 'zod/mini';

import {
  clientId,
  common,
  described,
  LISTED_PORTS,
  OPENID_SCOPES,
  redirectHost,
  type Rules,
  secureUrl,
} from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'pasteRedirect'],
  redirect: { host: 'localhost', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z.strictObject({
    issuer: z
      ._default(secureUrl(''), 'https://oauth.id.jumpcloud.com/')
      .check(
        z.describe(
          'Issuer, exactly as its /.well-known/openid-configuration writes it. Another one outside of the US.',
        ),
      ),
    clientId,
    ...common(rules),
    redirectHost: redirectHost('localhost'),
  });

/** JumpCloud (https://jumpcloud.com/support/sso-with-oidc). */
export const jumpcloud = preset<z.output<ReturnType<typeof settings>>>({
  label: 'JumpCloud',
  settings,
  describe(id, own) {
    return described(id, own, rules, {
      issuer: own.issuer,
      clientId: own.clientId,
      registration: {
        application: 'Custom OIDC App with Client Authentication Type "Public (None PKCE)"',
        steps: [
          'In the Admin Portal open SSO Applications > Add New Application > Custom Application, and choose Manage Single Sign-On with OIDC.',
          'On the SSO tab select the grant type Refresh Token beside Authorization Code, and the client authentication type Public (None PKCE).',
          'Enter the redirect URIs, each with its port; the Login URL is not used, so any page of yours will do.',
          'Select the standard scopes Email and Profile, and give the application to the user groups that may sign in.',
        ],
        manual: 'https://jumpcloud.com/support/sso-with-oidc',
      },
    });
  },
});
