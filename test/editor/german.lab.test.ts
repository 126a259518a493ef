import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { packageExtension } from '../../scripts/package.ts';
import { openWorkbench, type Workbench } from './harness/browser.ts';
import { type RunningEditor, startEditor } from './harness/editor.ts';
import { type Guide, startGuide } from './harness/guide.ts';

/** What an editor with a language pack has on disk; this pack itself translates nothing. */
function inGerman(dir: string): Readonly<Record<string, unknown>> {
  const extension = { extensionIdentifier: { id: 'test.german' }, version: '1.0.0' };
  const translations = { vscode: join(dir, 'user-data', 'german.json') };
  return {
    'argv.json': { locale: 'de' },
    '../languagepacks.json': { de: { hash: '1', label: 'Deutsch', extensions: [extension], translations } },
    '../german.json': { version: '1.0.0', contents: {} },
  };
}

describe('the extension in a German editor', () => {
  let dir: string;
  let editor: RunningEditor;
  let workbench: Workbench;
  let guide: Guide;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'data-passport-german-'));
    editor = await startEditor({ dir, vsix: [await packageExtension()], settings: {}, userFiles: inGerman(dir) });
    workbench = await openWorkbench(editor, { pictures: 'german' });
    guide = startGuide(workbench);
  });
  after(async () => {
    await workbench?.close();
    await editor?.close();
    if (dir) await rm(dir, { recursive: true, force: true });
  });

  test('the view, the commands, the forms and what they refuse speak German', async () => {
    const { page } = workbench;
    await guide.click(page.getByRole('tab', { name: 'Data Passport' }));
    await page.getByRole('button', { name: 'Verbindung hinzufügen' }).first().waitFor();
    await workbench.command('Data Passport: Identitätsanbieter hinzufügen…');
    await page.getByPlaceholder('Wer meldet Sie in Ihrem Unternehmen an?').waitFor();
    await guide.pick('OpenID Connect');
    await guide.mistype('nirgends', /Aussteller/, 'Diese Angabe muss eine URL sein, die mit https:// beginnt.');
    await workbench.screenshot('form');
    await page.keyboard.press('Escape');
  });
});
