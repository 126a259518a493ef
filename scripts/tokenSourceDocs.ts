import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { connectors } from '../src/connectors/index.ts';
import { KIND_NAMES } from '../src/core/credential.ts';
import { tokenSources } from '../src/tokens/index.ts';
import type { TokenSource } from '../src/tokens/source.ts';
import { isUsable } from './manifest.ts';
import { formatted } from './markdown.ts';
import { constantOf, type Property, schemaOf } from './settingsSchema.ts';
import { code, either, settingsTable, table } from './settingsTable.ts';

const root = new URL('../', import.meta.url);

const intro = `# Token sources

A connection gets its credential from a token source: the setting \`token\` of the connection, with the name of the source under
\`source\` and the source's own settings beside it. Without \`token\` it is the access token of the identity provider. A remote MCP
server that wants a credential of its own beside the user's token gets it from the setting \`serverToken\`, in the same way.

What all of them have in common:

- A credential is asked for at every login and kept until shortly before it ends (60 seconds, or a tenth of its life if that is less).
  While it is in use it is renewed ahead of its end. However many callers ask at once, one is minted.
- Connections with the same sign-in and the same token settings share one credential. A connection with a secret, key or program of
  its own shares with nobody.
- A credential that the other side rejects is minted once more and tried once more; then the error says who can mend it. Where there is
  nothing new to try (a stored secret), it is not tried twice.
- A source that answers with nothing, an empty or a non-string value, or characters that no token has, fails, and nothing is sent. There is
  no falling back to another credential.
- A JSON Web Token is checked before its first use; a claim that is absent is unknown, not wrong. What is checked depends on whose it is:
  - a token of your sign-in, whether it is sent (\`accessToken\`, \`idToken\`) or exchanged for something else (\`tokenExchange\`,
    \`awsWebIdentity\`, \`gcpWorkforce\`): issuer, audience, subject and scopes, as far as they were asked for or are known;
  - what \`tokenExchange\` gets for it: audience and scopes; issuer and subject too where your identity provider issued it;
  - what a program prints (\`command\`): the audience, if one is set, and that its time has begun and is not over;
  - the token of an endpoint (\`snowflakeKeyPair\`): its time alone.

  Secrets that you entered and opaque tokens are sent as they are. *Data Passport: Show Token Claims* shows what a token says beside
  what is expected.
- Secrets that you enter are typed into a masked box and kept in the editor's secret storage (*Data Passport: Set Connection Secret*,
  *Remove Connection Secret*). One with a last day is announced a week ahead.
- Nothing is sent to a host, and no program is run, before you agree to it. A sign-in agrees to the hosts of the connections that are
  new by then; an entered secret agrees to the hosts that its box names. About everything else you are asked when the settings are
  saved: a connection that is added while you are signed in, a changed host, a program or one of its arguments, and an MCP server that
  logs in to a database with your token.
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
          '## Not offered by a connection type yet\n\nThese mint credentials that no connection type can use.',
          ...others.map(([name, source]) => section(name, source, '###')),
        ]
      : []),
    '',
  ];
  return formatted(parts.join('\n\n'));
}

/** Connection types that take what the source gives, each with its preset where it has several. */
function typesFor(source: TokenSource): readonly string[] {
  return Object.entries(connectors).flatMap(([name, connector]) => (isUsable(source, connector) ? [name] : []));
}

const SHARED = '**a shared identity**';

function overview(entries: readonly (readonly [string, TokenSource])[]): string {
  const rows = entries.map(([name, source]) => [
    `[\`${name}\`](#${name.toLowerCase()})`,
    source.from === 'signIn' ? 'your sign-in' : 'something of its own',
    { never: 'you', always: SHARED, sometimes: `you, or ${SHARED}` }[sharing(source).when],
    typesFor(source).map(code).join(', ') || '–',
  ]);
  return table(['Source', 'Starts from', 'The other side sees', 'Connection types'], rows);
}

/** When the other side sees somebody that many people share, and the settings that decide it. */
function sharing(source: TokenSource): { readonly when: 'never' | 'always' | 'sometimes'; readonly with: string } {
  if (source.runsAs({}) === 'shared') return { when: 'always', with: '' };
  const cases = Object.entries(schemaOf(source.settings).properties)
    .flatMap(([name, property]) => casesOf(name, property))
    .filter(({ settings }) => source.runsAs(settings) === 'shared');
  const deciding = [...Map.groupBy(cases, ({ setting }) => setting)].map(([setting, those]) =>
    [code(setting), either(those.flatMap(({ value }) => (value === undefined ? [] : code(String(value)))))].join(' '),
  );
  return { when: cases.length > 0 ? 'sometimes' : 'never', with: either(deciding).trim() };
}

interface Case {
  /** What decides something, perhaps: that it is set, or its value. */
  readonly setting: string;
  readonly value: Property['const'];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Settings with nothing in them but one setting, once for each of its alternatives. */
function casesOf(name: string, property: Property): readonly Case[] {
  const values = property.enum?.map((value): Property => ({ const: value }));
  return (property.oneOf ?? values ?? [property]).map((alternative) => {
    const [inside, constant = alternative] = constantOf(alternative) ?? [];
    const setting = inside === undefined ? name : `${name}.${inside}`;
    return { setting, value: constant.const, settings: { [name]: sampleOf(alternative) } };
  });
}

const SAMPLES: Readonly<Record<string, unknown>> = { string: 'text', integer: 1, boolean: true, array: [] };

/** Some value of the right form. */
function sampleOf({ const: only, enum: [first] = [], type = '', properties = {} }: Property): unknown {
  if (type !== 'object') return only ?? first ?? SAMPLES[type];
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, sampleOf(property)]));
}

function section(name: string, source: TokenSource, heading = '##'): string {
  const { about, specification, kinds } = source;
  const example = exampleOf(name);
  const { when, with: settings } = sharing(source);
  const seen = 'the other side sees an account that many people share';
  const where = when === 'always' ? seen : `with ${settings} ${seen}`;
  return [
    `${heading} ${name}`,
    about,
    [
      `- **Gives:** ${kinds.map((kind) => KIND_NAMES[kind]).join(', or ')}`,
      `- **Rules:** [${specification.title}](${specification.url})`,
      ...(when === 'never' ? [] : [`- **Shared identity:** ${where}. Wherever it is shown, it is marked so.`]),
    ].join('\n'),
    settingsTable(schemaOf(source.settings)),
    ...(example === undefined ? [] : [`\`\`\`json\n${example}\n\`\`\``]),
  ].join('\n\n');
}

/** A connection with its provider, where it needs one, as the tests read it. */
function exampleOf(name: string): string | undefined {
  const file = new URL(`test/data/token-sources/${name}.json`, root);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : undefined;
}

if (import.meta.main) writeFileSync(new URL('docs/token-sources.md', root), await tokenSourceDocs());
