import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions, type Plugin, transform } from 'esbuild';

import { resultsPage } from './results.ts';
import { withoutDescriptions } from './withoutDescriptions.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const extensionEntry = 'src/extension/main.ts';
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };

/** Session files and drivers run in the gateway alone: the extension's bundle names them without holding them. */
const withoutSessions: Plugin = {
  name: 'without-sessions',
  setup(builder) {
    builder.onResolve({ filter: /\.session\.ts$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Stage files and cloud logins of the Snowflake driver, which a read-only gateway never reaches: 1.9 MB of cloud SDKs. */
const withoutClouds: Plugin = {
  name: 'without-clouds',
  setup(builder) {
    const filter = /^(?:@aws-sdk\/|@azure\/|@smithy\/|@aws-crypto\/|google-auth-library|pg-native$)/;
    builder.onResolve({ filter }, ({ path }) => ({ path, namespace: 'left-out' }));
    builder.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `module.exports = new Proxy(function () {}, {
        get: (target, name) => (name === '__esModule' ? false : name === 'prototype' ? target.prototype : module.exports),
        apply() { throw new Error(${JSON.stringify(`${path} is not part of Data Passport`)}); },
        construct() { throw new Error(${JSON.stringify(`${path} is not part of Data Passport`)}); },
      });`,
      loader: 'js',
    }));
  },
};

/**
 * What loads on first use is made to need all that activation has loaded by then. Otherwise esbuild makes a file for each set of
 * such parts that share a module, and activation has to read every one of these instead of a single file.
 */
const afterActivation: Plugin = {
  name: 'after-activation',
  setup(builder) {
    const namespace = 'first-use';
    builder.onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' ? { path: resolve(resolveDir, path), namespace } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: [`import './${extensionEntry}';`, `export * from ${JSON.stringify(path)};`].join('\n'),
      resolveDir: root,
    }));
  },
};

/**
 * In CommonJS `import * as vscode` copies the properties of the API, some hundred, for each file that says it: a few milliseconds.
 * What is inherited is not copied.
 */
const inheritedApi: Plugin = {
  name: 'inherited-api',
  setup(builder) {
    const namespace = 'inherited-api';
    builder.onResolve({ filter: /^vscode$/ }, ({ path, namespace: from }) =>
      from === namespace ? { path, external: true } : { path, namespace },
    );
    builder.onLoad({ filter: /.*/, namespace }, () => ({
      contents: "module.exports = Object.create(require('vscode'));",
    }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  // Its main file is for loaders that look modules up when it runs.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  // Node of the oldest editor that the manifest allows.
  target: 'node22',
  minify: true,
  legalComments: 'none',
  absWorkingDir: root,
  outdir: 'dist',
  define: { DATA_PASSPORT_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Bundles the extension and the gateway, each with an entry and files that load on first use: openid-client, the mint of a token
 * source, a driver.
 */
export async function buildAll(): Promise<void> {
  rmSync(`${root}dist`, { recursive: true, force: true });
  await Promise.all([
    buildExtension(),
    buildResults(),
    build({
      ...common,
      entryPoints: { gateway: 'src/gateway/main.ts' },
      format: 'esm',
      splitting: true,
      chunkNames: 'gateway-[name]-[hash]',
      outExtension: { '.js': '.mjs' },
      plugins: [withoutClouds, withoutDescriptions],
      // Bundled CommonJS packages ask for these.
      banner: {
        js: "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url);const __filename=__fu(import.meta.url);const __dirname=__dn(__filename);",
      },
    }),
  ]);
}

/**
 * As CommonJS: `import` of an extension asks loader hooks about every module, in VS Code 1.106 across a thread, and `require` does
 * not. esbuild splits ECMAScript modules alone, so each of its files is turned into CommonJS afterwards.
 */
async function buildExtension(): Promise<void> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: { extension: extensionEntry },
    format: 'esm',
    splitting: true,
    chunkNames: 'extension-[name]-[hash]',
    outExtension: { '.js': '.cjs' },
    plugins: [withoutSessions, afterActivation, inheritedApi, withoutDescriptions],
    write: false,
  });
  const { target, minify, platform } = common;
  const supported = { 'dynamic-import': false };
  mkdirSync(`${root}dist`, { recursive: true });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, { format: 'cjs', target, minify, platform, supported });
    writeFileSync(path, code);
  }
}

/** The page that shows rows, one file. */
async function buildResults(): Promise<void> {
  const html = await resultsPage(version);
  mkdirSync(`${root}dist`, { recursive: true });
  writeFileSync(`${root}dist/results.html`, html);
}

/** Bytes of what an extension host loads to activate the extension. @param folder where a build of it is */
export function activationBytes(folder: string): number {
  const entry = readFileSync(`${folder}/extension.cjs`, 'utf8');
  const files = [...entry.matchAll(/require\("\.\/([^"]+)"\)/g)].map(([, file = '']) => file);
  return ['extension.cjs', ...files].reduce((sum, file) => sum + statSync(`${folder}/${file}`).size, 0);
}

if (import.meta.main) await buildAll();
