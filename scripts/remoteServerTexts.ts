/** What docs/remote-mcp-servers.md says beside what stands in the code. */

export const INTRO = `# Remote MCP servers

A connection of type \`mcp\` is one more MCP server in the editor, *Data Passport: title*. The editor talks to the gateway on this machine;
the gateway puts your own fresh token on every request and sends it to the server. Neither the editor, nor the model, nor any file ever has the token.

- **Signed out**, the server stays in the editor with the tools that you know. The first call shows the sign-in card in the chat and is
  repeated by the editor after the sign-in.
- **A token that is rejected** is renewed once, and the call is sent once more, because it can not have run. A missing right is never
  answered with another token; the error names who can mend it. A call that may have run is never sent twice.
- **Where a token goes**: to the exact origin of the address, over https (http for this machine alone). Redirects are not followed. Of the
  editor's own header fields, only those of the protocol go on; of the server's, none but its content type.
- **What a server says is data.** Characters that nobody sees, escape sequences, images and links that act are made inert; results are
  bounded by \`limits.bytes\` (default 1,000,000 here) and say when they were cut; whatever repeats the token is masked; a server's word that a tool only reads spares
  you no confirmation. \`trusted\` switches that off (but for the masking) for servers whose operators you trust like yourself.
- **Tools that change behind you** are withheld until you have seen the difference: *Data Passport: Review Changed Tools*. With \`newTools\` set to \`ask\`
  that goes for new ones, too.
- **Beyond tools**, resources, prompts, completions and log messages pass. Questions to you (elicitation), use of the language model (sampling) and of your workspace
  folders (roots) pass only where \`allow\` lists them; forms that ask for secrets never do.
- **Time**: a call is ended after \`limits.seconds\` (default 600 here), on both sides. So is one that you cancel, or whose editor is gone.
- **Revisions**: servers of 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28, and those of the older HTTP+SSE transport, are found out by
  themselves.

Administrators who allow servers by name (\`chat.mcp.allowedServers\`) name them as the editor does: \`Data Passport: <title>\`.

Every example is a part of your user settings; the tests read them as they stand here.`;

const SNOWFLAKE = `Without a \`role\` the session has the user's default role. The user needs a \`DEFAULT_WAREHOUSE\`. Results of SQL tools and of your own functions are cut
at 250 KB by Snowflake; the model is told so where that happened.

What an administrator runs, here for an identity provider of your company (External OAuth). Issuer, keys and the audience are those of the provider; the claim that holds
the user's login name is its choice.

\`\`\`sql
-- Who may sign in: tokens of your identity provider.
CREATE SECURITY INTEGRATION company_login
  TYPE = EXTERNAL_OAUTH
  ENABLED = TRUE
  EXTERNAL_OAUTH_TYPE = CUSTOM
  EXTERNAL_OAUTH_ISSUER = 'https://login.example.com'
  EXTERNAL_OAUTH_JWS_KEYS_URL = 'https://login.example.com/jwks'
  EXTERNAL_OAUTH_AUDIENCE_LIST = ('https://myorg-myaccount.snowflakecomputing.com')
  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'email'
  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'EMAIL_ADDRESS'
  EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE = 'scp'
  EXTERNAL_OAUTH_ANY_ROLE_MODE = 'ENABLE';

-- The server, and its tools.
CREATE MCP SERVER sales.mcp.analyst_tools
  FROM SPECIFICATION $$
    tools:
      - name: "sql-exec"
        type: "SYSTEM_EXECUTE_SQL"
        title: "Run SQL"
        description: "Runs one reading SQL statement."
      - name: "product-search"
        type: "CORTEX_SEARCH_SERVICE_QUERY"
        identifier: "SALES.MCP.PRODUCT_SEARCH"
        title: "Search products"
        description: "Finds products by what is said of them."
  $$;

-- Who sees it: a role, and the users who have that role.
GRANT USAGE ON DATABASE sales TO ROLE analyst;
GRANT USAGE ON SCHEMA sales.mcp TO ROLE analyst;
GRANT USAGE ON MCP SERVER sales.mcp.analyst_tools TO ROLE analyst;
-- Who may call each tool: the privilege on what it uses.
GRANT USAGE ON CORTEX SEARCH SERVICE sales.mcp.product_search TO ROLE analyst;
ALTER USER <user> SET DEFAULT_WAREHOUSE = analytics_wh;
\`\`\`

With Snowflake's own sign-in in the place of a company's, take the identity provider preset \`snowflake\`. An MCP server that is bound to one integration
(\`OAUTH_AUTHORIZATION_SERVER\`) takes OAuth tokens of that one alone; personal access tokens and key pairs are not affected.
Sources: [managed MCP servers](https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-agents-mcp),
[CREATE MCP SERVER](https://docs.snowflake.com/en/sql-reference/sql/create-mcp-server),
[External OAuth](https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external).`;

const SPCS = `Snowflake's ingress takes its own token on \`X-SF-SPCS-Authorization\` and passes \`Authorization\` on to the app: \`token\` is Snowflake's, \`serverToken\` the app's own, where it wants one.
Snowflake's token goes to hosts under \`.snowflakecomputing.app\` alone. It can be a programmatic access token, an OAuth access token, or one that a key pair was exchanged for (source \`snowflakeKeyPair\` with its \`endpoint\`).
A rejection by the ingress is told from one by the app, is never tried again, and comes with Snowflake's own words, its request id and what to do.
The ingress ends connections that are silent for 90 seconds: a silent stream is taken up again where the app keeps what it said (event ids), and otherwise the call ends with an error that says so.

\`\`\`sql
-- A programmatic access token is good only where a network policy covers its user: that user's own address, never everything.
CREATE NETWORK POLICY from_this_address ALLOWED_IP_LIST = ('203.0.113.7/32');
ALTER USER <user> SET NETWORK_POLICY = from_this_address;
-- Who may use the service.
GRANT SERVICE ROLE forecast.app.mcp!all_endpoints_usage TO ROLE analyst;
\`\`\``;

const DATABASE_GATEWAY = `The server is not the database, and gets a token that lets it do there what you may do: by the letter of MCP, a server should be given tokens for itself alone. So this is asked about in a dialog that names the
server, the database, the audience and the scopes, and asked again when any of them changes. Nothing else puts \`X-Database-Token\` on a request. The token is sent raw, without \`Bearer\`; without a token nothing is sent at all, so a server that
would fall back to an account of its own never gets the chance. A login that the database refuses is told as such, whatever the server makes of it; the call is not sent again, and the next one has a fresh token.
Ask the operator: https only, no token in logs, a session for each request, and an error instead of a shared account.`;

const STDIO = `The program is shown with all its arguments, its folder, its variables and what it gets of your token before it runs the first time, and again when any of that changes; it is started without a shell, and not in Restricted Mode. It gets a few variables of yours (\`PATH\`, \`HOME\`, language, temporary folder), those in
\`env\`, and one of two:

- \`api\`: an address on this machine. What the program asks there is asked of the service with your token, which the program never has. The address holds a key of its own, so that other programs can not use it.
- \`tokenVariable\`: the token itself, in an environment variable of your choice. **This is the one place where a token enters an environment variable**: every program that this one starts can read it. The program is started anew,
  between two calls, before the token ends.

What it writes to standard error is not kept.`;

const GENERIC = `\`Authorization: Bearer <token>\` unless \`header\` and \`template\` say otherwise. Ask for a token that is meant for this server: \`token.audience\` (and \`token.scopes\`) as its administrator names them.`;

export const NOTES: Readonly<Record<string, string>> = {
  generic: GENERIC,
  snowflake: SNOWFLAKE,
  spcs: SPCS,
  databaseGateway: DATABASE_GATEWAY,
  stdio: STDIO,
};

interface Service {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

export const SERVICES: { readonly intro: string; readonly each: readonly Service[]; readonly more: string } = {
  intro:
    'Addresses and header fields are those of the vendors (November 2026). The settings are tested to be read; the services themselves were not reached by our tests.',
  each: [
    {
      name: 'Databricks managed MCP servers',
      file: 'databricks',
      text: "Sign in at the workspace, with the scope of the server: `sql` for `/api/2.0/mcp/sql`, `genie` for `/api/2.0/mcp/genie/<space>`, `unity-catalog` for `/api/2.0/mcp/functions/<catalog>/<schema>/<function>`, `ai-search` for `/api/2.0/mcp/ai-search/…` ([Databricks](https://docs.databricks.com/aws/en/agents/mcp/managed-mcp)). Where the workspace trusts your company's identity provider, `tokenExchange` does without a second sign-in.",
    },
    {
      name: 'dbt',
      file: 'dbt',
      text: 'A personal access token, and the environment in header fields ([dbt](https://docs.getdbt.com/docs/dbt-ai/setup-remote-mcp)).',
    },
    {
      name: 'Looker',
      file: 'looker',
      text: 'The MCP server of a hosted instance, with the sign-in of the instance itself; an administrator registers the client first.',
    },
    {
      name: 'Tableau',
      file: 'tableau',
      text: 'An MCP server of Tableau that takes tokens of your identity provider (OAuth mode).',
    },
  ],
  more: 'Any other server that takes a token in a header works in the same way. A server that signs in its users only by the OAuth of MCP itself, with a client that registers on the fly, is better left to the editor.',
};
