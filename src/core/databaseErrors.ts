import type { ErrorEntry } from './errorEntry.ts';

/** What a database, or the way to it, refuses; part of the table in errorTable.ts. */
export const DATABASE_ERRORS = {
  'DP-DATABASE-UNREACHABLE': {
    sentence: 'The database of {connection} can not be reached at {host} ({reason}).',
    cause: 'The host name is wrong, the network or a firewall blocks it, or the database is down.',
    fix: 'Check the host and port in dataPassport.connections and the network (VPN), then try again.',
    who: 'user',
    retry: true,
  },
  'DP-DATABASE-INSECURE': {
    sentence: 'The database of {connection} at {host} offers no encrypted connection, so the token was not sent.',
    cause: 'A token may cross a network only over TLS.',
    fix: 'Ask the administrator of the database to enable TLS.',
    who: 'administrator',
    retry: false,
  },
  'DP-DATABASE-CERTIFICATE': {
    sentence: 'The certificate of {host} is not trusted ({reason}), so the token was not sent.',
    cause: 'The certificate is self-signed, expired, or belongs to another host.',
    fix: 'Add the certificate authority to the operating system, or ask the administrator of the database.',
    who: 'administrator',
    retry: false,
  },
  'DP-DATABASE-REFUSED': {
    sentence: 'The database of {connection} refused the login of {user}.',
    cause:
      'The database does not trust the issuer or audience of the token, knows no such user, the token had expired, or the password is another one.',
    fix: 'Where a password is used, enter it again with the command "Data Passport: Set Connection Secret". Otherwise ask the administrator of the database to trust the issuer, audience and user named in the detail.',
    who: 'administrator',
    retry: false,
  },
  'DP-DATABASE-ROLE': {
    sentence: 'The role {role} is not available to you on {connection}.',
    cause: 'The role was not granted to the user, or the token does not allow it.',
    fix: 'Set another role in dataPassport.connections, or ask the administrator to grant the role and its scope.',
    who: 'administrator',
    retry: false,
  },
  'DP-DATABASE-PERMISSION': {
    sentence: 'The database of {connection} does not allow this, or the object does not exist.',
    cause: 'The user and role that the query ran as lack a privilege, or a name is misspelled.',
    fix: 'Check the names with list_objects; if they are right, ask the owner of the data for access.',
    who: 'administrator',
    retry: false,
  },
  'DP-DATABASE-STATEMENT': {
    sentence: 'The database of {connection} can not run this statement.',
    cause: 'The statement has an error that the database names in the detail.',
    fix: 'Correct the statement and call again.',
    who: 'agent',
    retry: false,
  },
  'DP-DATABASE-LOST': {
    sentence: 'The connection to the database of {connection} was lost while the statement ran.',
    cause: 'The database or the network ended the session. The statement may have run, so it was not repeated.',
    fix: 'Call again.',
    who: 'nobody',
    retry: true,
  },
  'DP-DATABASE-BUSY': {
    sentence: 'Too many statements are already running for you on {connection}.',
    cause: 'All sessions of this user on this connection are busy.',
    fix: 'Wait for a running statement to end, then call again.',
    who: 'nobody',
    retry: true,
  },
  'DP-QUERY-TIMEOUT': {
    sentence: 'The statement ran longer than {seconds} seconds on {connection} and was canceled.',
    cause: 'The time limit protects the database and the chat.',
    fix: 'Narrow the statement (fewer rows, a filter), or raise dataPassport.limits.seconds.',
    who: 'agent',
    retry: false,
  },
  'DP-QUERY-CANCELED': {
    sentence: 'The statement on {connection} was canceled.',
    cause: 'The call was canceled in the editor, or the sign-in ended.',
    fix: 'Call again if the answer is still wanted.',
    who: 'user',
    retry: false,
  },
  'DP-READ-ONLY': {
    sentence: 'This connection only reads: {reason}.',
    cause: 'The read-only guard lets one reading statement pass and refuses everything else.',
    fix: 'Send a single SELECT, WITH, SHOW, DESCRIBE or EXPLAIN statement without side effects.',
    who: 'agent',
    retry: false,
  },
  'DP-OBJECT-UNKNOWN': {
    sentence: 'There is no object {name} on {connection} that you can see.',
    cause: 'The name is misspelled, or the user has no privilege on the object.',
    fix: 'Call list_objects to see the names.',
    who: 'agent',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>;
