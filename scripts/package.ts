import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';

import { buildAll } from './build.ts';
import { localized, translations } from './localizedManifest.ts';
import { readManifest } from './strings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const vsix = `${root}dist/data-passport.vsix`;

/** Of everything that ends up in the package, and of what makes it. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of globSync(
    ['src/**/*.*', 'scripts/*.ts', 'media/**/*.*', 'l10n/*.json', '*.md', '*.json', 'LICENSE', '.vscodeignore'],
    {
      cwd: root,
    },
  ).toSorted())
    hash.update(`${file}\0`).update(readFileSync(`${root}${file}`));
  return hash.digest('hex');
}

/** What ships, in a folder of its own, with a manifest that the editor can localize. In the sources it is in English, as it is made. */
async function stage(folder: string): Promise<void> {
  const shipped = await listFiles({ cwd: root, packageManager: PackageManager.None });
  for (const file of shipped) cpSync(`${root}${file}`, `${folder}${file}`);
  const { manifest, files } = localized(readManifest(), translations());
  // Written without line breaks: the editor reads it at each start.
  for (const [name, content] of Object.entries({ 'package.json': manifest, ...files }))
    writeFileSync(`${folder}${name}`, JSON.stringify(content));
  // All that is here ships.
  writeFileSync(`${folder}.vscodeignore`, '');
}

/** Builds and packs the extension as users get it, unless what is in `dist` was made from the same files. */
export async function packageExtension(): Promise<string> {
  const stamp = `${root}dist/.packed`;
  const made = fingerprint();
  if (existsSync(vsix) && existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return vsix;
  // A build empties `dist`, and with it the stamp.
  await buildAll();
  const folder = `${root}dist/package/`;
  await stage(folder);
  await createVSIX({
    cwd: folder,
    packagePath: vsix,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  rmSync(folder, { recursive: true });
  writeFileSync(stamp, made);
  return vsix;
}

if (import.meta.main) {
  await packageExtension();
  console.log(`${vsix}: ${Math.round(statSync(vsix).size / 1024)} KB`);
}
