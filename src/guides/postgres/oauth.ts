import { isLoopback } from '../../core/connection.ts';
import { habitsOf, issuerOf, userClaimOf } from '../claims.ts';
import { type Guide, type GuideFacts, textIn } from '../guide.ts';
import { comment, hasUnseen, inComment, lines, placeholder } from '../text.ts';
import { heading, readingGrants, userOf } from './people.ts';

const MANUAL = 'https://www.postgresql.org/docs/18/auth-oauth.html';
const HBA_MANUAL = 'https://www.postgresql.org/docs/18/auth-pg-hba-conf.html';
const MAP_MANUAL = 'https://www.postgresql.org/docs/18/auth-username-maps.html';
const VALIDATOR_MANUAL = 'https://www.postgresql.org/docs/18/oauth-validators.html';

const MAP = 'data_passport';
/** Group of the people whom the line in pg_hba.conf is for. */
const PEOPLE = 'data_passport_people';
const VALIDATOR = placeholder('validator');

/**
 * A field of pg_hba.conf in quotes, where keywords mean themselves. A quote is doubled; a name that begins with a slash would be a
 * regular expression and a line break has no spelling at all, so neither is written.
 */
function field(value: string | undefined, what: string): string {
  const isPlain = value !== undefined && !hasUnseen(value) && !value.startsWith('/');
  return `"${(isPlain ? value : placeholder(what)).replaceAll('"', '""')}"`;
}

/** An option of the method: the whole of it in quotes is one field. */
function option(name: string, value: string | undefined, what: string): string {
  return `${name}=${field(value, what)}`;
}

function validatorLines(): readonly string[] {
  return [
    ...comment('#', '1. postgresql.conf', `Manual: ${VALIDATOR_MANUAL}`),
    ...comment(
      '#',
      `${VALIDATOR}: the library that checks the tokens. PostgreSQL brings none; it must check signature, issuer, audience and times,`,
      'and name the user by the claim below. Then reload: SELECT pg_reload_conf();',
    ),
    `oauth_validator_libraries = '${VALIDATOR}'`,
  ];
}

/** A token crosses no network in clear; on the machine itself there is none. */
function lineType({ connection: { settings } }: GuideFacts): 'host' | 'hostssl' {
  const host = textIn(settings, 'host');
  return host !== undefined && isLoopback(host) && settings['tls'] !== 'always' ? 'host' : 'hostssl';
}

function hbaLines(facts: GuideFacts): readonly string[] {
  const { settings } = facts.connection;
  const issuer = issuerOf(facts);
  const { otherIssuer } = habitsOf(facts);
  const { name } = userOf(facts);
  const options = [
    option('issuer', issuer, 'issuer'),
    option('scope', facts.token.scopes.join(' ') || 'openid', 'scopes'),
    ...(isMapped(facts) ? [`map=${MAP}`] : []),
  ].join(' ');
  const type = lineType(facts);
  return [
    ...comment(
      '#',
      '2. pg_hba.conf, above any other line that fits these users: the first one that fits counts',
      `Manual: ${HBA_MANUAL}`,
      '<address>: the network that people come from, such as 10.0.0.0/8.',
      ...(type === 'hostssl' ? ['hostssl: a token must not cross a network without TLS.'] : []),
      ...(issuer === undefined
        ? [`<issuer>: exactly what the access tokens say in iss. ${otherIssuer ?? ''}`.trimEnd()]
        : []),
    ),
    `${type} ${field(textIn(settings, 'database'), 'database')} ${name === undefined ? `+${PEOPLE}` : field(name, 'user')} <address> oauth ${options}`,
  ];
}

/** Names that the validator gives are database users as they are, unless each person's claim is only a part of it. */
const isMapped = (facts: GuideFacts): boolean => claimTemplate(facts) !== undefined;

/** `{claim}` alone needs no map: the server demands that the name is the user. */
function claimTemplate({ connection: { settings } }: GuideFacts): string | undefined {
  const template = textIn(settings, 'user') ?? '{preferred_username}';
  return /^\{[^{}]+\}$/.test(template) ? undefined : template;
}

function identLines(facts: GuideFacts): readonly string[] {
  const template = claimTemplate(facts);
  const claim = userClaimOf(facts) ?? 'the user claim';
  if (template === undefined)
    return comment(
      '#',
      '3. pg_ident.conf: no map. Without one the server demands that the name which the validator gives is the database user,',
      `which the connection takes from the claim in ${inComment(textIn(facts.connection.settings, 'user') ?? '{preferred_username}')}.`,
    );
  const { name } = userOf(facts);
  return [
    ...comment(
      '#',
      '3. pg_ident.conf: which name of the token may be which database user, one line a person',
      `Manual: ${MAP_MANUAL}`,
      `<name in the token>: what the validator gives, such as the claim ${inComment(claim)}.`,
    ),
    `${MAP} "<name in the token>" ${field(name, 'user')}`,
  ];
}

/** PostgreSQL 18 takes access tokens itself (https://www.postgresql.org/docs/18/auth-oauth.html). */
export const postgresOauth: Guide = {
  id: 'postgresOauth',
  label: 'PostgreSQL 18: OAuth',
  about:
    'For the PostgreSQL administrator: the lines of the three configuration files, and the SQL for users and grants.',
  language: 'plaintext',
  manual: MANUAL,
  applies: ({ connection }) =>
    connection.type === 'postgres' && connection.settings['authentication'] === 'oauthbearer',
  text(facts) {
    const user = userOf(facts);
    return lines(
      heading(facts, '#', {
        what: 'PostgreSQL 18 takes access tokens (OAuth)',
        manuals: [MANUAL, habitsOf(facts).source],
      }),
      '',
      validatorLines(),
      '',
      hbaLines(facts),
      '',
      identLines(facts),
      '',
      comment('#', '4. SQL, as a superuser'),
      user.name === undefined
        ? [...comment('--', 'The people whom the line in pg_hba.conf is for'), `CREATE ROLE ${PEOPLE} NOLOGIN;`]
        : undefined,
      comment('--', ...user.comment),
      `CREATE ROLE ${user.sql} LOGIN${user.name === undefined ? ` IN ROLE ${PEOPLE}` : ''};`,
      readingGrants(facts),
      'SELECT pg_reload_conf();',
      comment('--', 'A moment later nothing must be listed here: lines that the server could not read.'),
      'SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL;',
    );
  },
};
