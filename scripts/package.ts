import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { createVSIX } from '@vscode/vsce';

import { buildAll } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const vsix = `${root}dist/data-passport.vsix`;

/** Builds and packs the extension as users get it. */
export async function packageExtension(): Promise<string> {
  await buildAll();
  await createVSIX({
    cwd: root,
    packagePath: vsix,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  return vsix;
}

if (import.meta.main) {
  await packageExtension();
  console.log(`${vsix}: ${Math.round(statSync(vsix).size / 1024)} KB`);
}
