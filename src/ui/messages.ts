import * as vscode from 'vscode';

import type { PassportError } from '../core/errors.ts';

const { t } = vscode.l10n;

/** A notification is no place for a page of text; the log has it all. */
const short = (text: string): string => (text.length > 300 ? `${text.slice(0, 299)}…` : text);

/** Every sentence of the user interface that is not an error; those stand in core/errors.ts. */
export const messages = {
  signInTitle: (provider: string) => t('Signing in at {0}', provider),
  signInProgress: () => t('Finish signing in in the browser.'),
  noBrowser: (provider: string) =>
    t('No browser could be opened. Copy the link and open it to sign in at {0}.', provider),
  copyLink: () => t('Copy Link'),
  linkCopied: () => t('The link is in the clipboard.'),
  pickProvider: () => t('Sign in at which identity provider?'),
  pickSignOut: () => t('Sign out where?'),
  pickConnection: () => t('Test which connection?'),
  signedInHere: (account: string) => t('signed in as {0}', account),
  signedIn: (account: string, connections: number) =>
    connections === 1
      ? t('Signed in as {0}. One connection is ready.', account)
      : t('Signed in as {0}. {1} connections are ready.', account, connections),
  askInChat: () => t('Ask in Chat'),
  firstQuestion: () => t('Which data can I query, and as whom? Show me one small example.'),
  signedOut: (provider: string) => t('Signed out at {0}. All database sessions are closed.', provider),
  signedOutNotRevoked: (provider: string) =>
    t(
      'Signed out at {0} on this machine, and all database sessions are closed. The provider revoked nothing: what it gave ends there by its own rules.',
      provider,
    ),
  renewed: (count: number) => (count === 1 ? t('One token was renewed.') : t('{0} tokens were renewed.', count)),
  notConfigured: () => t('No identity provider is configured yet.'),
  openSettings: () => t('Open Settings'),
  showLog: () => t('Show Log'),
  testing: (connection: string) => t('Testing {0}', connection),
  tested: (connection: string, user: string, role: string | undefined, ms: number) =>
    role === undefined
      ? t('{0} works: you are {1} ({2} ms).', connection, user, ms)
      : t('{0} works: you are {1} with role {2} ({3} ms).', connection, user, role, ms),
  settingsWrong: (count: number, path: string, problem: string) =>
    count === 1
      ? t('The setting {0} {1}.', path, problem)
      : t('{0} Data Passport settings are not valid, the first: {1} {2}.', count, path, problem),
  minutes: (minutes: number) => t('{0} min', minutes),
  status: {
    name: () => t('Data Passport'),
    signedOut: () => t('Sign in'),
    ended: () => t('Sign in again'),
    readSignedIn: (accounts: string) => t('Data Passport: signed in as {0}', accounts),
    readExpires: (minutes: number) => t('token expires in {0} minutes', minutes),
    readSignedOut: () => t('Data Passport: nobody is signed in. Activate to sign in.'),
    readEnded: (provider: string) =>
      t('Data Passport: the sign-in at {0} has ended. Activate to sign in again.', provider),
  },
  column: {
    connection: () => t('Connection'),
    runsAs: () => t('Runs as'),
    role: () => t('Role'),
    token: () => t('Token'),
  },
  state: {
    signedOut: () => t('signed out'),
    untested: () => t('not used yet'),
    testing: () => t('testing…'),
    ready: () => t('ready'),
    failed: () => t('failed'),
  },
  tokenUntil: (time: string) => t('until {0}', time),
  tokenNone: () => t('on first use'),
  notSaved: (provider: string) => t('The sign-in at {0} could not be saved and ends with this window.', provider),
  lastUsed: (time: string) => t('Last used {0}', time),
  error: ({ message, detail, fix, code }: PassportError) =>
    [message, detail === undefined ? '' : t('Detail: {0}', short(detail)), fix, `[${code}]`]
      .filter((part) => part !== '')
      .join(' '),
};
