import assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { runSentences } from './sentences.ts';

/** The suite on which the ways to run one inside an editor are tried. */
export function run(): Promise<void> {
  return runSentences([
    [
      'the extension under test is loaded',
      async () => {
        const probe = vscode.extensions.getExtension('data-passport-test.probe');
        await probe?.activate();
        assert.equal(probe?.isActive, true);
      },
    ],
    [
      'its secret is what the environment says',
      async () => {
        await vscode.commands.executeCommand('probe.remember', 'told');
        const kept = await vscode.commands.executeCommand('probe.remember');
        assert.equal(kept, process.env['DATA_PASSPORT_PROBE_SECRET']);
      },
    ],
  ]);
}
