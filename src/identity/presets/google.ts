import * as z from 'zod/mini';

import { clientId, common, described, type Rules } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  // There is no offline_access: access_type=offline asks for the refresh token.
  scopes: ['openid', 'profile', 'email'],
  // The device code has a client type of its own and few scopes, none of them for data.
  flows: ['loopback', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

const settings = () => z.strictObject({ clientId, ...common(rules) });

/** Google accounts and Google Workspace (https://developers.google.com/identity/protocols/oauth2/native-app). */
export const google = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Google',
  settings,
  describe(id, own) {
    return described(id, own, rules, {
      issuer: 'https://accounts.google.com',
      clientId: own.clientId,
      clientAuthentication: { kind: 'secret' },
      // Without consent a second sign-in gets no refresh token.
      authorizationParameters: { access_type: 'offline', prompt: 'consent' },
      registration: {
        application: 'OAuth client ID of type "Desktop app"',
        steps: [
          'In the Google Cloud console open Google Auth Platform > Clients > Create client, and choose "Desktop app".',
          'Under Audience choose Internal for a Workspace organization: while an external app is in testing, its sign-ins end after seven days.',
          'Under Data Access add the scopes above, and enable the APIs that they belong to.',
        ],
        manual: 'https://developers.google.com/identity/protocols/oauth2/native-app',
      },
    });
  },
});
