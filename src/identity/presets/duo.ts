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
  flows: ['loopback', 'pasteRedirect'],
  redirect: { host: 'localhost', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z.strictObject({
    host: hostName('Host name of Duo Single Sign-On, such as sso-00000000.sso.duosecurity.com.'),
    clientId,
    ...common(rules),
    redirectHost: redirectHost('localhost'),
  });

/** Duo Single Sign-On for generic OIDC relying parties (https://duo.com/docs/sso-oidc-generic). */
export const duo = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Duo Single Sign-On',
  settings,
  describe(id, own) {
    return described(id, own, rules, {
      // Each client has an issuer of its own.
      issuer: `https://${own.host}/oidc/${encodeURIComponent(own.clientId)}`,
      clientId: own.clientId,
      registration: {
        application: 'Generic OIDC Relying Party - Single Sign-On',
        steps: [
          'In the Duo Admin Panel open Applications > Application Catalog and add "Generic OIDC Relying Party".',
          'Select the grant type Authorization Code with "Allow PKCE only authentication", and allow refresh tokens.',
          'Enter the redirect URIs under Sign-In Redirect URLs, each with its port.',
          'Under Scopes select profile and email, and give the application to the groups that may sign in.',
        ],
        manual: 'https://duo.com/docs/sso-oidc-generic',
      },
    });
  },
});
