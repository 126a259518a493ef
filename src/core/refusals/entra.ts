import type { KnownRefusal, Party, Remedy, Typed } from './refusal.ts';

const CODES = [
  'DP-SIGN-IN-REFUSED',
  'DP-SIGN-IN-RESPONSE',
  'DP-SIGN-IN-ENDED',
  'DP-PROVIDER-REFUSED',
  'DP-EXCHANGE-REFUSED',
] as const;

interface More {
  readonly type?: readonly Typed[];
  readonly remedy?: Remedy;
}

const adding = (code: string, who: Party, [cause, fix]: readonly [cause: string, fix: string], more: More = {}) => ({
  system: 'Microsoft Entra ID',
  sign: code,
  codes: CODES,
  says: new RegExp(`\\b${code}\\b`),
  who,
  cause,
  fix,
  ...more,
});

const again = { remedy: 'signIn' } as const;

/** https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes */
export const entraRefusals = [
  adding('AADSTS50011', 'identityProvider', [
    'The redirect URI of the sign-in is not registered for the client {clientId}.',
    'In the app registration open Authentication, Add a platform, "Mobile and desktop applications", and add {redirectUri}. For http://localhost the port does not count.',
  ]),
  adding(
    'AADSTS700016',
    'user',
    [
      'The tenant of the issuer knows no application with the client id {clientId}.',
      'Compare client id and tenant with the app registration and correct dataPassport.identityProviders.{providerId}. If both are right, an administrator of the tenant must add the application.',
    ],
    { remedy: 'openSettings' },
  ),
  adding(
    'AADSTS65001',
    'identityProvider',
    [
      'Nobody has consented to what the client {clientId} asks for: scopes {scopes}.',
      'Grant admin consent in the app registration under API permissions.',
    ],
    { type: [{ language: 'shell', text: 'az ad app permission admin-consent --id {clientId}' }] },
  ),
  adding(
    'AADSTS9010010',
    'user',
    [
      'The request had a resource parameter that does not fit its scopes. Entra ID is told the audience by the scopes alone.',
      'Use the preset "entra" for the identity provider, or set audienceParameter to "scope" and write scopes as <application id URI>/<scope>.',
    ],
    {
      type: [
        {
          language: 'json',
          text: '"dataPassport.identityProviders": { "{providerId}": { "audienceParameter": "scope" } }',
        },
      ],
      remedy: 'openSettings',
    },
  ),
  adding(
    'AADSTS70011',
    'user',
    [
      'A scope is not valid, or the scopes belong to several resources. One request can ask for one resource.',
      'Correct dataPassport.connections.{connection}.token.scopes: scopes of one resource alone, such as https://ossrdbms-aad.database.windows.net/.default.',
    ],
    { remedy: 'openSettings' },
  ),
  adding('AADSTS500011', 'identityProvider', [
    'The tenant has no resource of the name that the scopes begin with.',
    'Compare the scopes of the connection ({scopes}) with the application id URI of the resource under "Expose an API", and add the resource to the tenant.',
  ]),
  {
    ...adding(
      'AADSTS650053, on Microsoft Graph',
      'user',
      [
        'A scope without the name of its resource counts as one of Microsoft Graph, which has none of this name.',
        'Write the scopes of the connection as <application id URI>/<scope>; now they are {scopes}.',
      ],
      { remedy: 'openSettings' },
    ),
    says: /AADSTS650053.*Microsoft Graph/,
  },
  adding('AADSTS650053', 'identityProvider', [
    'The resource has no scope of this name.',
    'Add the scope ({scopes}) to the resource under "Expose an API".',
  ]),
  adding(
    'AADSTS50173',
    'user',
    ['The sign-in was revoked, as after a change of the password.', 'Run the command "Data Passport: Sign In".'],
    again,
  ),
  adding(
    'AADSTS70043',
    'user',
    [
      'A policy of your company ends sign-ins after some time (sign-in frequency).',
      'Run the command "Data Passport: Sign In". How often that is needed is for the administrator of Entra ID to say.',
    ],
    again,
  ),
  adding(
    'AADSTS700082',
    'user',
    ['The refresh token ended because it was not used for a long time.', 'Run the command "Data Passport: Sign In".'],
    again,
  ),
  adding('AADSTS700084', 'identityProvider', [
    'The redirect URI is registered for a single-page application, whose refresh tokens end after 24 hours.',
    'Register {redirectUri} under "Mobile and desktop applications" and remove it from "Single-page application".',
  ]),
  adding('AADSTS9002326', 'identityProvider', [
    'The redirect URI is registered for a single-page application, which a program on a computer is not.',
    'Register {redirectUri} under "Mobile and desktop applications" and remove it from "Single-page application".',
  ]),
  adding('AADSTS7000218', 'identityProvider', [
    'The application is registered as one that has a secret.',
    'Register {redirectUri} under "Mobile and desktop applications", not "Web", and set "Allow public client flows" to Yes.',
  ]),
  adding(
    'AADSTS7000215',
    'user',
    [
      'The client secret is not the right one. The value is wanted, not its id.',
      'Run the command "Data Passport: Set Client Secret" and enter the value of the secret.',
    ],
    { remedy: 'setClientSecret' },
  ),
  adding('AADSTS7000222', 'identityProvider', [
    'The client secret has ended.',
    'Add a new one under "Certificates & secrets" and hand its value to those who sign in; they run "Data Passport: Set Client Secret".',
  ]),
  adding('AADSTS50105', 'identityProvider', [
    'The application is open to assigned users alone, and this user is not one of them.',
    'Assign the user or a group of theirs to the enterprise application, under "Users and groups".',
  ]),
  adding(
    'AADSTS50020',
    'user',
    [
      'The account belongs to another tenant and is no guest here.',
      'Sign in with the account of your company, or have the account invited.',
    ],
    again,
  ),
  adding(
    'AADSTS50076',
    'user',
    ['A second factor is wanted, which only you can give.', 'Run the command "Data Passport: Sign In".'],
    again,
  ),
  adding(
    'AADSTS50079',
    'user',
    ['A second factor has to be set up first.', 'Run the command "Data Passport: Sign In" and follow its steps.'],
    again,
  ),
  adding('AADSTS53003', 'identityProvider', [
    'A Conditional Access policy does not let this sign-in through: the device, the place or the way of signing in.',
    'Look the sign-in up in the sign-in logs: the tab "Conditional Access" names the policy.',
  ]),
] as const satisfies readonly KnownRefusal[];
