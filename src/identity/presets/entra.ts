import * as z from 'zod/mini';

import { clientId, common, described, OPENID_SCOPES, type Rules, UUID } from './fields.ts';
import { preset } from './preset.ts';

const rules: Rules = {
  scopes: OPENID_SCOPES,
  flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  // The port of localhost is not compared, its path is (https://learn.microsoft.com/entra/identity-platform/reply-url).
  redirect: { host: 'localhost', ports: [], path: '' },
};

const AUTHORITY = 'https://login.microsoftonline.com';
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i;

const settings = () =>
  z.strictObject({
    tenant: z.string().check(
      z.refine((tenant) => UUID.test(tenant) || DOMAIN.test(tenant) || tenant === 'organizations', {
        error: 'must be a tenant id, a domain name of the tenant, or "organizations"',
      }),
      z.describe(
        'Tenant: its id, a domain name such as `example.onmicrosoft.com`, or `organizations` for an application of several tenants.',
      ),
    ),
    clientId,
    ...common(rules),
  });

/** Microsoft Entra ID, v2.0 endpoints (https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc). */
export const entra = preset<z.output<ReturnType<typeof settings>>>({
  label: 'Microsoft Entra ID',
  settings,
  describe(id, own) {
    const { tenant } = own;
    return described(id, own, rules, {
      issuer: `${AUTHORITY}/${tenant.toLowerCase()}/v2.0`,
      // The metadata names the tenant by its id, or by this template where there are several. A tenant id must be itself.
      ...(!UUID.test(tenant) && { issuerTemplate: `${AUTHORITY}/{tenantid}/v2.0` }),
      clientId: own.clientId,
      // One resource a request; the refresh token is good for all of them.
      audiencesAtSignIn: 'one',
      // Unknown: a resource may want v1.0 tokens, which another issuer signs, and `sub` is pairwise.
      accessToken: { issuer: undefined, subject: false },
      revocation: 'none',
      registration: {
        application: 'Mobile and desktop application (public client)',
        steps: [
          'In the Microsoft Entra admin center open App registrations > New registration.',
          'Under Authentication add the platform "Mobile and desktop applications" with the redirect URIs; not "Single-page application" and not "Web".',
          'Switch on "Allow public client flows", which the device code needs.',
          'Under API permissions add the delegated permissions of each database (such as user_impersonation) and grant admin consent.',
        ],
        manual: 'https://learn.microsoft.com/entra/identity-platform/quickstart-register-app',
      },
    });
  },
});
