import { fileURLToPath } from 'node:url';

import { runOnDesktop } from '../test/editor/harness/inEditor.ts';
import { suiteSettings } from '../test/editor/suiteSettings.ts';
import { buildAll } from './build.ts';

/** The in-editor suite in a desktop VS Code: the one in CODE_PATH, or one that is downloaded. Needs a display. */
await buildAll();
const desktop = process.env['CODE_PATH'];
process.exitCode = await runOnDesktop({
  suite: fileURLToPath(new URL('../test/editor/suite/product.ts', import.meta.url)),
  extension: fileURLToPath(new URL('..', import.meta.url)),
  settings: suiteSettings,
  ...(desktop !== undefined && { desktop }),
}).catch((error: unknown) => {
  console.error(`No desktop VS Code could be run: ${error instanceof Error ? error.message : String(error)}`);
  console.error(
    'Set CODE_PATH to the executable of an installed one, or connect to the Internet so that one can be downloaded.',
  );
  return 1;
});
