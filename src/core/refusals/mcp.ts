import type { KnownRefusal } from './refusal.ts';

/** What a server says of itself tells more than how it words a refusal (RFC 9728). */
export const metadataRefusals = [
  {
    system: 'MCP server',
    sign: '401, and its metadata name another authorization server',
    codes: ['DP-MCP-REFUSED'],
    where: { authorizationServer: /./ },
    who: 'user',
    cause:
      'The server takes tokens of {authorizationServer} and of nobody else, and this token is from {tokenIssuer}. A managed MCP server of Snowflake can be bound to one security integration.',
    fix: 'Add the identity provider with that issuer to dataPassport.identityProviders and name it in identityProvider of the connection. If the server should take the tokens of yours, its administrator must change its authorization server.',
    type: [
      {
        language: 'json',
        text: '"dataPassport.identityProviders": { "<id>": { "issuer": "{authorizationServer}", "clientId": "<client id>" } }',
      },
    ],
    remedy: 'openSettings',
  },
] as const satisfies readonly KnownRefusal[];

/** Remote MCP servers, and what stands in front of them. */
export const mcpRefusals = [
  {
    system: 'Snowflake',
    sign: '-32603 does not exist or not authorized',
    codes: ['DP-MCP-GRANT'],
    who: 'system',
    cause:
      'The token is good. The role lacks a privilege, or a name in the settings is misspelled: Snowflake says the same of both.',
    fix: 'Check database, schema and server of the connection first. If they are right, have these three granted. Each tool also wants the privilege on what it uses.',
    type: [
      {
        language: 'sql',
        text: 'GRANT USAGE ON DATABASE {databaseName} TO ROLE {roleName};\nGRANT USAGE ON SCHEMA {schemaName} TO ROLE {roleName};\nGRANT USAGE ON MCP SERVER {serverName} TO ROLE {roleName};',
      },
    ],
  },
  {
    system: 'Snowpark Container Services',
    sign: 'ERROR_UNAUTHORIZED, network policy',
    codes: ['DP-MCP-INGRESS'],
    says: /network policy/i,
    who: 'system',
    cause:
      'The gateway in front of the app takes a programmatic access token only where a network policy covers its user and lets this address in.',
    fix: 'Have a policy made for your own address, and no wider.',
    type: [
      {
        language: 'sql',
        text: "CREATE NETWORK POLICY <policy> ALLOWED_IP_LIST = ('<public address>/32');\nALTER USER <user> SET NETWORK_POLICY = <policy>;",
      },
    ],
  },
  {
    system: 'Snowpark Container Services',
    sign: 'ERROR_UNAUTHORIZED, invalid or expired token',
    codes: ['DP-MCP-INGRESS'],
    says: /expired|(?:invalid.*token|token.*invalid)/i,
    who: 'user',
    cause: 'The token is cut off, has ended or was revoked. The app was not reached.',
    fix: 'Make a new programmatic access token in Snowsight and run "Data Passport: Set Connection Secret"; where the connection uses your sign-in, sign in again.',
    remedy: 'setConnectionSecret',
  },
  {
    system: 'Snowpark Container Services',
    sign: 'ERROR_UNAUTHORIZED or ERROR_FORBIDDEN, other words',
    codes: ['DP-MCP-INGRESS'],
    who: 'system',
    cause:
      'The gateway in front of the app does not let this user in: the role lacks the service role of the endpoint, or a network policy keeps this address out.',
    fix: 'Have the service role granted. The request id {requestId} helps the administrator and Snowflake.',
    type: [{ language: 'sql', text: 'GRANT SERVICE ROLE <service>!<service role> TO ROLE <role>;' }],
  },
  {
    system: 'Snowpark Container Services',
    sign: '502',
    codes: ['DP-MCP-NOT-READY'],
    who: 'nobody',
    cause: 'The app is starting or suspended. A suspended service starts with the first request.',
    fix: 'Try again in a minute or two. If it stays, ask the owner of the service to look at it.',
    type: [
      { language: 'sql', text: "ALTER SERVICE <service> RESUME;\nSELECT SYSTEM$GET_SERVICE_STATUS('<service>');" },
    ],
  },
  {
    system: 'MCP server',
    sign: 'insufficient_scope (RFC 6750)',
    codes: ['DP-MCP-FORBIDDEN'],
    says: /insufficient_scope/,
    who: 'user',
    cause: 'The server knows the user, and the token lacks a scope.',
    fix: 'Add the scope that the detail names to token.scopes of the connection. If the identity provider does not grant it, its administrator must allow it for the client {clientId}.',
    remedy: 'openSettings',
  },
  {
    system: 'MCP server',
    sign: '404 or 405',
    codes: ['DP-MCP-STATUS'],
    where: { status: /^40[45]$/ },
    who: 'user',
    cause: 'The host answers, and there is no MCP server at this path.',
    fix: 'Correct the address of the connection, path included: many end in /mcp.',
    remedy: 'openSettings',
  },
  {
    system: 'MCP server',
    sign: '502, 503, 504, 429',
    codes: ['DP-MCP-STATUS'],
    where: { status: /^(?:429|50[234])$/ },
    who: 'nobody',
    cause: 'The server is starting, down or overloaded; something in front of it answered.',
    fix: 'Try again in a minute or two. If it stays, ask the owner of the server.',
  },
  {
    system: 'MCP server',
    sign: '500',
    codes: ['DP-MCP-STATUS'],
    where: { status: /^5/ },
    who: 'system',
    cause: 'The server failed in a way of its own.',
    fix: 'Ask the owner of the server, with the time of this report.',
  },
  {
    system: 'MCP server',
    sign: 'a page of HTML',
    codes: ['DP-MCP-ANSWER'],
    says: /text\/html/i,
    who: 'user',
    cause:
      'A page answered instead of an MCP server: the address is that of a web site or its login page, or the network wants you to log in first.',
    fix: 'Open the address in a browser: if it is a page of the network, log in there. Otherwise correct the address of the connection, path included.',
    remedy: 'openSettings',
  },
  {
    system: 'MCP server',
    sign: 'it refuses to begin a conversation',
    codes: ['DP-MCP-ANSWER'],
    says: /refuses to begin|refuses to list/,
    who: 'system',
    cause:
      'The server took the token and then failed to begin or to list its tools. Its own words are in the detail or the sentence.',
    fix: 'Show its words to the owner of the server.',
  },
] as const satisfies readonly KnownRefusal[];
