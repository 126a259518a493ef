import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { createVSIX } from '@vscode/vsce';

import { buildAll } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const vsix = `${root}dist/data-passport.vsix`;

/** Of everything that ends up in the package, and of what makes it. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of globSync(
    ['src/**/*.*', 'scripts/*.ts', 'media/**/*.*', '*.md', '*.json', 'LICENSE', '.vscodeignore'],
    {
      cwd: root,
    },
  ).toSorted())
    hash.update(`${file}\0`).update(readFileSync(`${root}${file}`));
  return hash.digest('hex');
}

/** Builds and packs the extension as users get it, unless what is in `dist` was made from the same files. */
export async function packageExtension(): Promise<string> {
  const stamp = `${root}dist/.packed`;
  const made = fingerprint();
  if (existsSync(vsix) && existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return vsix;
  // A build empties `dist`, and with it the stamp.
  await buildAll();
  await createVSIX({
    cwd: root,
    packagePath: vsix,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  writeFileSync(stamp, made);
  return vsix;
}

if (import.meta.main) {
  await packageExtension();
  console.log(`${vsix}: ${Math.round(statSync(vsix).size / 1024)} KB`);
}
