import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createVSIX } from '@vscode/vsce';

import { bundle } from '../../editor/harness/packages.ts';
import manifest from './package.json' with { type: 'json' };

/** What an editor needs so that the chat takes the model and asks nobody for an account. */
export const labModelVendor = manifest.contributes.languageModelChatProviders[0]?.vendor ?? '';

/** Where {@link packLabModel} leaves the package. */
export function labModelVsix(folder: string): string {
  return join(folder, 'lab-model.vsix');
}

/** Bundles and packs the Lab Model into a folder that the caller owns. */
export async function packLabModel(folder: string): Promise<void> {
  await bundle(join(import.meta.dirname, 'extension.ts'), join(folder, 'extension.cjs'));
  await copyFile(join(import.meta.dirname, 'package.json'), join(folder, 'package.json'));
  await copyFile(join(import.meta.dirname, '../../../media/icon.png'), join(folder, 'icon.png'));
  await writeFile(join(folder, 'README.md'), `${manifest.description}\n`);
  await createVSIX({
    cwd: folder,
    packagePath: labModelVsix(folder),
    dependencies: false,
    allowMissingRepository: true,
    skipLicense: true,
  });
}

const [folder] = process.argv.slice(2);
if (import.meta.main && folder !== undefined) await packLabModel(folder);
