import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import * as z from 'zod/mini';

import { connectors } from '../src/connectors/index.ts';
import type { CredentialKind } from '../src/core/credential.ts';
import { tokenSources } from '../src/tokens/index.ts';
import type { TokenSource } from '../src/tokens/source.ts';
import { formatted } from './markdown.ts';

const root = new URL('../', import.meta.url);

const KINDS: Record<CredentialKind, string> = {
  bearer: 'a token',
  personalAccessToken: 'a personal access token',
  keyPairJwt: 'a JWT signed with your own key',
  endpointToken: 'a token of one endpoint of a service',
  installation: 'a token of an app installation',
  password: 'a user and a short-lived password',
  aws: 'AWS credentials (Signature Version 4)',
};

const intro = `# Token sources

A connection gets its credential from a token source: the setting \`token\` of the connection, with the name of the source under
\`source\` and the source's own settings beside it. Without \`token\` it is the access token of the identity provider.

What all of them have in common:

- A credential is asked for at every login and kept until shortly before it ends (60 seconds, or a tenth of its life if that is less).
  While it is in use it is renewed ahead of its end. However many callers ask at once, one is minted.
- Connections with the same sign-in and the same token settings share one credential. A connection with a secret, key or program of
  its own shares with nobody.
- A credential that the other side rejects is minted once more and tried once more; then the error says who can mend it. Where there is
  nothing new to try (a stored secret), it is not tried twice.
- A source that answers with nothing, an empty or a non-string value, or characters that no token has, fails, and nothing is sent. There is
  no falling back to another credential.
- A JSON Web Token is checked before its first use: issuer, audience, subject and scopes must be those that were asked for; a claim that
  is absent is unknown, not wrong. Opaque tokens are used as they are. *Data Passport: Show Token Claims* shows them beside what is
  expected.
- Secrets that you enter are typed into a masked box and kept in the editor's secret storage (*Data Passport: Set Connection Secret*,
  *Remove Connection Secret*). One with a last day is announced a week ahead.
- Where a credential goes, and which program is run for it, you confirm: a sign-in and an entered secret agree to the connections that are
  new by then; a changed host or program is asked about when the settings are saved, and until then nothing is sent.
`;

/** docs/token-sources.md, from the table in src/tokens/index.ts and the tested examples. */
export function tokenSourceDocs(): Promise<string> {
  const entries = Object.entries(tokenSources);
  const offered = entries.filter(([, source]) => typesFor(source).length > 0);
  const others = entries.filter(([, source]) => typesFor(source).length === 0);
  const parts = [
    intro.trimEnd(),
    overview(entries),
    ...offered.map(([name, source]) => section(name, source)),
    ...(others.length > 0
      ? [
          '## Not offered by a connection type yet\n\nThese mint credentials that neither of the connection types can use.',
          ...others.map(([name, source]) => section(name, source, '###')),
        ]
      : []),
    '',
  ];
  return formatted(parts.join('\n\n'));
}

/** Connection types that take what the source gives. */
function typesFor({ kinds }: TokenSource): readonly string[] {
  return Object.values(connectors)
    .filter(({ accepts }) => accepts.some((kind) => kinds.includes(kind)))
    .map(({ type }) => type);
}

/** With the fewest settings; where one makes a difference, its own text says so. */
function isShared({ runsAs }: TokenSource): boolean {
  return runsAs({}) === 'shared';
}

function overview(entries: readonly (readonly [string, TokenSource])[]): string {
  const rows = entries.map(([name, source]) => [
    `[\`${name}\`](#${name.toLowerCase()})`,
    source.from === 'signIn' ? 'your sign-in' : 'something of its own',
    isShared(source) ? '**a shared identity**' : 'you',
    typesFor(source)
      .map((type) => `\`${type}\``)
      .join(', ') || '–',
  ]);
  return table(['Source', 'Starts from', 'The other side sees', 'Connection types'], rows);
}

function section(name: string, source: TokenSource, heading = '##'): string {
  const { about, specification, kinds } = source;
  const example = exampleOf(name);
  return [
    `${heading} ${name}`,
    about,
    [
      `- **Gives:** ${kinds.map((kind) => KINDS[kind]).join(', or ')}`,
      `- **Rules:** [${specification.title}](${specification.url})`,
      ...(isShared(source)
        ? [
            '- **Shared identity:** the other side sees an account that many people share. Wherever it is shown, it is marked so.',
          ]
        : []),
    ].join('\n'),
    settingsTable(source),
    ...(example === undefined ? [] : [`\`\`\`json\n${example}\n\`\`\``]),
  ].join('\n\n');
}

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Property[];
}

function settingsTable({ settings }: TokenSource): string {
  const schema = z.toJSONSchema(settings, { io: 'input' }) as {
    properties?: Readonly<Record<string, Property>>;
    required?: readonly string[];
  };
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    `\`${name}\``,
    schema.required?.includes(name) ? 'required' : defaultOf(property),
    (property.description ?? '').replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;'),
  ]);
  return rows.length === 0 ? 'It has no settings.' : table(['Setting', 'Default', 'Meaning'], rows);
}

function defaultOf(property: Property): string {
  return property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``;
}

/** A connection with its provider, where it needs one, as the tests read it. */
function exampleOf(name: string): string | undefined {
  const file = new URL(`test/data/token-sources/${name}.json`, root);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : undefined;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

if (import.meta.main) writeFileSync(new URL('docs/token-sources.md', root), await tokenSourceDocs());
