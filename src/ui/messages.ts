import type { PassportError } from '../core/errors.ts';
import { told } from '../core/told.ts';
import { local, phrase, sentence, t, translated, verbatim } from './localize.ts';
import { oneLine } from './plainText.ts';

/** Every sentence of the user interface that is not an error; those stand in core/errors.ts. */
export const messages = {
  signInTitle: (provider: string) => t('Signing in at {0}', provider),
  signInProgress: {
    page: () => t('Finish signing in in the browser.'),
    code: () => t('Confirm the code in a browser, on this or any other device.'),
    paste: () => t('Log in in the browser, then paste the address that it ends at.'),
  },
  pasteAddress: () =>
    t(
      'Log in in the browser. It ends at an address that it can not open: paste that whole address here. It is good for this sign-in alone.',
    ),
  pasteExample: () => t('http://127.0.0.1:…/callback?code=…&state=…'),
  noAddress: () => t('it is not an address'),
  pickWay: (provider: string) => t('How to sign in at {0}?', provider),
  anotherWay: () => t('Try Another Way'),
  way: {
    loopback: () => t('Browser on this machine'),
    editorUri: () => t('Browser, and back into the editor'),
    deviceCode: () => t('Code on any device'),
    pasteRedirect: () => t('Browser, and paste the address'),
  },
  wayDetail: {
    loopback: () => t('The browser returns to a port of the machine that the extension runs on.'),
    editorUri: () => t('The browser returns through an address of the editor, where the provider has it registered.'),
    deviceCode: () => t('Confirm a short code on your phone or in any browser.'),
    pasteRedirect: () => t('For when the browser can not reach the editor in any way.'),
  },
  replaceQuestion: (next: string, current: string, provider: string) =>
    t('You logged in as {0}, but {1} is signed in at {2}.', next, current, provider),
  replaceDetail: (current: string) =>
    t('Connections that name no account go on running as {0} unless {0} is replaced.', current),
  keepBoth: () => t('Keep Both'),
  keepAll: (account: string) => t('Add {0}', account),
  replace: (account: string) => t('Replace {0}', account),
  endSession: () => t('End Browser Session'),
  pickRegistration: () => t('Show what to register at which identity provider?'),
  pickSecret: () => t('Set the client secret of which identity provider?'),
  secretTitle: (provider: string) => t('Client secret for {0}', provider),
  secretPrompt: () => t('It is kept in the secret storage of the editor, never in the settings.'),
  secretStored: () => t('The client secret is stored.'),
  noSecretNeeded: (provider: string) => t('{0} wants no client secret.', provider),
  noBrowser: (provider: string) =>
    t('No browser could be opened. Copy the link and open it to sign in at {0}.', provider),
  copyLink: () => t('Copy Link'),
  linkCopied: () => t('The link is in the clipboard.'),
  pickProvider: () => t('Sign in at which identity provider?'),
  pickSignOut: () => t('Sign out where?'),
  pickConnection: () => t('Test which connection?'),
  pickClaims: () => t('Show the token claims of which connection?'),
  pickRemoval: () => t('Remove which connection?'),
  context: {
    pickConnection: () => t('Choose the role or the place of which connection?'),
    pickSetting: (connection: string) => t('What do you want to choose for {0}?', connection),
    pickValue: (field: string) => t('{0}: what the database offers you', field),
    current: () => t('in use'),
    asUsual: (field: string) => t('{0} as the database sets it', field),
    another: (field: string) => t('{0}: another one…', field),
    typeValue: (field: string) => t('{0}: exactly as the database writes it', field),
  },
  signedInHere: (account: string) => t('signed in as {0}', account),
  signedIn: (account: string, connections: number) => {
    if (connections === 0) return t('Signed in as {0}.', account);
    return connections === 1
      ? t('Signed in as {0}. One connection is ready.', account)
      : t('Signed in as {0}. {1} connections are ready.', account, connections);
  },
  askInChat: () => t('Ask in Chat'),
  firstQuestion: () => t('Which data can I query, and as whom? Show me one small example.'),
  signedOut: (provider: string) => t('Signed out at {0}. All database sessions are closed.', provider),
  signedOutNotRevoked: (provider: string) =>
    t(
      'Signed out at {0} on this machine, and all database sessions are closed. The provider revoked nothing: what it gave ends there by its own rules.',
      provider,
    ),
  renewed: (count: number) => (count === 1 ? t('One token was renewed.') : t('{0} tokens were renewed.', count)),
  importOffer: (files: string) => t('Connections were found here, in {0}. You can use them with Data Passport.', files),
  importShow: () => t('Show'),
  notConfigured: () => t('No identity provider is configured yet.'),
  openSettings: () => t('Open Settings'),
  showLog: () => t('Show Log'),
  diagnose: () => t('Diagnose'),
  loginAgain: (provider: string, connection: string) =>
    t('{0} has to be asked once more, now for {1} too.', provider, connection),
  testing: (connection: string) => t('Testing {0}', connection),
  tested: (connection: string, user: string, role: string | undefined, ms: number) =>
    role === undefined
      ? t('{0} works: you are {1} ({2} ms).', connection, user, ms)
      : t('{0} works: you are {1} with role {2} ({3} ms).', connection, user, role, ms),
  /** @param server as it calls itself @param user may be empty */
  testedServer: (connection: string, server: string, answer: { tools: string; user: string; ms: number }) => {
    const { tools, user, ms } = answer;
    return user === ''
      ? t('{0} works: the server {1} offers {2} tools ({3} ms).', connection, server, tools, ms)
      : t('{0} works: the server {1} offers {2} tools to {3} ({4} ms).', connection, server, tools, user, ms);
  },
  settingsWrong: (count: number, path: string, problem: string) =>
    count === 1
      ? t('The setting {0} {1}.', path, phrase(problem))
      : t('{0} Data Passport settings are not valid, the first: {1} {2}.', count, path, phrase(problem)),
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
    secretMissing: () => t('secret not entered'),
    unconfirmed: () => t('not confirmed'),
    restricted: () => t('off in Restricted Mode'),
    untested: () => t('not used yet'),
    testing: () => t('testing…'),
    ready: () => t('ready'),
    failed: () => t('failed'),
  },
  notForAgents: () => t('not for agents'),
  accountAt: (account: string, provider: string) => t('{0}, signed in at {1}', account, provider),
  detail: {
    runsAs: (who: string) => t('Runs as {0}', who),
    role: (role: string) => t('Role {0}', role),
    usualRole: () => t('Your default role'),
    token: (time: string) => t('Token until {0}, renewed by itself', local(time)),
    agents: () => t('Agents may use it'),
    noAgents: () => t('Agents may not use it'),
    diagnose: (code: string) => t('Diagnose {0}', code),
  },
  shared: () => t('shared identity'),
  sharedDetail: () => t('The other side sees an account that many people share, not you.'),
  showClaims: () => t('Show Token Claims'),
  secretUntil: (secret: string, date: string) => t('The {0} ends on {1}.', phrase(secret), local(date)),
  connectionSecret: {
    pick: () => t('Which secret?'),
    pickRemoval: () => t('Remove which secret?'),
    none: () => t('No connection uses a secret of its own, and none is left.'),
    gone: () => t('the connection is gone'),
    title: (secret: string, connection: string) => t('{0} of {1}', sentence(phrase(secret)), connection),
    prompt: (places: string) =>
      t('It is kept in the secret storage of the editor, never in the settings, and goes to {0} alone.', places),
    promptForProgram: (program: string) =>
      t(
        'It is kept in the secret storage of the editor, never in the settings, and goes to the program {0} alone.',
        program,
      ),
    dateTitle: (secret: string) => t('Last day of the {0}', phrase(secret)),
    datePrompt: () => t('As YYYY-MM-DD, so that you are told a week ahead. Leave it empty if it has none.'),
    noDate: () => t('This is not a day to come, written as YYYY-MM-DD.'),
    stored: (secret: string) => t('The {0} is stored.', phrase(secret)),
    removed: (secret: string) => t('The {0} was removed.', phrase(secret)),
    ends: (secret: string, connection: string, date: string) =>
      t('The {0} of {1} ends on {2}.', phrase(secret), connection, local(date)),
    replace: () => t('Enter New One'),
  },
  confirm: {
    waiting: (names: string) => t('Nothing is sent to {0} until you have confirmed where its secrets may go.', names),
    review: () => t('Review'),
    question: (names: string) => t('May your secrets go where {0} points?', names),
    stays: (connection: string) => t('{0} gives its credential to a program on this machine.', connection),
    goes: (connection: string, places: string) => t('{0} sends its credential to {1}.', connection, places),
    went: (places: string) => t('Until now it went to {0}.', places),
    runs: (program: string) => verbatim('It runs this program as you: {0}', program),
    runsIn: (folder: string) => verbatim('It runs in the folder {0}.', folder),
    setsVariables: (variables: string) => verbatim('It gets these variables: {0}.', variables),
    getsToken: (variable: string) => t('It gets your token in the variable {0}.', variable),
    getsAddress: (variable: string, url: string) =>
      t(
        'It never has your token: it gets an address in the variable {0}, and what it asks there goes to {1} with your token.',
        variable,
        url,
      ),
    handsOn: (server: string, database: string, limits: { audience: string; scopes: string }) =>
      t(
        'The server at {0} is not {1}, and gets a token that lets it do there what you may do (audience: {2}; scopes: {3}).',
        server,
        database,
        limits.audience,
        limits.scopes,
      ),
    noAudience: () => t('as the identity provider sets it'),
    noScopes: () => t('not limited by any'),
    caution: () => t('If you did not change these settings yourself, do not confirm.'),
    allow: () => t('Confirm'),
    nothing: () => t('Every connection is confirmed.'),
  },
  tools: {
    withheld: (connection: string, count: number) =>
      count === 1
        ? t('The server of {0} changed one tool. It is withheld.', connection)
        : t('The server of {0} changed {1} tools. They are withheld.', connection, count),
    waiting: (count: number) => (count === 1 ? t('one tool withheld') : t('{0} tools withheld', count)),
    review: () => t('Review'),
    none: () => t('No tool is withheld.'),
    pickConnection: () => t('Review the changed tools of which connection?'),
    pickTool: (connection: string) => t('Which tool of {0}?', connection),
    isNew: () => t('new'),
    isChanged: () => t('changed'),
    isLooked: () => t('looked at'),
    diff: (tool: string, connection: string) => t('{0} of {1}: before and now', tool, connection),
    read: () => t('Read what changed. A tool that is not taken stays withheld.'),
    next: () => t('Next Tool'),
    takeShown: () => t('Take…'),
    takeLooked: (count: number) =>
      count === 1 ? t('Take the one that you looked at…') : t('Take the {0} that you looked at…', count),
    question: (connection: string, count: number) =>
      count === 1 ? t('Take this change of {0}?', connection) : t('Take these {1} changes of {0}?', connection, count),
    caution: () =>
      t('The agent reads what a tool says of itself and may do what it says. Take only what you have read.'),
    take: () => t('Take'),
  },
  tokenUntil: (time: string) => t('until {0}', local(time)),
  tokenNone: () => t('on first use'),
  notSaved: (provider: string) => t('The sign-in at {0} could not be saved and ends with the last window.', provider),
  lastUsed: (time: string) => t('Last used {0}', local(time)),
  deviceCode: {
    title: (provider: string) => t('Sign in at {0}', provider),
    intro: () => t('Log in on this or any other device, and confirm this code there:'),
    code: () => t('Code'),
    address: () => t('Address of the login page'),
    scan: () => t('Or scan this with a phone:'),
    qrCode: (address: string) => t('QR code of the address {0}', address),
    open: () => t('Copy Code and Open Page'),
    cancel: () => t('Cancel'),
    caution: () => t('Confirm the code only if the page shows the same one, and never for somebody else.'),
    left: (minutes: number, seconds: number) => t('{0}:{1} left', minutes, String(seconds).padStart(2, '0')),
    expired: () => t('This code has expired. Sign in again for a new one.'),
    copied: () => t('The code is in the clipboard.'),
    noBrowser: () => t('No browser could be opened. Open the address by hand.'),
  },
  /** A notification is no place for a page of text; the log has it all. */
  error: (error: PassportError) => {
    const { detail, code } = error;
    const { sentence, fix } = told(error, translated);
    return [
      oneLine(sentence, 600),
      detail === undefined ? '' : t('Detail: {0}', oneLine(detail, 300)),
      oneLine(fix, 1000),
      `[${code}]`,
    ]
      .filter((part) => part !== '')
      .join(' ');
  },
};
