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
  redirect: { host: '127.0.0.1', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z.strictObject({
    domain: hostName('Domain of the Auth0 tenant, such as company.eu.auth0.com or a custom domain.'),
    clientId,
    ...common(rules),
    redirectHost: redirectHost('127.0.0.1'),
  });

/** Auth0 (https://auth0.com/docs/get-started/authentication-and-authorization-flow). */
export const auth0 = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Auth0',
  settings,
  describe(id, own) {
    // With the slash: that is what Auth0 writes into `iss`.
    const issuer = `https://${own.domain}/`;
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      // Without an audience the access token is opaque and for user-info only.
      audienceParameter: 'audience',
      audiencesAtSignIn: 'one',
      accessToken: { issuer, subject: true },
      registration: {
        application: 'Native',
        steps: [
          'Open Applications > Applications > Create Application and choose Native.',
          'Enter the redirect URIs under Allowed Callback URLs, each with its port.',
          'Under Advanced Settings > Grant Types select Authorization Code, Refresh Token and Device Code.',
          'Under APIs create one API for each audience, switch on Allow Offline Access, and add its scopes as permissions.',
          'For more than one audience set up a multi-resource refresh token policy that lists each of them: an audience that it does not list silently yields a token for another one, which Data Passport refuses.',
        ],
        manual: 'https://auth0.com/docs/get-started/auth0-overview/create-applications/native-apps',
      },
    });
  },
});
