import { readFileSync, writeFileSync } from 'node:fs';

import { connectors } from '../src/connectors/index.ts';
import { mcpConnectors } from '../src/connectors/mcp/index.ts';
import { KIND_NAMES } from '../src/core/credential.ts';
import { formatted } from './markdown.ts';
import { INTRO, NOTES, SERVICES } from './remoteServerTexts.ts';
import { schemaOf } from './settingsSchema.ts';
import { code, settingsTable, table } from './settingsTable.ts';

const root = new URL('../', import.meta.url);

/** docs/remote-mcp-servers.md, from the presets and the tested examples. */
export function remoteServerDocs(): Promise<string> {
  const parts = [
    INTRO,
    overview(),
    ...mcpConnectors.map(({ preset = '' }) => section(preset)),
    '## Services that the generic preset is for',
    SERVICES.intro,
    ...SERVICES.each.map(({ name, file, text }) => `### ${name}\n\n${text}\n\n${example(`services/${file}`)}`),
    SERVICES.more,
    '',
  ];
  return formatted(parts.join('\n\n'));
}

function overview(): string {
  const rows = mcpConnectors.map(({ preset = '', about = '', secondCredential }) => [
    `[${code(preset)}](#${preset.toLowerCase()})`,
    about,
    secondCredential === true ? 'yes' : '–',
  ]);
  return table(['Preset', 'For', 'Second credential (`serverToken`)'], rows);
}

function section(preset: string): string {
  const connector = connectors[`mcp/${preset}`];
  if (!connector) throw new Error(`There is no preset ${preset}.`);
  return [
    `## ${preset}`,
    connector.about ?? connector.label,
    `Takes ${connector.accepts.map((kind) => KIND_NAMES[kind]).join(', or ')}.`,
    example(preset),
    settingsTable(schemaOf(connector.settings)),
    NOTES[preset] ?? '',
  ].join('\n\n');
}

/** As the tests read it. */
function example(file: string): string {
  return `\`\`\`json\n${readFileSync(new URL(`test/data/mcp-servers/${file}.json`, root), 'utf8').trimEnd()}\n\`\`\``;
}

if (import.meta.main) writeFileSync(new URL('docs/remote-mcp-servers.md', root), await remoteServerDocs());
