import { isLoopback } from '../core/connection.ts';
import type { Draft, DraftConnection, Note } from '../core/importDraft.ts';
import type { ImportFormat } from './format.ts';
import { visible } from './visible.ts';

export interface PreviewRequest {
  readonly format: ImportFormat;
  /** Of the file that was read. */
  readonly path: string;
  readonly draft: Draft;
}

/**
 * Everything that would be taken from a file, as Markdown to be read before anything is written: each entry in full, the places that
 * its credential would go to in front, and line by line what is not taken. What comes from the file stands in code, where it is neither a link
 * nor markup, with hidden characters made visible.
 */
export function renderPreview({ format, path, draft }: PreviewRequest): string {
  const { providers, connections, notes } = draft;
  return (
    [
      `# ${format.label}`,
      '',
      `From ${code(path)}. Nothing is written until you agree to it.`,
      '',
      ...section('Identity providers', Object.entries(providers).flatMap(providerLines)),
      ...section('Connections', connections.flatMap(connectionLines)),
      ...(connections.length === 0 ? ['No connection can be taken from this file.', ''] : []),
      ...section('What is not taken as it stands', notes.map(noteLine)),
      ...(format.ofOthers === true ? section('What is written', block(wholeOf(draft))) : []),
    ]
      .join('\n')
      // Blank lines are between parts alone: JSON has none.
      .replace(/\n{3,}/g, '\n\n')
      .replace(/\n+$/, '\n')
  );
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

function providerLines([id, settings]: [string, Readonly<Record<string, unknown>>]): readonly string[] {
  const places = ['issuer', 'host', 'account', 'domain', 'tenant']
    .map((key) => settings[key])
    .filter((value) => typeof value === 'string');
  return [
    `### ${code(id)}`,
    '',
    ...places.map((place) => `- **${code(place)}**: here you sign in`),
    '',
    ...block({ [id]: settings }),
  ];
}

function connectionLines({ id, settings, line, hosts, programs, needsProvider }: DraftConnection): readonly string[] {
  return [
    `### ${code(id)}`,
    '',
    ...hosts.map((host) => `- **${code(host)}**: its credential goes here${warning(settings['type'], host)}`),
    ...(programs ?? []).map((program) => `- **${code(program.map(quoted).join(' '))}**: is run on this machine`),
    `- Line ${line} of the file`,
    ...(needsProvider ? ['- You choose who signs you in before it is written'] : []),
    '',
    ...block({ [id]: settings }),
  ];
}

function quoted(part: string): string {
  return /^[\w./:=@%+~-]+$/.test(part) ? part : JSON.stringify(part);
}

/** Hosts of the services themselves, by the type of the connection. */
const WELL_KNOWN: Readonly<Record<string, RegExp>> = {
  snowflake: /\.snowflakecomputing\.(?:com|cn):443$/,
  postgres:
    /\.(?:(?:rds|redshift|redshift-serverless)\.amazonaws\.com(?:\.cn)?|postgres\.database\.azure\.com|(?:sql|alloydb)\.goog):\d+$|^(?:sts|redshift(?:-serverless)?)\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?::443)?$/,
  mcp: /\.(?:cloud\.databricks\.com|azuredatabricks\.net|gcp\.databricks\.com|databricks\.azure\.(?:cn|us)|snowflakecomputing\.(?:com|cn)):443$/,
};

function warning(type: unknown, place: string): string {
  const host = place.replace(/:\d+$/, '');
  const known = typeof type === 'string' && Object.hasOwn(WELL_KNOWN, type) ? WELL_KNOWN[type] : undefined;
  if (isLoopback(host)) return ', which is this machine';
  return known?.test(place) === true
    ? ''
    : '. **This is no host of a well-known service:** take it only if you know whose it is';
}

function noteLine({ line, name, kind, text }: Note): string {
  const about = name === '' ? '' : `, ${code(name)}`;
  return `- line ${line}${about} (${KINDS[kind]}): ${escaped(text)}`;
}

const KINDS: Readonly<Record<Note['kind'], string>> = { notTaken: 'not taken', changed: 'changed', broken: 'broken' };

function wholeOf({ providers, connections }: Draft): unknown {
  return {
    ...(Object.keys(providers).length > 0 && { 'dataPassport.identityProviders': providers }),
    'dataPassport.connections': Object.fromEntries(connections.map(({ id, settings }) => [id, settings])),
  };
}

/** A block of JSON that nothing in it can end. */
function block(value: unknown): readonly string[] {
  const lines = JSON.stringify(value, undefined, 2).split('\n').map(visible);
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  return [`${fence}json`, ...lines, fence, ''];
}

/** Text as it is, in a line of Markdown. */
function code(text: string): string {
  const shown = visible(text);
  const ticks = '`'.repeat(longestRun(shown) + 1);
  const space = /^[` ]|[` ]$/.test(shown) ? ' ' : '';
  return shown === '' ? '(no name)' : `${ticks}${space}${shown}${space}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}

/** Our own sentence, with a name of the file in it. */
function escaped(text: string): string {
  return visible(text).replace(/[\\`*_[\]<>!#|~&]/g, String.raw`\$&`);
}
