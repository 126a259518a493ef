import * as z from 'zod/mini';

import { clientId, common, described, OPENID_SCOPES, type Rules, UUID } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  // https://docs.pingidentity.com/pingone/applications/p1_wildcard_redirect_uri.html, "Loopback IP redirect URIs"
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

const settings = () =>
  z.strictObject({
    environmentId: z
      .string()
      .check(
        z.regex(UUID, 'must be the id of an environment, such as 00000000-0000-0000-0000-000000000000'),
        z.describe('Id of the environment.'),
      ),
    region: z
      ._default(z.enum(['com', 'ca', 'eu', 'asia', 'com.au', 'sg']), 'com')
      .check(z.describe('End of the sign-in address auth.pingone.<region>: "com" is North America.')),
    clientId,
    ...common(rules),
  });

/** PingOne (https://developer.pingidentity.com/pingone-api/). */
export const pingone = preset<z.output<ReturnType<typeof settings>>>({
  label: 'PingOne',
  settings,
  describe(id, own) {
    const issuer = `https://auth.pingone.${own.region}/${own.environmentId.toLowerCase()}/as`;
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      // The scopes of one custom resource a request.
      audiencesAtSignIn: 'one',
      // A custom resource may map `sub` to another attribute.
      accessToken: { issuer, subject: false },
      registration: {
        application: 'Native',
        steps: [
          'Open Applications > Applications, add an application of type Native.',
          'On its Configuration tab select the grant types Authorization Code, Refresh Token and Device Authorization, PKCE Enforcement S256_REQUIRED, and Token Auth Method None.',
          'Enter the redirect URIs there; PingOne takes any port of a loopback address.',
          'For each audience add a custom resource under Applications > Resources, and allow its scopes on the Resources tab of the application.',
        ],
        manual: 'https://docs.pingidentity.com/pingone/applications/p1_edit_application_native.html',
      },
    });
  },
});
