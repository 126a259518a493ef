import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Of the oldest editor that the manifest allows: Electron 37. */
const target = 'chrome138';

/**
 * Bundles the page that shows rows into one HTML file. Its own policy allows its script and its style, by their hash, and nothing
 * else: no network, no other script, no frame, no form. What an editor puts before it, it has run by then.
 */
export async function resultsPage(version: string): Promise<string> {
  const [script, style] = await Promise.all([bundledScript(version), bundledStyle()]);
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<meta name="viewport" content="width=device-width"><title>Query results</title><style>${style}</style></head>`,
    `<body><main id="app"></main><script>${script}</script></body>`,
    '</html>',
  ].join('\n');
}

async function bundledScript(version: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['src/results/main.ts'],
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target,
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    define: { DATA_PASSPORT_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
  return (outputFiles[0]?.text ?? '').trim();
}

async function bundledStyle(): Promise<string> {
  const source = readFileSync(`${root}src/results/style.css`, 'utf8');
  const { code } = await transform(source, { loader: 'css', minify: true, target });
  return code.trim();
}

/** As Content Security Policy Level 3, section 2.3.1, names a source by its hash. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
