import { type Credential, tokenOf } from '../core/credential.ts';
import { type Claims, decodeJwt } from '../core/jwt.ts';
import { type Expected, isGranted, scopesIn } from './claims.ts';

export interface Described {
  /** The connection, as the user calls it. */
  readonly title: string;
  /** Label of the token source. */
  readonly source: string;
  readonly credential: Credential;
  readonly expected: Expected;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A credential as Markdown: header and claims of a JWT beside what is expected, facts alone of anything else. Never a signature or a secret. */
export function describeCredential({ title, source, credential, expected, now }: Described): string {
  const fields = credential.reveal();
  const token = tokenOf(fields);
  const jwt = token === undefined ? undefined : decodeJwt(token);
  const facts = [
    `- Token source: ${inline(source)}`,
    `- Kind: ${credential.kind}`,
    ...(fields.kind === 'password' ? [`- User: ${inline(fields.user)}`] : []),
    ...(fields.kind === 'aws' ? [`- Access key: ${inline(fields.accessKeyId)}, region ${inline(fields.region)}`] : []),
    `- Expires: ${credential.expiresAt ? when(credential.expiresAt.getTime(), now) : 'not known'}`,
  ];
  const sections = jwt
    ? [
        `## Header\n\n${table(['Name', 'Value'], entries(jwt.header))}`,
        `## Claims\n\n${table(['Claim', 'Value', 'Expected'], claimRows(jwt.claims, expected, now))}`,
        'The signature is left out: nobody can use this text as a token.',
      ]
    : [`## Claims\n\n${token === undefined ? 'This kind of credential has no claims.' : opaque(expected)}`];
  return [`# Token of ${inline(title)}`, facts.join('\n'), ...sections, ''].join('\n\n');
}

function opaque({ audience, scopes }: Expected): string {
  const asked = [
    ...(audience === undefined ? [] : [`audience ${inline(audience)}`]),
    ...(scopes.length > 0 ? [`scopes ${scopes.map(inline).join(', ')}`] : []),
  ];
  const for_ = asked.length > 0 ? ` It was asked for with ${asked.join(' and ')}.` : '';
  return `The token is opaque: only the system that issued it can read it.${for_}`;
}

function claimRows(claims: Claims, expected: Expected, now: number): string[][] {
  const { name, scopes } = scopesIn(claims);
  const hopes = new Map(
    Object.entries<Hope | undefined>({
      iss: hope(expected.issuer, (issuer) => claims['iss'] === issuer),
      aud: hope(expected.audience, (audience) => [claims['aud']].flat().includes(audience)),
      sub: hope(expected.subject, (subject) => claims['sub'] === subject),
      exp: { text: 'a time to come', met: typeof claims['exp'] !== 'number' || claims['exp'] * 1000 > now },
      [name]:
        expected.scopes.length === 0
          ? undefined
          : {
              text: expected.scopes.join(' '),
              met: expected.scopes.every((scope) => isGranted(scope, scopes ?? [])),
            },
    }),
  );
  const present = Object.entries(claims).map(([claim, value]) => [
    code(claim),
    code(shown(claim, value, now)),
    mark(hopes.get(claim)),
  ]);
  // Absent is unknown, not wrong (Cognito has no `aud`).
  const absent = [...hopes].flatMap(([claim, wanted]) =>
    wanted && claims[claim] === undefined && claim !== 'exp' ? [[code(claim), '(absent)', code(wanted.text)]] : [],
  );
  return [...present, ...absent];
}

interface Hope {
  readonly text: string;
  readonly met: boolean;
}

function hope(wanted: string | undefined, met: (wanted: string) => boolean): Hope | undefined {
  return wanted === undefined ? undefined : { text: wanted, met: met(wanted) };
}

function mark(wanted: Hope | undefined): string {
  if (!wanted) return '';
  return wanted.met ? `✓ ${code(wanted.text)}` : `✗ ${code(wanted.text)}`;
}

const TIMES: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'auth_time', 'updated_at']);

function shown(claim: string, value: unknown, now: number): string {
  if (TIMES.has(claim) && typeof value === 'number' && Math.abs(value) < 8e12)
    return `${value} = ${when(value * 1000, now)}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function when(time: number, now: number): string {
  const minutes = Math.round(Math.abs(time - now) / 60_000);
  return `${new Date(time).toISOString()} (${time > now ? `in ${minutes} min` : `${minutes} min ago`})`;
}

function entries(values: Claims): string[][] {
  return Object.entries(values).map(([name, value]) => [code(name), code(shown(name, value, 0))]);
}

/** Its first column is padded, so that it can be read as text too; more would be wrapped by the editor. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = Math.max(3, ...[head, ...rows].map(([first = '']) => first.length));
  const line = ([first = '', ...others]: readonly string[]): string =>
    `| ${[first.padEnd(width), ...others].join(' | ')} |`;
  return [line(head), line(['-'.repeat(width), ...head.slice(1).map(() => '---')]), ...rows.map(line)].join('\n');
}

/** Claims come from elsewhere: none of their Markdown is rendered. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ').slice(0, 2000);
  const fence = '`'.repeat(Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const body = /^`|`$/.test(flat) ? ` ${flat} ` : flat;
  return `${fence}${body.replaceAll('|', String.raw`\|`)}${fence}`;
}

function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]()#+!|<>~$]/g, String.raw`\$&`);
}
