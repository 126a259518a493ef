import { statSync } from 'node:fs';

import { createVSIX } from '@vscode/vsce';

import { buildAll } from './build.ts';

const root = new URL('..', import.meta.url).pathname;
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
