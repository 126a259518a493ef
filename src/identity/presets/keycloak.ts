import * as z from 'zod/mini';

import { clientId, common, described, OPENID_SCOPES, type Rules, secureUrl } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

const settings = () =>
  z.strictObject({
    url: secureUrl(
      'Base address of Keycloak, such as https://sso.example.com, with /auth where the server has that path.',
    ),
    realm: z
      .string()
      .check(
        z.regex(/^[\w.~-]+$/, 'must be the name of a realm, as it stands in its address'),
        z.describe('Name of the realm.'),
      ),
    clientId,
    ...common(rules),
  });

/** Keycloak and Red Hat build of Keycloak (https://www.keycloak.org/securing-apps/oidc-layers). */
export const keycloak = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Keycloak',
  settings,
  describe(id, own) {
    const issuer = `${own.url.replace(/\/+$/, '')}/realms/${own.realm}`;
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      accessToken: { issuer, subject: true },
      registration: {
        application: 'OpenID Connect client with Client authentication off (public)',
        steps: [
          'In the realm open Clients > Create client, type OpenID Connect, with Client authentication off.',
          'Select Standard flow and OAuth 2.0 Device Authorization Grant, and set PKCE Method to S256.',
          'Enter the redirect URIs under Valid redirect URIs; one with 127.0.0.1 and no port stands for every port.',
          'For each audience add a client scope with an Audience mapper ("Add to access token") and assign it to the client: as Default, or as Optional and then named in the scopes of the connection.',
          'Let the people who sign in have the role offline_access, or leave the scope offline_access out of the settings.',
        ],
        manual: 'https://www.keycloak.org/docs/latest/server_admin/#_oidc_clients',
      },
    });
  },
});
