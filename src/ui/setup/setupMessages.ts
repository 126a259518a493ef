import { local, phrase, t, translated } from '../localize.ts';
import { FIELD_LABELS, labelOfName } from './fieldLabels.ts';

/** Every sentence of setting up providers and connections. */
export const setupMessages = {
  addProvider: () => t('Add Identity Provider'),
  addConnection: () => t('Add Connection'),
  pickProviderKind: () => t('Who signs you in at your company?'),
  pickConnectionKind: () => t('What do you want to connect to?'),
  pickProvider: () => t('Who signs you in for this connection?'),
  newProvider: () => t('Add Identity Provider…'),
  newProviderDetail: () => t('Your company has another login than those above.'),
  firstProviderDetail: () =>
    t('The login page of your company: Okta, Microsoft Entra ID, Google, Keycloak and others.'),
  ownLogin: (system: string) => t('{0} itself', system),
  ownLoginDetail: (system: string) =>
    t('You log in at {0}, as in the browser. No administrator has to register anything.', system),
  question: (field: string, about: string) => (about === '' ? t('{0}', field) : t('{0}: {1}', field, about)),
  isMissing: () => t('This can not be empty.'),
  problem: (problem: string) => t('This {0}.', phrase(problem)),
  usual: (value: string) => t('Default: {0}', value),
  noUsual: () => t('Leave it empty if you do not need it.'),
  optional: (kind: string) => t('{0}: more settings, none of them needed', kind),
  goOn: () => t('Continue'),
  goOnDetail: () => t('Everything that is needed has been entered.'),
  notSet: () => t('not set'),
  token: () => t('Token'),
  serverToken: () => t('Token of the server itself'),
  pickToken: () => t('How does this connection get its token?'),
  yes: () => t('Yes'),
  no: () => t('No'),
  name: () => t('Name: how you and the agent call it'),
  nameTooLong: () => t('This must be at most 80 characters long.'),
  pickAgents: (name: string) => t('May agents use {0}?', name),
  agentsYes: () => t('Agents and I'),
  agentsYesDetail: () => t('Agents in this editor read it as you, with your rights and nothing more.'),
  agentsNo: () => t('Only I'),
  agentsNoDetail: () => t('Agents are not told of it. You can change that in the Connections view.'),
  pickEnd: (name: string) => t('{0} is ready to be tried', name),
  testAndSave: () => t('Test and Save'),
  testDetail: (places: string) => t('Signs you in if nobody is, and sends your token to {0}.', places),
  testProgramDetail: () => t('Signs you in if nobody is, and runs the program.'),
  saveOnly: () => t('Save Without Testing'),
  saveOnlyDetail: () => t('You can test it later in the Connections view.'),
  signInAndSave: () => t('Sign In and Save'),
  signInDetail: () => t('The browser opens. Nothing is saved if the login fails.'),
  showRegistration: () => t('Show What To Register'),
  showRegistrationDetail: () => t('The text for the administrator of the identity provider.'),
  pickAfterFailure: (code: string) => t('It did not work ({0}). What now?', code),
  change: (field: string) => t('Change {0}', field),
  enterAgain: (secret: string) => t('Enter the {0} again', phrase(secret)),
  again: () => t('Try Again'),
  diagnose: () => t('Diagnose'),
  diagnoseDetail: () => t('Checks every step and says who can mend the one that fails.'),
  saveAnyway: () => t('Save Anyway'),
  savedConnection: (name: string) => t('{0} is in your settings.', name),
  savedAndWorks: (name: string, user: string, role: string | undefined) =>
    role === undefined
      ? t('{0} works and is in your settings. You are {1}.', name, user)
      : t('{0} works and is in your settings. You are {1} with role {2}.', name, user, role),
  savedServer: (name: string) => t('{0} works and is in your settings.', name),
  savedProvider: (name: string) => t('{0} is in your settings.', name),
  showSettings: () => t('Show Settings'),
  comment: (kind: string, date: string) => t('{0}, added on {1}', kind, local(date)),
  import: () => t('Import Configuration'),
  pickFile: () => t('From which file?'),
  entries: (count: number) => (count === 1 ? t('One connection') : t('{0} connections', count)),
  anotherFile: () => t('Another File…'),
  anotherFileDetail: () => t('A file in another place, or one that your team shares.'),
  pickFormat: () => t('What kind of file is it?'),
  openFile: () => t('Read'),
  pickConnections: () => t('Which do you want? The page shows them in full.'),
  noted: (count: number) =>
    count === 1
      ? t('One line is not taken as it stands: see the end of the page')
      : t('{0} lines are not taken as they stand: see the end of the page', count),
  providerFirst: () => t('Nobody signs you in yet.'),
  providerFirstDetail: () =>
    t('The file does not say where you log in. Add your identity provider, and the import goes on with it.'),
  pickAgentsOf: (count: number) =>
    count === 1 ? t('May agents use it?') : t('May agents use these {0} connections?', count),
  nothingToTake: (file: string) => t('No connection can be taken from {0}. The page says why, line by line.', file),
  imported: (count: number) =>
    count === 1 ? t('One connection is in your settings.') : t('{0} connections are in your settings.', count),
  signIn: () => t('Sign In'),
  enterSecret: () => t('Set Connection Secret'),
  from: (file: string) => t('Imported from {0}', file),
  fromLine: (file: string, line: number) => t('Imported from {0}, line {1}', file, line),
  removeQuestion: (name: string) => t('Remove {0}?', name),
  removeDetail: () =>
    t('It is taken out of your settings, and what you entered for it is deleted. Nothing changes on the other side.'),
  removeProviderDetail: (connections: string) =>
    t(
      'You are signed out there, it is taken out of your settings, and what you entered for it is deleted. Without it these connections do not work: {0}.',
      connections,
    ),
  removeIdleProviderDetail: () =>
    t('You are signed out there, it is taken out of your settings, and what you entered for it is deleted.'),
  remove: () => t('Remove'),
  removeWith: (count: number) =>
    count === 1 ? t('Remove with One Connection') : t('Remove with {0} Connections', count),
  removed: (name: string) => t('{0} was removed.', name),
  asItIs: () => t('as it is now'),
  agentsOn: (name: string) => t('Agents may use {0} now, as you.', name),
  agentsOff: (name: string) => t('Agents may not use {0} any more.', name),
  pickToOffer: () => t('Let agents use which connection?'),
  pickToWithdraw: () => t('Stop agents using which connection?'),
  pickProviderRemoval: () => t('Remove which identity provider?'),
  /** A key of the settings as a label: `clientId` is "Client id". */
  field: (name: string) => {
    const label = labelOfName(name);
    return FIELD_LABELS.has(label) ? translated(label) : label;
  },
};
