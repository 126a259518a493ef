import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { editor } from './editor.ts';

const { showError, showWarning } = await import('../../src/ui/notices.ts');
const { messages } = await import('../../src/ui/messages.ts');

const link = '[Sign in](command:workbench.action.quit)';
const bad = `${link}\n\u202e$(check)`;
const shown = String.raw`(Sign in)(command:workbench.action.quit) \u{202e}$ (check)`;

beforeEach(() => {
  editor.shown.length = 0;
});

test('a notification of an error has no link in the words of a server, and shows what they hide', async () => {
  const error = new PassportError(
    'DP-MCP-INGRESS',
    { responseType: bad, requestId: 'r', hint: bad, remedy: bad },
    { detail: bad },
  );
  await showError(error);
  await showWarning(error);
  assert.deepEqual(
    editor.shown.map(({ kind }) => kind),
    ['error', 'warning'],
  );
  for (const { message } of editor.shown) {
    assert.ok(message.includes(`Detail: ${shown} `), message);
    assert.ok(message.endsWith(' [DP-MCP-INGRESS]'), message);
    assert.doesNotMatch(message, /\]\(|\n|\u202e|\$\(/);
  }
});

test('what a server says is cut in a notification, and the code stays', async () => {
  const long = 'x'.repeat(5000);
  await showError(
    new PassportError(
      'DP-MCP-INGRESS',
      { responseType: long, requestId: long, hint: long, remedy: long },
      { detail: long },
    ),
  );
  const message = editor.shown[0]?.message ?? '';
  assert.ok(message.length < 2000 && message.endsWith(' [DP-MCP-INGRESS]'), String(message.length));
});

test('names in every other sentence become no link either', () => {
  const sentences = [
    messages.signedIn(bad, 2),
    messages.tested(bad, bad, bad, 5),
    messages.testedServer(bad, bad, { tools: '1', user: bad, ms: 5 }),
    messages.settingsWrong(1, bad, bad),
    messages.connectionSecret.promptForProgram(bad),
    messages.connectionSecret.ends(bad, bad, '2030-01-01'),
    messages.confirm.waiting(bad),
    messages.tools.withheld(bad, 1),
    messages.tools.diff(bad, bad),
  ];
  for (const sentence of sentences) {
    assert.ok(sentence.toLowerCase().includes(shown.toLowerCase()), sentence);
    assert.doesNotMatch(sentence, /\]\(|\n|\u202e|\$\(/);
  }
});

test('a program is shown exactly as it is in the question about it', () => {
  const program = String.raw`"/bin/sh" "-c" "a  [b](c) $(d)"`;
  assert.equal(messages.confirm.runs(program), `It runs this program as you: ${program}`);
});

test('a day in a language with marks of direction is shown without escapes', () => {
  assert.equal(messages.secretUntil('key', '1\u200f/2\u200f/2030'), 'The key ends on 1/2/2030.');
});
