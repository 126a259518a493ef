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
  const source = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), `data-passport-${name}-`));
  const content = join(folder, 'content');
  await build({
    entryPoints: [join(source, 'extension.ts')],
    outfile: join(content, 'extension.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'error',
  });
  await cp(join(source, 'package.json'), join(content, 'package.json'));
  const { description } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { description: string };
  await writeFile(join(content, 'README.md'), `${description}\n`);
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
