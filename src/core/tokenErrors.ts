import type { ErrorEntry } from './errorEntry.ts';

/** What can go wrong between a sign-in and the credential of a connection. */
export const TOKEN_ERRORS = {
  'DP-TOKEN-CLAIM': {
    sentence: 'The token for {connection} has {claim} {actual}, but {expected} was asked for, so it was not sent.',
    cause: 'The token was issued for something else than what the connection needs, or for another time.',
    fix: 'Check {path}, and how the identity provider is asked for an audience (audienceParameter).',
    who: 'administrator',
    retry: false,
  },
  'DP-TOKEN-INVALID': {
    sentence:
      'The token source {source} gave {connection} something that is not a token ({problem}), so nothing was sent.',
    cause: 'The value is empty, not a string, or holds characters that no token has.',
    fix: 'Check the token settings of the connection ({path}).',
    who: 'administrator',
    retry: false,
  },
  'DP-TOKEN-SERVICE-UNREACHABLE': {
    sentence: '{service} can not be reached for the token of {connection} ({reason}).',
    cause: 'The network, a proxy or the service itself is down. Nothing was lost.',
    fix: 'Check the network connection and the proxy settings of the editor (http.proxy), then try again.',
    who: 'nobody',
    retry: true,
  },
  'DP-TOKEN-SERVICE-ANSWER': {
    sentence: 'The answer of {service} is not a credential for {connection} ({problem}), so it was not used.',
    cause: 'The address is not that of the service, or it answers in another way than its documentation says.',
    fix: 'Check {path}.',
    who: 'administrator',
    retry: false,
  },
  'DP-ID-TOKEN': {
    sentence: '{provider} gave no ID token when the sign-in was renewed.',
    cause:
      'The connection uses the ID token as its credential. Some providers give one at sign-in only, and none without the scope openid.',
    fix: 'Run the command "Data Passport: Sign In" to get a new one. If it ends too soon, ask the administrator of the identity provider for ID tokens at refresh, or for a longer life.',
    who: 'user',
    retry: false,
  },
  'DP-EXCHANGE-REFUSED': {
    sentence: '{service} refused to exchange the token for {connection} ({error}).',
    cause:
      'The token service does not trust the issuer or the audience of the sign-in, or the user may not have the audience or scopes that were asked for.',
    fix: 'Ask the administrator of {service} to allow the exchange for audience {audience} and scopes {scopes}. Check {path}.',
    who: 'administrator',
    retry: false,
  },
  'DP-EXCHANGE-SCOPE': {
    sentence: '{service} granted {connection} more than was asked for ({granted}), so the token was not used.',
    cause: 'The scopes of the exchanged token are wider than the scopes of the request.',
    fix: 'Ask the administrator of {service} to grant what is asked for, or add the scope to {path}.',
    who: 'administrator',
    retry: false,
  },
  'DP-SECRET-MISSING': {
    sentence: 'The {secret} of {connection} is not stored on this machine.',
    cause: 'The connection uses a secret that you enter once. It is kept in the secret storage, never in the settings.',
    fix: 'Run the command "Data Passport: Set Connection Secret" and enter it.',
    who: 'user',
    retry: false,
  },
  'DP-SECRET-EXPIRED': {
    sentence: 'The {secret} of {connection} expired on {date}.',
    cause: 'Secrets of this kind end on the day that they were made for.',
    fix: 'Make a new one where you made this one, then run the command "Data Passport: Set Connection Secret".',
    who: 'user',
    retry: false,
  },
  'DP-KEY-FILE': {
    sentence: 'The private key of {connection} can not be used: {file} {problem}.',
    cause: 'A private key must be readable, yours alone, and of the kind that the other side knows.',
    fix: '{remedy} Then try again.',
    who: 'user',
    retry: false,
  },
  'DP-KEY-PASSPHRASE': {
    sentence: 'The private key of {connection} ({file}) can not be decrypted with the stored passphrase.',
    cause: 'The key file is encrypted, and no passphrase is stored for it, or another one.',
    fix: 'Run the command "Data Passport: Set Connection Secret" and enter the passphrase of the key.',
    who: 'user',
    retry: false,
  },
  'DP-KEY-REFUSED': {
    sentence: '{service} refused the key of {connection} ({error}).',
    cause:
      'The public key is not the one that the other side has for this user or app, or the clock of this machine is wrong.',
    fix: 'Compare the fingerprint {fingerprint} with the one that {service} shows for {principal}, and check the clock of this machine.',
    who: 'administrator',
    retry: false,
  },
  'DP-AWS-REFUSED': {
    sentence: 'AWS refused {action} for {connection} ({error}).',
    cause:
      'The role does not trust the identity provider or this user, the audience is not among its client ids, or the role may not do what was asked.',
    fix: 'Ask the administrator of the AWS account to check the trust policy of {role} and its permissions for {action}.',
    who: 'administrator',
    retry: false,
  },
  'DP-GITHUB-REFUSED': {
    sentence: 'GitHub refused an installation token for {connection} ({error}).',
    cause: 'The app is not installed there, was suspended, or may not do what the permissions ask for.',
    fix: 'Ask an owner of the organization to check the installation of the app {app} and its permissions.',
    who: 'administrator',
    retry: false,
  },
  'DP-COMMAND-FAILED': {
    sentence: 'The program {program} gave no token for {connection}: {problem}.',
    cause: 'The program is missing, failed, or took too long. It may want you to log in with it first.',
    fix: 'Run the program by hand in a terminal, see what it says, and check {path}.',
    who: 'user',
    retry: true,
  },
  'DP-COMMAND-RESTRICTED': {
    sentence: '{connection} needs a program, and programs are not run in Restricted Mode.',
    cause: 'The folder that is open is not trusted.',
    fix: 'Trust the folder, or open another one.',
    who: 'user',
    retry: false,
  },
  'DP-CONNECTION-UNCONFIRMED': {
    sentence: '{connection} would {action}, which you have not confirmed, so nothing was sent.',
    cause:
      'The settings of the connection name a host, a program or a database that you have not agreed to, or no longer the one that you did.',
    fix: 'Run the command "Data Passport: Confirm Connections" and look at what it shows.',
    who: 'user',
    retry: false,
  },
  'DP-CONNECTION-CHANGED': {
    sentence: 'The settings of {connection} changed while its credential was on the way, so nothing was sent.',
    cause: 'A credential goes only where its connection pointed when it was asked for or confirmed.',
    fix: 'Try again.',
    who: 'nobody',
    retry: true,
  },
} as const satisfies Record<string, ErrorEntry>;
