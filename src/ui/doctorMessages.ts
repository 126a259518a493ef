import type { Party, Remedy } from '../core/knownRefusals.ts';
import { t } from './localize.ts';

/** Whose turn it is; a database and an MCP server have administrators of their own. */
type Person = Exclude<Party, 'system'> | 'database' | 'server';

/** Every sentence of the diagnosis that is not an error or a finding; those come from where they were found. */
export const doctorMessages = {
  pick: () => t('Diagnose which connection?'),
  none: () => t('No connection is configured yet.'),
  invalid: () => t('its settings are not valid'),
  running: (connection: string) => t('Diagnosing {0}', connection),
  copy: () => t('Copy for a Ticket'),
  copied: () => t('The report is in the clipboard, without names and e-mail addresses.'),
  works: (connection: string) => t('{0} works: every link that can be judged is whole.', connection),
  broken: (connection: string, link: string) => t('{0} is broken at "{1}".', connection, link),
  who: {
    user: () => t('You can mend it.'),
    identityProvider: () => t('The administrator of the identity provider can mend it.'),
    database: () => t('The administrator of the database can mend it.'),
    server: () => t('The administrator of the MCP server can mend it.'),
    network: () => t('Whoever runs the network can mend it.'),
    nobody: () => t('Nobody has to do anything: it passes with time.'),
  } satisfies Record<Person, () => string>,
  remedy: {
    signIn: () => t('Sign In'),
    setClientSecret: () => t('Set Client Secret'),
    setConnectionSecret: () => t('Set Connection Secret'),
    confirmConnections: () => t('Confirm Connections'),
    openSettings: () => t('Open Settings'),
    refreshToken: () => t('Refresh Token Now'),
  } satisfies Record<Remedy, () => string>,
  report: {
    why: () => t('Why'),
    what: () => t('What to do'),
    type: () => t('To type, or to hand to whoever can; what stands in <…> is yours to fill in'),
    said: () => t('What was said'),
    error: () => t('Error'),
    known: () => t('Known as'),
    columns: () => [t('State'), t('Link'), t('What was seen')] as const,
    state: { ok: '✓', broken: '✗', notChecked: '–' },
    notChecked: (reason: string) => t('Not checked. {0}', reason),
    made: (time: string) => t('Made by Data Passport on {0}. It holds no token and no secret.', time),
    madeForTicket: (time: string) =>
      t('Made by Data Passport on {0}. It holds no token and no secret; people are called <user>.', time),
  },
};
