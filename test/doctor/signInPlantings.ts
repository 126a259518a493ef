import { PassportError } from '../../src/core/errors.ts';
import { clientSecretKey } from '../../src/extension/sessions.ts';
import { loginAt } from '../extension/passport.ts';
import { certificateAuthority } from '../lab/certificates.ts';
import { warehouseAudience } from '../lab/identityProvider.ts';
import { startIdentityProvider } from '../lab/identityProvider.ts';
import { startTlsFront } from '../lab/tlsFront.ts';
import {
  answeredAtOnce,
  closedPort,
  givingInstead,
  patient,
  type Planting,
  refusedWith,
  unreadable,
  type World,
} from './ground.ts';

const connection = 'warehouse';
const warehouse = (world: World, more: object = {}) => world.changed(connection, { ...more });

/** Links up to the credential: settings, secrets, the identity provider, the sign-in, the token. */
export const signInPlantings: readonly Planting[] = [
  {
    name: 'a setting of the wrong type',
    plant: async (world) => unreadable(warehouse(world, { port: 'many' }), connection),
    link: 'settings',
    code: 'DP-SETTING-INVALID',
    who: 'user',
    fix: /correct dataPassport\.connections\.warehouse\.port/,
  },
  {
    name: 'a connection that names an identity provider that is not configured',
    plant: async (world) => unreadable(warehouse(world, { identityProvider: 'nobody' }), connection),
    link: 'settings',
    code: 'DP-SETTING-INVALID',
    who: 'user',
    fix: /correct dataPassport\.connections\.warehouse\.identityProvider/,
  },
  {
    name: 'an identity provider whose own settings are wrong',
    plant: async (world) => unreadable(world.withProvider({ issuer: 5 }, warehouse(world)), connection),
    link: 'settings',
    code: 'DP-SETTING-INVALID',
    who: 'user',
    fix: /correct dataPassport\.identityProviders\.lab\.issuer/,
  },
  {
    name: 'a connection that does not exist',
    plant: async (world) => unreadable(warehouse(world), 'sales'),
    link: 'settings',
    code: 'DP-CONNECTION-UNKNOWN',
    who: 'user',
    fix: /dataPassport\.connections/,
  },
  {
    name: 'a host that changed and was not confirmed',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        afterwards: ({ change }) => change(warehouse(world, { host: 'localhost' })),
      }),
    link: 'permitted',
    code: 'DP-CONNECTION-UNCONFIRMED',
    who: 'user',
    fix: /Data Passport: Confirm Connections/,
  },
  {
    name: 'a secret that was not entered',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world, { token: { source: 'personalAccessToken' } }),
        connection,
        user: undefined,
      }),
    link: 'permitted',
    code: 'DP-SECRET-MISSING',
    who: 'user',
    fix: /Data Passport: Set Connection Secret/,
  },
  {
    name: 'a program in Restricted Mode',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world, { token: { source: 'command', command: [process.execPath, '-e', '1'] } }),
        connection,
        user: undefined,
        trusted: () => false,
      }),
    link: 'permitted',
    code: 'DP-COMMAND-RESTRICTED',
    who: 'user',
    fix: /Trust the folder/,
  },
  {
    name: 'an identity provider that is down',
    plant: async (world) =>
      patient(world, {
        settings: world.withProvider({ issuer: `http://127.0.0.1:${await closedPort()}` }, warehouse(world)),
        connection,
        user: undefined,
      }),
    link: 'discovery',
    code: 'DP-PROVIDER-UNREACHABLE',
    who: 'identityProvider',
    fix: /whether the service runs/,
  },
  {
    name: 'an issuer whose name is not known',
    plant: (world) =>
      patient(world, {
        settings: world.withProvider({ issuer: 'https://login.company.invalid' }, warehouse(world)),
        connection,
        user: undefined,
      }),
    link: 'discovery',
    code: 'DP-PROVIDER-UNREACHABLE',
    who: 'user',
    fix: /nslookup login\.company\.invalid/,
  },
  {
    name: 'an identity provider with trouble of its own',
    plant: async (world) => {
      world.lab.idp.refuse('unavailable', { at: 'discovery' });
      return patient(world, { settings: warehouse(world), connection, user: undefined });
    },
    link: 'discovery',
    code: 'DP-PROVIDER-UNREACHABLE',
    who: 'nobody',
    fix: /again in a few minutes/,
  },
  {
    name: 'the log-in page of a network in the place of the identity provider',
    plant: async (world) => {
      world.lab.idp.refuse('html', { at: 'discovery' });
      return patient(world, { settings: warehouse(world), connection, user: undefined });
    },
    link: 'discovery',
    code: 'DP-PROVIDER-UNREACHABLE',
    who: 'network',
    fix: /Open any page in a browser/,
  },
  {
    name: 'an issuer that calls itself otherwise',
    plant: async (world) => {
      world.lab.idp.amendMetadata({ issuer: 'https://login.lab.example/' });
      return patient(world, { settings: warehouse(world), connection, user: undefined });
    },
    link: 'discovery',
    code: 'DP-PROVIDER-METADATA',
    who: 'user',
    fix: /Set dataPassport\.identityProviders\.lab\.issuer to the issuer exactly/,
  },
  {
    name: 'a certificate of the identity provider that nobody here knows',
    plant: async (world) => {
      const front = await startTlsFront(
        certificateAuthority('Unknown CA').issue('localhost'),
        () => world.lab.idp.port,
      );
      return patient(world, {
        settings: world.withProvider({ issuer: `https://localhost:${front.port}` }, warehouse(world)),
        connection,
        user: undefined,
        undo: () => front.close(),
      });
    },
    link: 'discovery',
    code: 'DP-PROVIDER-CERTIFICATE',
    who: 'network',
    fix: /certificate authority, install it in the operating system/,
  },
  {
    name: 'a clock that is ten minutes behind',
    plant: async (world) => {
      world.lab.idp.shiftClock(10);
      return patient(world, { settings: warehouse(world), connection, user: undefined });
    },
    link: 'clock',
    code: 'DP-CLOCK',
    who: 'user',
    fix: /Set the clock of this machine/,
  },
  {
    name: 'a client secret that was not entered',
    plant: (world) =>
      patient(world, {
        settings: world.withProvider({ clientAuthentication: 'secret' }, warehouse(world)),
        connection,
        user: undefined,
      }),
    link: 'client',
    code: 'DP-CLIENT-SECRET',
    who: 'user',
    fix: /Data Passport: Set Client Secret/,
  },
  {
    name: 'a client secret that is wrong',
    plant: async (world) => {
      const provider = await startIdentityProvider({ clientSecret: 'the-right-secret-of-the-client' });
      const settings = world.withProvider(
        { issuer: provider.issuer, clientAuthentication: 'secret' },
        warehouse(world),
      );
      return patient(world, {
        settings,
        connection,
        user: undefined,
        undo: () => provider.close(),
        async afterwards(passport, failures) {
          const session = passport.sessions.get('lab');
          if (session)
            await passport.secrets.store(clientSecretKey(session.provider), 'canary-of-a-wrong-client-secret');
          const attempt = await session?.attempt();
          if (!session || attempt?.prompt.kind !== 'page') return;
          failures.follow(session, attempt.done);
          const start = await fetch(attempt.prompt.url, { redirect: 'manual' });
          await fetch(await loginAt(provider, 'alice')(start.headers.get('location') ?? ''));
          await attempt.done.catch(() => undefined);
        },
      });
    },
    link: 'client',
    code: 'DP-PROVIDER-REFUSED',
    who: 'user',
    fix: /Data Passport: Set Client Secret/,
  },
  refusal({
    name: 'a login that was declined',
    answer: ['access_denied', 'End-User aborted interaction'],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'user',
    fix: /Sign in again with an account that may use the application/,
  }),
  refusal({
    name: 'an application of Entra ID that the user is not assigned to',
    answer: ['access_denied', "AADSTS50105: The signed in user 'alice@lab.example' is not assigned to a role."],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'identityProvider',
    fix: /Users and groups/,
  }),
  refusal({
    name: 'consent that Entra ID misses',
    answer: ['consent_required', 'AADSTS65001: The user or administrator has not consented to use the application.'],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'identityProvider',
    fix: /az ad app permission admin-consent --id/,
  }),
  refusal({
    name: 'a resource parameter that Entra ID does not want',
    answer: ['invalid_request', 'AADSTS9010010: The resource parameter provided in the request does not match.'],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'user',
    fix: /"audienceParameter": "scope"/,
  }),
  refusal({
    name: 'a scope that the authorization server of Okta does not have',
    answer: ['invalid_scope', 'One or more scopes are not configured for the authorization server resource.'],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'identityProvider',
    fix: /Authorization Servers, Scopes/,
  }),
  refusal({
    name: 'an access policy of Okta that has no rule',
    answer: ['access_denied', 'Policy evaluation failed for this request, please check the policy configurations.'],
    code: 'DP-SIGN-IN-REFUSED',
    who: 'identityProvider',
    fix: /Access Policies: add a policy for the client/,
  }),
  {
    name: 'nobody who is signed in',
    plant: (world) => patient(world, { settings: warehouse(world), connection, user: undefined }),
    link: 'signedIn',
    code: 'DP-SIGN-IN-REQUIRED',
    who: 'user',
    fix: /Data Passport: Sign In/,
  },
  {
    name: 'another account than the one that the connection names',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world, { runAs: 'bob@lab.example' }),
        connection,
      }),
    link: 'signedIn',
    code: 'DP-ACCOUNT-REQUIRED',
    who: 'user',
    fix: /log in as bob@lab\.example/,
  },
  {
    name: 'a refresh token that is dead',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        async afterwards({ clock }) {
          world.lab.idp.revokeRefreshTokens('alice');
          clock.offset += 700_000;
        },
      }),
    link: 'token',
    code: 'DP-SIGN-IN-ENDED',
    who: 'user',
    fix: /Data Passport: Sign In/,
  },
  renewal({
    name: 'a sign-in that Entra ID revoked',
    description: 'AADSTS50173: The provided grant has expired due to it being revoked. canary-of-its-free-text',
    who: 'user',
    fix: /Data Passport: Sign In/,
  }),
  renewal({
    name: 'consent that Entra ID misses for another resource',
    description: 'AADSTS65001: The user or administrator has not consented. canary-of-its-free-text',
    who: 'identityProvider',
    fix: /Grant admin consent/,
  }),
  {
    name: 'a redirect URI that was not registered, as far as that can be told: nobody is signed in',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        user: undefined,
        async afterwards({ sessions }, failures) {
          const session = sessions.get('lab');
          if (session)
            failures.failed(session, new PassportError('DP-SIGN-IN-TIMEOUT', { provider: 'Lab', minutes: '5' }));
        },
      }),
    link: 'signedIn',
    code: 'DP-SIGN-IN-REQUIRED',
    who: 'user',
    fix: /Data Passport: Sign In/,
  },
  {
    name: 'an audience that came after the sign-in, which the provider gives nobody later',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        afterwards: ({ change }) => change(warehouse(world, { token: { audience: 'https://unknown.lab.example' } })),
      }),
    link: 'token',
    code: 'DP-SIGN-IN-WIDER',
    who: 'user',
    fix: /Data Passport: Sign In/,
  },
  {
    name: 'an audience that the identity provider does not issue for (invalid_target)',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world, { token: { audience: 'https://unknown.lab.example' } }),
        connection,
        user: undefined,
        afterwards: answeredAtOnce,
      }),
    link: 'client',
    code: 'DP-SIGN-IN-REFUSED',
    who: 'identityProvider',
    fix: /Register the audience \(resource, API\) https:\/\/unknown\.lab\.example/,
  },
  {
    name: 'a scope that the identity provider does not grant',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ scopes: ['session:role:MANAGER'] })),
      }),
    link: 'claims',
    code: 'DP-TOKEN-CLAIM',
    who: 'identityProvider',
    fix: /Add the scope "?session:role:ANALYST"? to the authorization server/,
  },
  {
    name: 'a token for another audience than was asked for',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ audience: 'https://other.lab.example' })),
      }),
    link: 'claims',
    code: 'DP-TOKEN-CLAIM',
    who: 'identityProvider',
    fix: new RegExp(`Register the audience ${warehouseAudience}`),
  },
  {
    name: 'a token of another issuer',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ issuer: 'https://other.lab.example' })),
      }),
    link: 'claims',
    code: 'DP-TOKEN-CLAIM',
    who: 'user',
    fix: /Set the issuer of dataPassport\.identityProviders\.lab/,
  },
  {
    name: 'a token that had ended when it came',
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        fetch: givingInstead(() => world.lab.idp.mintAccessToken({ expiresInSeconds: -600 })),
      }),
    link: 'claims',
    code: 'DP-TOKEN-CLAIM',
    who: 'user',
    fix: /Set the clock of this machine/,
  },
];

/** A renewal that the provider refuses with this description: what else it says is nobody's business. */
function renewal({
  name,
  description,
  ...found
}: Pick<Planting, 'name' | 'who' | 'fix'> & { readonly description: string }): Planting {
  return {
    name,
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        async fetch(url, init) {
          const isRenewal = init.body instanceof URLSearchParams && init.body.get('grant_type') === 'refresh_token';
          if (!isRenewal) return fetch(url, { ...init, redirect: 'manual' });
          return Response.json({ error: 'invalid_grant', error_description: description }, { status: 400 });
        },
        afterwards: async ({ clock }) => void (clock.offset += 700_000),
      }),
    link: 'token',
    code: 'DP-SIGN-IN-ENDED',
    ...found,
  };
}

/** A sign-in that the provider answers with an error. */
function refusal({
  name,
  answer: [error, description],
  ...found
}: Pick<Planting, 'name' | 'code' | 'who' | 'fix'> & { readonly answer: readonly [string, string] }): Planting {
  return {
    name,
    plant: (world) =>
      patient(world, {
        settings: warehouse(world),
        connection,
        user: undefined,
        afterwards: refusedWith(error, description),
      }),
    link: 'client',
    ...found,
  };
}
