import { DATABASE_ERRORS } from './databaseErrors.ts';
import type { ErrorEntry } from './errorEntry.ts';
import { MCP_ERRORS } from './mcpErrors.ts';
import { TOKEN_ERRORS } from './tokenErrors.ts';

export type { Mender } from './errorEntry.ts';

/** Every error that a user can see. `docs/errors.md` is made from this table. */
export const ERRORS = {
  'DP-SETTING-INVALID': {
    sentence: 'The setting {path} is not valid: {problem}.',
    cause: 'A value in the user settings has the wrong type or is not among the allowed values.',
    fix: 'Open the user settings, correct {path}, and save. Nothing has to be reloaded.',
    who: 'user',
    retry: false,
  },
  'DP-SETTINGS-WRITE': {
    sentence: 'The user settings were not changed: {problem}.',
    cause: 'The file settings.json has an error or changes that are not saved, or can not be written.',
    fix: 'Run the command "Preferences: Open User Settings (JSON)", correct and save the file, then try again.',
    who: 'user',
    retry: false,
  },
  'DP-IMPORT-FILE': {
    sentence: 'The file {file} can not be read.',
    cause: 'It is gone, or you may not read it.',
    fix: 'Check the name of the file and its permissions, then run "Data Passport: Import Configuration" again.',
    who: 'user',
    retry: false,
  },
  'DP-CONNECTION-UNKNOWN': {
    sentence: 'There is no connection {connection}. Connections: {known}.',
    cause: 'The call names a connection that is not configured, or whose settings are not valid.',
    fix: 'Call list_connections and use one of its ids, or add the connection to the setting dataPassport.connections.',
    who: 'agent',
    retry: false,
  },
  'DP-ARGUMENT-INVALID': {
    sentence: 'The argument {argument} is not valid: {problem}.',
    cause: 'The tool was called with arguments that do not fit its input schema.',
    fix: 'Call the tool again with a corrected argument.',
    who: 'agent',
    retry: false,
  },
  'DP-SIGN-IN-REQUIRED': {
    sentence: 'Nobody is signed in at {provider}.',
    cause: 'The connection runs as the signed-in user, and no user is signed in at its identity provider.',
    fix: 'Run the command "Data Passport: Sign In" and log in in the browser.',
    who: 'user',
    retry: false,
  },
  'DP-ACCOUNT-REQUIRED': {
    sentence: '{account} is not signed in at {provider}.',
    cause: 'The connection names the account that it must run as, and only others are signed in.',
    fix: 'Run the command "Data Passport: Sign In" and log in as {account}, or change runAs of the connection.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-ENDED': {
    sentence: 'The sign-in at {provider} has ended.',
    cause: 'The identity provider no longer accepts the refresh token: it expired, was revoked, or was used elsewhere.',
    fix: 'Run the command "Data Passport: Sign In" and log in again.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-WIDER': {
    sentence: 'The sign-in at {provider} does not include {wanted} yet.',
    cause:
      'The sign-in is older than the connection that needs this, and the provider gives later only what the login asked for.',
    fix: 'Run the command "Data Passport: Sign In" and log in once more: the login then asks for it.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-CANCELED': {
    sentence: 'The sign-in at {provider} was canceled.',
    cause: 'The sign-in was canceled in the editor, or a newer one took its place.',
    fix: 'Run the command "Data Passport: Sign In" when you are ready.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-TIMEOUT': {
    sentence: 'No answer came back from {provider} within {minutes} minutes.',
    cause:
      'The browser was closed, the login was not finished, a firewall kept the browser from this machine, or the provider does not know the redirect address {redirectUri}.',
    fix: 'Sign in again. If the browser showed an error page, ask your administrator to register the redirect URI {redirectUri} for the client {clientId}. If it could not open that address, a firewall or a proxy is in between: allow it.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-REFUSED': {
    sentence: '{provider} refused the sign-in ({error}).',
    cause: 'The identity provider answered the login with an error instead of a code.',
    fix: 'With access_denied, log in with an account that may use the application. Otherwise show the code and the client id {clientId} to the administrator of the identity provider.',
    who: 'administrator',
    retry: false,
  },
  'DP-SIGN-IN-RESPONSE': {
    sentence: 'The answer from {provider} failed a security check ({check}), so it was not used.',
    cause: 'The issuer, a signature or a claim of the answer is not what was asked for.',
    fix: 'Sign in again. If it stays, check the setting {path}: issuer and client id must be exactly those of the identity provider.',
    who: 'administrator',
    retry: false,
  },
  'DP-SIGN-IN-PORTS': {
    sentence: 'None of the redirect ports {ports} is free on this machine.',
    cause: 'Other programs listen on the ports that the identity provider allows as redirect addresses.',
    fix: 'Close the other program, or register one more port and add it to {path}.',
    who: 'user',
    retry: true,
  },
  'DP-SIGN-IN-FLOW': {
    sentence: '{provider} offers no {flow}.',
    cause:
      'Neither the identity provider nor this client of it allows the way of signing in that was tried, or no way is left that works where the extension runs.',
    fix: 'Choose another way of signing in in {path}, or ask the administrator of the identity provider to allow this one for the client {clientId}.',
    who: 'administrator',
    retry: false,
  },
  'DP-SIGN-IN-PASTED': {
    sentence: 'The pasted text does not finish the sign-in at {provider}: {problem}.',
    cause:
      'The whole address is wanted that the browser shows at the end of the login, and it must belong to the sign-in that waits.',
    fix: 'Log in in the browser, copy the whole address from its address bar (the page itself can not be shown), and paste it.',
    who: 'user',
    retry: true,
  },
  'DP-SIGN-IN-OTHER-USER': {
    sentence: '{provider} now names another user than the one who signed in.',
    cause: 'A renewed token carries another subject than the sign-in that it belongs to.',
    fix: 'Sign out and sign in again.',
    who: 'user',
    retry: false,
  },
  'DP-SIGN-IN-EXPIRED': {
    sentence: 'The code for signing in at {provider} was not confirmed in time.',
    cause: 'A device code is good for some minutes, and nobody confirmed it.',
    fix: 'Run the command "Data Passport: Sign In" again and confirm the code in the browser.',
    who: 'user',
    retry: false,
  },
  'DP-CLOCK': {
    sentence:
      'The clock of this machine is {minutes} minutes {direction} that of {provider}, so its answer was not used.',
    cause: 'Tokens say from when until when they are good. With a wrong clock that can not be checked.',
    fix: 'Set the clock of this machine (let the operating system set it from the network), then sign in again.',
    who: 'user',
    retry: false,
  },
  'DP-CLIENT-SECRET': {
    sentence: 'The client secret for {provider} is not stored on this machine.',
    cause:
      'The identity provider wants a secret from the client. It is kept in the secret storage, never in the settings.',
    fix: 'Run the command "Data Passport: Set Client Secret" and enter the secret that the administrator gave you.',
    who: 'user',
    retry: false,
  },
  'DP-PROVIDER-UNREACHABLE': {
    sentence: 'The identity provider {provider} can not be reached ({reason}).',
    cause: 'The network, a proxy or the provider itself is down. The sign-in is kept.',
    fix: 'Check the network connection and the proxy settings of the editor (http.proxy), then try again.',
    who: 'nobody',
    retry: true,
  },
  'DP-PROVIDER-CERTIFICATE': {
    sentence: 'The certificate of the identity provider {provider} is not trusted ({reason}), so nothing was sent.',
    cause:
      'The certificate is self-signed, expired, belongs to another host, or was made by the company network, whose certificate authority this machine does not know. The sign-in is kept.',
    fix: 'Ask your administrator for the certificate authority of the network. Install it in the operating system and restart the editor. Where that can not be done, switch http.systemCertificates off and name its file in NODE_EXTRA_CA_CERTS: while it is on, the editor leaves that file out.',
    who: 'administrator',
    retry: false,
  },
  'DP-PROVIDER-METADATA': {
    sentence: 'The issuer {issuer} does not publish usable OpenID Provider metadata ({problem}).',
    cause: 'The address is not an OpenID Provider, or its metadata names another issuer.',
    fix: 'Set {path} to the issuer exactly as the provider writes it in its /.well-known/openid-configuration, final slash included.',
    who: 'user',
    retry: false,
  },
  'DP-PROVIDER-REFUSED': {
    sentence: '{provider} refused to issue a token ({error}).',
    cause:
      'The token endpoint answered with an error that is not about the sign-in itself: usually the audience or a scope is not allowed for this client.',
    fix: 'Ask the administrator of the identity provider to allow audience {audience} and scopes {scopes} for the client {clientId}.',
    who: 'administrator',
    retry: false,
  },
  'DP-SECRET-STORE': {
    sentence: 'The secret storage of the editor refused to read or change what is kept there.',
    cause:
      'The keyring of the operating system is locked, missing or full. A sign-in that was not saved works until the last window closes; one that was not deleted was revoked where the provider can.',
    fix: 'Unlock the keyring and try again. "Data Passport: Refresh Token Now" saves a sign-in; signing in and out once more deletes it.',
    who: 'user',
    retry: true,
  },
  ...TOKEN_ERRORS,
  'DP-GATEWAY-STOPPED': {
    sentence: 'The data gateway stopped unexpectedly. Calls in flight were ended and were not repeated.',
    cause: 'The process that holds the database drivers crashed or was killed.',
    fix: 'Ask again: the gateway starts with the next call. If it happens again, run "Data Passport: Show Log".',
    who: 'nobody',
    retry: true,
  },
  'DP-GATEWAY-START': {
    sentence: 'The data gateway could not be started ({problem}).',
    cause: 'The gateway process failed to start or did not answer.',
    fix: 'Run "Data Passport: Show Log" for the reason, then reload the window.',
    who: 'user',
    retry: true,
  },
  ...DATABASE_ERRORS,
  ...MCP_ERRORS,
  'DP-MCP-OFF': {
    sentence: 'The editor does not let extensions offer tools ({setting}).',
    cause: 'A setting or a policy of your organization switches agent mode or MCP servers off.',
    fix: 'Change {setting}, or ask your administrator to allow the server "Data Passport".',
    who: 'administrator',
    retry: false,
  },
  'DP-INTERNAL': {
    sentence: 'Data Passport failed in a way that it does not know ({problem}).',
    cause: 'This is a fault in Data Passport.',
    fix: 'Run "Data Passport: Show Log" and report what it shows.',
    who: 'nobody',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>;
