import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'esbuild';
import * as z from 'zod/mini';

import { connectors } from '../src/connectors/index.ts';
import { connectionBase, limitsSchema } from '../src/extension/connectionSettings.ts';
import { presets } from '../src/identity/presets/index.ts';
import { tokenSources } from '../src/tokens/index.ts';
import { descriptionsIn } from './settingsSchema.ts';

type Described = Readonly<Record<string, { readonly settings: z.ZodMiniType }>>;

/** What settings say of themselves. */
export function descriptions(): readonly string[] {
  const tables: readonly Described[] = [connectors, presets, tokenSources];
  const schemas = tables.flatMap((table) => Object.values(table).map(({ settings }) => settings));
  const all = [...schemas, z.object(connectionBase), limitsSchema];
  return [...new Set(all.flatMap(descriptionsIn))];
}

/** As the sources may spell a text. */
function spellings(text: string): readonly string[] {
  const escaped = text.replaceAll('\\', String.raw`\\`);
  return ["'", '"'].map((quote) => `${quote}${escaped.replaceAll(quote, `\\${quote}`)}${quote}`);
}

/**
 * What settings say of themselves is in package.json and in the docs; while the extension runs nobody reads it. `z.describe`
 * becomes a check that finds nothing, so that nothing is registered, and the texts that the schemas really have become empty
 * wherever a source spells them, also where a helper of its own hands them on. One that is put together at run time stays.
 */
export const withoutDescriptions: Plugin = {
  name: 'without-descriptions',
  setup(builder) {
    const literals = descriptions().flatMap(spellings);
    // Where settings are; what the gateway says of its tools is for agents to read.
    const sources = /[\\/]src[\\/](?:connectors|extension|identity|tokens)[\\/].*\.ts$/;
    builder.onLoad({ filter: sources }, ({ path }) => ({
      contents: literals.reduce((code, literal) => code.replaceAll(literal, "''"), readFileSync(path, 'utf8')),
      loader: 'ts',
    }));
    const filter = /^zod\/mini$/;
    builder.onResolve({ filter }, ({ path, importer }) =>
      sources.test(importer) ? { path, namespace: 'undescribed' } : undefined,
    );
    builder.onLoad({ filter, namespace: 'undescribed' }, () => ({
      // An export of its own goes before one that is passed on.
      contents: "export * from 'zod/mini'; const nothing = () => undefined; export const describe = () => nothing;",
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    }));
  },
};
