import * as z from 'zod/mini';

import { isLoopback } from '../../core/connection.ts';
import { preset } from './preset.ts';

const port = z.int().check(z.minimum(1), z.maximum(65_535));

const settings = z.strictObject({
  title: z.optional(z.string().check(z.minLength(1), z.describe('Name shown to you. Default: the id.'))),
  issuer: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with https://' })
    .check(
      z.refine(secure, { error: 'must start with https:// (http:// only on this machine)' }),
      z.describe(
        'Issuer of the OpenID Provider, exactly as its /.well-known/openid-configuration writes it, final slash included.',
      ),
    ),
  clientId: z
    .string()
    .check(z.minLength(1), z.describe('Client id of the public (native) client registered for Data Passport.')),
  scopes: z
    ._default(
      z.array(z.string().check(z.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope without spaces or quotes'))),
      ['openid', 'profile', 'email', 'offline_access'],
    )
    .check(
      z.refine((scopes) => scopes.includes('openid'), { error: 'must include "openid"' }),
      z.describe(
        'Scopes of every sign-in. Scopes of connections are added to them. offline_access is what lets Data Passport renew without asking you.',
      ),
    ),
  audienceParameter: z
    ._default(z.enum(['resource', 'audience', 'scope']), 'resource')
    .check(
      z.describe(
        'How the provider is asked for an audience: "resource" (RFC 8707), "audience" (Auth0-like), or "scope" (the scopes alone say it).',
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
  redirectPorts: z
    ._default(z.array(port), [])
    .check(
      z.describe(
        'Ports of the registered redirect addresses http://127.0.0.1:<port><redirectPath>, tried in order. Empty: any free port.',
      ),
    ),
  redirectPath: z
    ._default(z.string().check(z.regex(/^\/[\w./-]*$/, 'must be a path that starts with /')), '/callback')
    .check(z.describe('Path of the registered redirect address.')),
});

function secure(issuer: string): boolean {
  const url = new URL(issuer);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

/** Any OpenID Provider, by issuer and client id (OpenID Connect Discovery 1.0). */
export const oidc = preset<z.output<typeof settings>>({
  label: 'OpenID Connect',
  settings,
  describe(id, { title, issuer, clientId, scopes, audienceParameter, prompt, redirectPorts, redirectPath }) {
    // OpenID Connect Core section 11: without prompt=consent a provider ignores offline_access.
    const asked = prompt ?? (scopes.includes('offline_access') ? 'consent' : undefined);
    return {
      id,
      title: title ?? id,
      issuer,
      clientId,
      scopes,
      audienceParameter,
      authorizationParameters: asked === undefined ? {} : { prompt: asked },
      redirect: { ports: redirectPorts, path: redirectPath },
    };
  },
});
