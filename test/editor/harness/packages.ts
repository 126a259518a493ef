import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createVSIX } from '@vscode/vsce';
import { build } from 'esbuild';

export interface PackedExtension {
  readonly vsix: string;
  remove(): Promise<void>;
}

/** Bundles and packs one of the tests' own extensions (a folder beside this one with `package.json` and `extension.ts`). */
export async function packTestExtension(name: 'driver' | 'probe'): Promise<PackedExtension> {
  const folder = await mkdtemp(join(tmpdir(), `data-passport-${name}-`));
  const content = join(folder, 'content');
  await buildTestExtension(name, content);
  const manifest = JSON.parse(await readFile(join(content, 'package.json'), 'utf8')) as {
    readonly description: string;
  };
  await writeFile(join(content, 'README.md'), `${manifest.description}\n`);
  const vsix = join(folder, `${name}.vsix`);
  await createVSIX({
    cwd: content,
    packagePath: vsix,
    dependencies: false,
    allowMissingRepository: true,
    skipLicense: true,
  });
  return { vsix, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Bundles one of the tests' own extensions into a folder that an editor can load as it lies there. */
export async function buildTestExtension(name: 'driver' | 'probe', folder: string): Promise<void> {
  const source = fileURLToPath(new URL(`../${name}`, import.meta.url));
  await bundle(join(source, 'extension.ts'), join(folder, 'extension.cjs'));
  await cp(join(source, 'package.json'), join(folder, 'package.json'));
}

/** Bundles a module for the extension host, which loads CommonJS and provides `vscode`. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode'],
    logLevel: 'error',
  });
}
