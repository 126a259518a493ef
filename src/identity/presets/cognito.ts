import * as z from 'zod/mini';

import { clientId, common, described, LISTED_PORTS, type Rules } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  // There is no offline_access: the code grant always gives a refresh token.
  scopes: ['openid', 'profile', 'email'],
  flows: ['loopback', 'editorUri', 'pasteRedirect'],
  // http is allowed for the name localhost only, and the port is compared.
  redirect: { host: 'localhost', ports: LISTED_PORTS, path: '/callback' },
};

const settings = () =>
  z
    .strictObject({
      region: z
        .string()
        .check(
          z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be an AWS region, such as eu-west-1'),
          z.describe('AWS region of the user pool, such as eu-west-1.'),
        ),
      userPoolId: z
        .string()
        .check(
          z.regex(/^[\w-]+_[0-9a-zA-Z]+$/, 'must be the id of a user pool, such as eu-west-1_AbCdEfGhI'),
          z.describe('Id of the user pool, such as eu-west-1_AbCdEfGhI.'),
        ),
      clientId,
      ...common(rules),
    })
    .check(
      z.refine(({ region, userPoolId }) => userPoolId.startsWith(`${region}_`), {
        path: ['userPoolId'],
        error: 'must begin with the region',
      }),
    );

/** Amazon Cognito user pools (https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html). */
export const cognito = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Amazon Cognito',
  settings,
  describe(id, own) {
    const issuer = `https://cognito-idp.${own.region}.amazonaws.com/${own.userPoolId}`;
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      // Access tokens have no `aud`: it stays unknown.
      accessToken: { issuer, subject: true },
      registration: {
        application: 'App client of type "Mobile app" (public, without a client secret)',
        steps: [
          'In the user pool open App clients > Create app client, and choose "Mobile app", which has no client secret.',
          'Under Login pages enter the redirect URIs as Allowed callback URLs, each with its port.',
          'There choose the grant type Authorization code grant, and the scopes above.',
          'Under Branding > Domain give the user pool a domain: the login page lives there.',
          'For scopes of a database create a resource server; each scope is then called by its identifier, a slash and its own name.',
        ],
        manual: 'https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html',
      },
    });
  },
});
