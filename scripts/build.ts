import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions, type Plugin } from 'esbuild';

import { withoutDescriptions } from './withoutDescriptions.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
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

const common = {
  bundle: true,
  platform: 'node',
  // Node of the oldest editor that the manifest allows.
  target: 'node22',
  minify: true,
  legalComments: 'none',
  absWorkingDir: root,
  outdir: 'dist',
  define: { DATA_PASSPORT_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Bundles the extension (one file) and the gateway (its entry, and a chunk for each driver that loads on first use). */
export async function buildAll(): Promise<void> {
  rmSync(`${root}dist`, { recursive: true, force: true });
  await Promise.all([
    build({
      ...common,
      entryPoints: { extension: 'src/extension/main.ts' },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      external: ['vscode'],
      plugins: [withoutSessions, withoutDescriptions],
    }),
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

if (import.meta.main) await buildAll();
