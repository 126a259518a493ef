import type { ErrorEntry } from './errorEntry.ts';

/** What a remote MCP server, or the way to it, refuses; part of the table in errorTable.ts. */
export const MCP_ERRORS = {
  'DP-MCP-UNREACHABLE': {
    sentence: 'The MCP server of {connection} can not be reached at {host} ({reason}).',
    cause: 'The host name is wrong, the network, a proxy or a firewall blocks it, or the server is down.',
    fix: 'Check the address in dataPassport.connections and the network (VPN, http.proxy), then try again.',
    who: 'user',
    retry: true,
  },
  'DP-MCP-CERTIFICATE': {
    sentence: 'The certificate of {host} is not trusted ({reason}), so nothing was sent.',
    cause: 'The certificate is self-signed, expired, or belongs to another host.',
    fix: 'Add the certificate authority to the operating system, or ask the administrator of the MCP server.',
    who: 'administrator',
    retry: false,
  },
  'DP-MCP-REFUSED': {
    sentence: 'The MCP server of {connection} at {host} refused the token.',
    cause:
      'The server does not trust the issuer or audience of the token, knows no such user, or wants another token. A fresh one was tried.',
    fix: 'Run "Data Passport: Show Token Claims" and compare issuer, audience and scopes with what the server expects; its administrator can tell.',
    who: 'administrator',
    retry: false,
  },
  'DP-MCP-FORBIDDEN': {
    sentence: 'The MCP server of {connection} at {host} does not allow this (HTTP status 403).',
    cause: 'The server knows the user, who lacks a right or a scope. A fresh token would not change that.',
    fix: 'Ask the administrator of the MCP server for access, or add the scope that the detail names to the token settings.',
    who: 'administrator',
    retry: false,
  },
  'DP-MCP-GRANT': {
    sentence:
      'Snowflake says that the MCP server {server} of {connection} does not exist or that {role} is not authorized to use it.',
    cause: 'The token is good. The role lacks a privilege, or a name in the settings is misspelled.',
    fix: 'Check database, schema and server in dataPassport.connections. If they are right, ask a Snowflake administrator to run: GRANT USAGE ON DATABASE {databaseName} TO ROLE {roleName}; GRANT USAGE ON SCHEMA {schemaName} TO ROLE {roleName}; GRANT USAGE ON MCP SERVER {serverName} TO ROLE {roleName}; Each tool also wants the privilege on what it uses.',
    who: 'administrator',
    retry: false,
  },
  'DP-MCP-INGRESS': {
    sentence:
      'Snowflake rejected the token before the app was reached (HTTP status {status}, {responseType}, request {requestId}).',
    cause: 'Snowflake checks its own token in front of the app, which was not asked ({hint}).',
    fix: '{remedy} Then call again. The request id helps Snowflake support.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-NOT-READY': {
    sentence: 'The app of {connection} at {host} is not ready (HTTP status {status}).',
    cause: 'It is starting, suspended or overloaded.',
    fix: 'Wait a minute, then try again. If it stays, ask the owner of the app.',
    who: 'nobody',
    retry: true,
  },
  'DP-MCP-DATABASE': {
    sentence: 'The database behind the MCP server of {connection} refused the token.',
    cause:
      'The login at the database failed; the query is not at fault. The token had ended, or the database does not trust its issuer or audience, or knows no such user.',
    fix: 'Call again: a fresh token is used. If it stays, run "Data Passport: Show Token Claims", and ask the administrator of the database to trust the issuer, audience and user.',
    who: 'administrator',
    retry: true,
  },
  'DP-MCP-STATUS': {
    sentence: 'The MCP server of {connection} at {host} answered with HTTP status {status}.',
    cause: 'The server or something in front of it failed, or the address is not that of an MCP server.',
    fix: 'Check the address in dataPassport.connections. If it is right, try again later or ask the owner of the server.',
    who: 'nobody',
    retry: true,
  },
  'DP-MCP-ANSWER': {
    sentence: 'The MCP server of {connection} at {host} gave an answer that can not be used ({problem}).',
    cause: 'The address is not that of an MCP server, or something on the way (a login page, a proxy) answered for it.',
    fix: 'Check the address in dataPassport.connections and the network, then try again.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-REDIRECT': {
    sentence: 'The MCP server of {connection} at {host} sends requests on to another address, so they ended there.',
    cause: 'A token goes to the configured address alone and never follows a redirect (HTTP status {status}).',
    fix: 'Ask the owner of the server for its final address and set it in dataPassport.connections.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-LOST': {
    sentence:
      'The connection to the MCP server of {connection} was lost before its answer was complete ({reason}). The call may have run, so it was not repeated.',
    cause: 'The server, or something on the way to it, ended the connection.',
    fix: 'Find out whether it ran, then call again.',
    who: 'nobody',
    retry: false,
  },
  'DP-MCP-TIMEOUT': {
    sentence: 'The MCP server of {connection} did not answer within {seconds} seconds. The call was canceled.',
    cause: 'The time limit protects the chat. Whether the server heard the cancellation is up to it.',
    fix: 'Ask for less, or raise limits.seconds of the connection.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-CANCELED': {
    sentence: 'The call of {connection} was canceled.',
    cause: 'It was canceled in the editor, its sign-in ended, or its settings changed.',
    fix: 'Call again if the answer is still wanted.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-TOOL-CHANGED': {
    sentence: 'The tool {tool} of {connection} is not the one that you know, so it is withheld.',
    cause: 'The server changed its description or its arguments after you began to use it, or the tool is new.',
    fix: 'Run the command "Data Passport: Review Changed Tools" and take the change, or leave the tool out.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-NOT-ALLOWED': {
    sentence: 'The settings of {connection} do not allow {feature}.',
    cause: 'What a remote MCP server may offer beside tools, and ask of you, is listed in the setting "allow".',
    fix: 'Add "{feature}" to allow in dataPassport.connections.{connection} if you want it.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-HEADER': {
    sentence: 'The header {header} for the MCP server of {connection} can not be sent ({problem}).',
    cause: 'A header holds one line of ASCII characters, of bounded length. Nothing was sent.',
    fix: 'Check the token source of {connection}: it gives something that is no token.',
    who: 'user',
    retry: false,
  },
  'DP-MCP-PROGRAM': {
    sentence: 'The program {program} of {connection} {problem}.',
    cause: 'The program is missing, ended, or wrote something that is not MCP to its standard output.',
    fix: 'Run it in a terminal to see what it says, and correct command and args in dataPassport.connections.',
    who: 'user',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>;
