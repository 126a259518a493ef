import * as z from 'zod/mini';

import { clientId, common, described, OPENID_SCOPES, type Rules, secureUrl, text } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

const settings = () =>
  z.strictObject({
    issuer: secureUrl('Issuer, exactly as /.well-known/openid-configuration of the server writes it.'),
    resourceUri: z.optional(
      text(
        'Resource URI of the access token manager that makes the tokens, sent as `aud`. Default: the manager that the client or the scopes choose.',
      ),
    ),
    clientId,
    ...common(rules),
  });

/** PingFederate (https://docs.pingidentity.com/pingfederate/latest/developers_reference_guide/). */
export const pingfederate = preset<z.output<ReturnType<typeof settings>>>({
  label: 'PingFederate',
  settings,
  describe(id, own) {
    const aud = own.resourceUri === undefined ? {} : { aud: own.resourceUri };
    return described(id, own, rules, {
      issuer: own.issuer,
      clientId: own.clientId,
      // "Managing resource URIs": the parameter is `aud`, which no RFC knows, and it names a token manager.
      authorizationParameters: aud,
      tokenParameters: aud,
      registration: {
        application: 'OAuth client with Client Authentication None',
        steps: [
          'Open Applications > OAuth > Clients > Add Client, with Client Authentication None and Require Proof Key for Code Exchange (PKCE).',
          'Enter the redirect URIs; write the port of a loopback address as a wildcard (http://127.0.0.1:*/callback), or list ports and set them in redirectPorts.',
          'Select the grant types Authorization Code, Refresh Token and Device Authorization Grant.',
          'Choose an access token manager that issues JSON web tokens with the audience and the user name that the database expects, and give it resource URIs where there are several.',
          'Under Scope Management allow the scopes above.',
        ],
        manual:
          'https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_configuring_oauth_clients.html',
      },
    });
  },
});
