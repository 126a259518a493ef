import type { KnownRefusal } from './refusal.ts';

const claim = (name: RegExp) => ({ codes: ['DP-TOKEN-CLAIM'], where: { claim: name } }) as const;

/** What a token carries and should not (RFC 7519 section 4.1, RFC 9068). */
export const claimRefusals = [
  {
    system: 'every identity provider',
    sign: 'aud is another one',
    ...claim(/^aud$/),
    who: 'identityProvider',
    cause:
      'The identity provider gave a token for {actual} where one for {expected} was asked for. Some ignore what is asked for and give one for their default.',
    fix: 'Register the audience {expected} for the client {clientId}. If the provider is asked in another way, set audienceParameter of the identity provider; if the database expects {actual}, set token.audience of the connection to it.',
  },
  {
    system: 'every identity provider',
    sign: 'iss is another one',
    ...claim(/^iss$/),
    who: 'user',
    cause: 'The token names the issuer {actual}, and the settings say {expected}.',
    fix: 'Set the issuer of dataPassport.identityProviders.{providerId} to the one that its metadata names. If it is the same, the administrator of the identity provider has two issuers mixed up.',
    remedy: 'openSettings',
  },
  {
    system: 'every identity provider',
    sign: 'scp or scope is missing something',
    ...claim(/^scp$|^scope$/),
    who: 'identityProvider',
    cause: 'The identity provider granted {actual}, without {expected}.',
    fix: 'Add the scope {expected} to the authorization server and allow it for the client {clientId} and this user.',
  },
  {
    system: 'every identity provider',
    sign: 'sub is another one',
    ...claim(/^sub$/),
    who: 'user',
    cause: 'The token is for somebody else than the one who signed in.',
    fix: 'Sign out and sign in again.',
    remedy: 'signIn',
  },
  {
    system: 'every identity provider',
    sign: 'exp or nbf does not fit',
    ...claim(/^exp$|^nbf$/),
    who: 'user',
    cause: 'By the clock of this machine the token has ended or not begun ({actual}).',
    fix: 'Set the clock of this machine (let the operating system set it from the network). If it is right, get a new token where this one came from.',
  },
  {
    system: 'every identity provider',
    sign: 'the claim that names the database user is missing',
    codes: ['DP-SETTING-INVALID'],
    says: /the token has no claim (?<claim>\w{1,60})/,
    who: 'user',
    cause: 'The setting "user" of the connection is filled from the claim {claim}, which the token does not have.',
    fix: 'Set "user" to the name itself or to a claim that the token has ("Data Passport: Show Token Claims" lists them), or ask the administrator of the identity provider to add {claim} to access tokens.',
    remedy: 'openSettings',
  },
] as const satisfies readonly KnownRefusal[];
