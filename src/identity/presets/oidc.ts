import * as z from 'zod/mini';

import {
  authorizationParameters,
  clientAuthentication,
  clientId,
  common,
  described,
  OPENID_SCOPES,
  redirectHost,
  type Rules,
  secureUrl,
} from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  redirect: { host: '127.0.0.1', ports: [], path: '/callback' },
};

const settings = () =>
  z
    .strictObject({
      issuer: secureUrl(
        'Issuer of the OpenID Provider, exactly as its /.well-known/openid-configuration writes it, final slash included.',
      ),
      clientId,
      clientAuthentication,
      ...common(rules),
      flows: z
        ._default(z.array(z.enum(rules.flows)).check(z.minLength(1)), [...rules.flows])
        .check(z.describe('Ways of signing in that the provider allows.')),
      redirectHost: redirectHost('127.0.0.1'),
      audienceParameter: z
        ._default(z.enum(['resource', 'audience', 'scope']), 'resource')
        .check(
          z.describe(
            'How the provider is asked for an audience: "resource" (RFC 8707), "audience" (Auth0-like), or "scope" (the scopes alone say it).',
          ),
        ),
      audiencesAtSignIn: z.optional(
        z
          .enum(['all', 'one'])
          .check(
            z.describe(
              'Whether one sign-in can name the audiences and scopes of all connections, or those of one. Default: "one" with audienceParameter "audience", else "all".',
            ),
          ),
      ),
      accessTokenClaims: z
        ._default(z.enum(['same', 'other']), 'same')
        .check(
          z.describe(
            '"same": access tokens carry the issuer and the subject of the ID token, and are refused otherwise. "other": they have their own, so these two are not compared.',
          ),
        ),
      prompt: z.optional(
        z
          .enum(['none', 'login', 'consent', 'select_account'])
          .check(
            z.describe(
              'The prompt parameter of the sign-in. Default: "consent" with offline_access, as OpenID Connect section 11 asks; otherwise absent.',
            ),
          ),
      ),
      authorizationParameters,
    })
    .check(
      z.refine(({ flow, flows }) => flow === undefined || flows.includes(flow), {
        path: ['flow'],
        error: 'must be one of flows',
      }),
    );

/** Any OpenID Provider, by issuer and client id (OpenID Connect Discovery 1.0). */
export const oidc = preset<z.output<ReturnType<typeof settings>>>({
  label: 'OpenID Connect',
  settings,
  describe(id, own) {
    const { issuer, audienceParameter } = own;
    // OpenID Connect Core section 11: without prompt=consent a provider ignores offline_access.
    const prompt = own.prompt ?? (own.scopes.includes('offline_access') ? 'consent' : undefined);
    const same = own.accessTokenClaims === 'same';
    return described(id, own, rules, {
      issuer,
      clientId: own.clientId,
      clientAuthentication: { kind: own.clientAuthentication },
      flows: own.flows,
      audienceParameter,
      audiencesAtSignIn: own.audiencesAtSignIn ?? (audienceParameter === 'audience' ? 'one' : 'all'),
      authorizationParameters: { ...own.authorizationParameters, ...(prompt !== undefined && { prompt }) },
      accessToken: { issuer: same ? issuer : undefined, subject: same },
      registration: {
        application: `${own.clientAuthentication === 'none' ? 'Public' : 'Confidential'} client, application type native (RFC 8252)`,
        steps: [
          'Register a client for OpenID Connect with the redirect URIs, grant types and scopes above.',
          'Allow it the audiences above as JSON web tokens (RFC 9068) that the databases can check.',
          'Let the people who may sign in use it.',
        ],
        manual: 'https://openid.net/specs/openid-connect-registration-1_0.html',
      },
    });
  },
});
