import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, inComment, lines, placeholder } from '../text.ts';
import { heading, USER } from './people.ts';
import { literal } from './sql.ts';

const MANUAL = 'https://docs.snowflake.com/en/sql-reference/sql/grant-service-role';
const PAT_MANUAL = 'https://docs.snowflake.com/en/user-guide/programmatic-access-tokens';
const KEY_MANUAL = 'https://docs.snowflake.com/en/user-guide/key-pair-auth';

const POLICY = 'data_passport_people';
const ADDRESS = `${placeholder('public address of the user')}/32`;

type Section = (facts: GuideFacts) => readonly string[];

/** A person's programmatic access token is good only where a network policy covers its user. */
const programmaticToken: Section = () => [
  ...comment(
    '--',
    '3. The connection uses a programmatic access token: a person has to be covered by a network policy.',
    `${ADDRESS.replace('/32', '')}: the one address that this person comes from. More persons: more addresses, one each.`,
    'Never a range that holds everybody: the token would be as good from anywhere.',
    `Manual: ${PAT_MANUAL}`,
  ),
  `CREATE NETWORK POLICY ${POLICY} ALLOWED_IP_LIST = (${literal(ADDRESS)});`,
  `ALTER USER ${USER} SET NETWORK_POLICY = ${POLICY};`,
  ...comment(
    '--',
    'The token itself each person makes in Snowsight (their profile, Programmatic access tokens), for the role above, and',
    'enters with the command "Data Passport: Set Connection Secret". It goes to nobody else.',
  ),
];

/** The key stays with the person; Snowflake gets the public half. */
const keyPair: Section = () => [
  ...comment(
    '--',
    '3. The connection uses a key pair, whose signature Snowflake exchanges for a token of the endpoint.',
    '<public key>: the body of the public key in PEM, without its first and last line. The private key stays with the person.',
    `Manual: ${KEY_MANUAL}`,
  ),
  `ALTER USER ${USER} SET RSA_PUBLIC_KEY = '<public key>';`,
];

const otherToken: Section = () =>
  comment(
    '--',
    '3. The connection uses an OAuth token: see the text "Snowflake: External OAuth" or "Snowflake: Snowflake OAuth".',
    'Where a network policy keeps a person out, let in their own address and no more, such as 203.0.113.7/32.',
  );

const SECTIONS: Readonly<Partial<Record<string, Section>>> = {
  personalAccessToken: programmaticToken,
  snowflakeKeyPair: keyPair,
};

/** Who may reach an endpoint of Snowpark Container Services (https://docs.snowflake.com/en/developer-guide/snowpark-container-services/service-network-communications). */
export const snowflakeSpcs: Guide = {
  id: 'snowflakeSpcs',
  label: 'Snowflake: Snowpark Container Services',
  about: 'For whoever owns the service: let a role reach its endpoint, and what the credential of each person needs.',
  language: 'sql',
  manual: MANUAL,
  applies: ({ connection }) => connection.type === 'mcp/spcs',
  text: (facts) =>
    lines(
      heading(facts, 'an endpoint of Snowpark Container Services', [MANUAL]),
      comment('--', `Endpoint: ${inComment(textIn(facts.connection.settings, 'url') ?? placeholder('URL'))}`),
      '',
      comment(
        '--',
        '1. Which service it is: the one whose endpoint has the host name above (ingress_url).',
        '<database>, <schema>, <service>: as SHOW SERVICES lists them. <service role>: one that has the endpoint, as',
        'SHOW ROLES IN SERVICE lists them. <role>: the role of the people.',
      ),
      'SHOW SERVICES IN ACCOUNT;',
      comment(
        '--',
        'SHOW ENDPOINTS IN SERVICE <database>.<schema>.<service>;',
        'SHOW ROLES IN SERVICE <database>.<schema>.<service>;',
      ),
      '',
      comment('--', '2. Who may reach it'),
      'GRANT USAGE ON DATABASE <database> TO ROLE <role>;',
      'GRANT USAGE ON SCHEMA <database>.<schema> TO ROLE <role>;',
      'GRANT SERVICE ROLE <database>.<schema>.<service>!<service role> TO ROLE <role>;',
      comment('--', `${USER}: the name of the user in Snowflake. Repeat this for each person.`),
      `GRANT ROLE <role> TO USER ${USER};`,
      comment('--', 'A token that names no role reaches the endpoint with the DEFAULT_ROLE of its user:'),
      `ALTER USER ${USER} SET DEFAULT_ROLE = '<role>';`,
      '',
      (SECTIONS[facts.token.source] ?? otherToken)(facts),
    ),
};
