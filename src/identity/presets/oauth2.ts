import * as z from 'zod/mini';

import type { FlowName } from '../flows/flow.ts';
import {
  authorizationParameters,
  clientAuthentication,
  clientId,
  common,
  described,
  redirectHost,
  type Rules,
  secureUrl,
} from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: [],
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

/** Without discovery nothing else tells whether there is a device authorization endpoint. */
const flowsOf = (deviceEndpoint: string | undefined): readonly FlowName[] =>
  rules.flows.filter((flow) => flow !== 'deviceCode' || deviceEndpoint !== undefined);

const settings = () =>
  z
    .strictObject({
      authorizationEndpoint: secureUrl('Address that the browser is sent to.'),
      tokenEndpoint: secureUrl('Address that gives tokens.'),
      revocationEndpoint: z.optional(secureUrl('Address that revokes a refresh token at sign-out (RFC 7009).')),
      deviceAuthorizationEndpoint: z.optional(secureUrl('Address that gives device codes (RFC 8628).')),
      userInfoEndpoint: z.optional(secureUrl('Address that says who an access token is for.')),
      issuer: z.optional(
        secureUrl(
          'What the provider calls itself in `iss`, where it does. Default: the address of the authorization endpoint without its path.',
        ),
      ),
      clientId,
      clientAuthentication,
      ...common(rules),
      redirectHost: redirectHost('127.0.0.1'),
      account: z
        .strictObject({
          from: z
            .enum(['userInfo', 'accessToken'])
            .check(
              z.describe(
                'Where it stands who signed in: "userInfo": at userInfoEndpoint. "accessToken": in its claims.',
              ),
            ),
          subject: z
            ._default(z.string().check(z.minLength(1)), 'sub')
            .check(z.describe('Field that identifies the user and never changes.')),
          label: z
            ._default(z.array(z.string().check(z.minLength(1))), ['email', 'preferred_username', 'name'])
            .check(z.describe('Fields that name the user; the first that is there is shown.')),
        })
        .check(z.describe('How the provider says who signed in.')),
      audienceParameter: z
        ._default(z.enum(['resource', 'audience', 'scope']), 'scope')
        .check(
          z.describe(
            'How the provider is asked for an audience: "resource" (RFC 8707), "audience" (Auth0-like), or "scope" (the scopes alone say it).',
          ),
        ),
      authorizationParameters,
    })
    .check(
      z.refine(({ account, userInfoEndpoint }) => account.from !== 'userInfo' || userInfoEndpoint !== undefined, {
        path: ['userInfoEndpoint'],
        error: 'is missing: account.from is "userInfo"',
      }),
      z.refine(
        ({ flow, deviceAuthorizationEndpoint: endpoint }) => flow === undefined || flowsOf(endpoint).includes(flow),
        {
          path: ['flow'],
          error: 'must be another one without deviceAuthorizationEndpoint',
        },
      ),
    );

/** Any OAuth 2.0 provider that publishes no metadata, by its endpoints (RFC 6749). */
export const oauth2 = preset<z.output<ReturnType<typeof settings>>>({
  label: 'OAuth 2.0',
  settings,
  describe(id, own) {
    const { account, audienceParameter } = own;
    const { revocationEndpoint, deviceAuthorizationEndpoint, userInfoEndpoint } = own;
    return described(id, own, rules, {
      issuer: own.issuer ?? new URL(own.authorizationEndpoint).origin,
      metadata: {
        authorization_endpoint: own.authorizationEndpoint,
        token_endpoint: own.tokenEndpoint,
        ...(revocationEndpoint !== undefined && { revocation_endpoint: revocationEndpoint }),
        ...(deviceAuthorizationEndpoint !== undefined && {
          device_authorization_endpoint: deviceAuthorizationEndpoint,
        }),
        ...(userInfoEndpoint !== undefined && { userinfo_endpoint: userInfoEndpoint }),
      },
      clientId: own.clientId,
      clientAuthentication: { kind: own.clientAuthentication },
      account,
      flows: flowsOf(deviceAuthorizationEndpoint),
      audienceParameter,
      audiencesAtSignIn: audienceParameter === 'audience' ? 'one' : 'all',
      authorizationParameters: own.authorizationParameters,
      revocation: revocationEndpoint === undefined ? 'none' : 'refreshToken',
      registration: {
        application: `${own.clientAuthentication === 'none' ? 'Public' : 'Confidential'} client for a native application (RFC 8252)`,
        steps: [
          'Register a client with the redirect URIs, grant types and scopes above.',
          'Let it have refresh tokens, or people sign in again whenever an access token ends.',
          'Let the people who may sign in use it.',
        ],
        manual: 'https://www.rfc-editor.org/rfc/rfc8252',
      },
    });
  },
});
