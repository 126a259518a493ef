import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import type { Diagnosis, LinkReport } from '../../src/core/diagnosis.ts';
import { PassportError } from '../../src/core/errors.ts';
import { explain } from '../../src/core/knownRefusals.ts';
import type { ConnectionView, DiagnoseOptions, Overview } from '../../src/ui/model.ts';
import { editor } from '../ui/editor.ts';

const { createDoctorUi } = await import('../../src/ui/doctor.ts');

const view = (id: string): ConnectionView =>
  ({ id, title: `The ${id}`, typeLabel: 'Snowflake' }) as unknown as ConnectionView;
const ok: LinkReport = { id: 'settings', title: 'Settings', state: 'ok', facts: [] };
const error = new PassportError('DP-SIGN-IN-REQUIRED', { provider: 'Corp' }).facts();
const signedOut: LinkReport = {
  id: 'signedIn',
  title: 'Sign-in',
  state: 'broken',
  facts: ['It was alice@lab.example.'],
  error,
  explanation: explain(error, {}),
};

interface Given {
  readonly connections?: readonly ConnectionView[];
  readonly problems?: Overview['problems'];
  readonly links?: readonly LinkReport[];
  readonly diagnose?: (id: string, options: DiagnoseOptions) => Promise<Diagnosis>;
}

function opened({ connections = [view('sales'), view('crm')], problems = [], links = [ok], diagnose }: Given = {}) {
  const shown: string[] = [];
  const asked: string[] = [];
  const current = (): Overview => ({ providers: [], connections, problems, obstacle: undefined });
  const ui = createDoctorUi({
    overview: { current, onDidChange: () => ({ dispose: () => undefined }) },
    actions: {
      async diagnose(id, options) {
        asked.push(id);
        options.progress('Settings');
        return diagnose?.(id, options) ?? { connection: id, title: `The ${id}`, at: 0, links, people: [] };
      },
    },
    show: async (name, markdown) => void shown.push(name, markdown),
  });
  return { ui, shown, asked };
}

/** Until what nobody waits for is done. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('The command Diagnose Connection', () => {
  beforeEach(() => {
    for (const kept of [editor.shown, editor.commands, editor.clipboard, editor.progress]) kept.length = 0;
    editor.answer = () => undefined;
    editor.cancels = false;
  });

  test('offers every connection, also those whose settings are not valid', async () => {
    editor.answer = ({ choices }) => choices.find((choice) => choice.startsWith('lost'));
    const path = 'dataPassport.connections.lost.host';
    const { ui, asked } = opened({
      problems: [
        { path, problem: 'is missing' },
        { path, problem: 'is wrong' },
      ],
    });
    await ui.diagnose();
    assert.deepEqual(editor.shown[0]?.choices, [
      'The sales: Snowflake',
      'The crm: Snowflake',
      'lost: its settings are not valid',
    ]);
    assert.deepEqual(asked, ['lost']);
  });

  test('asks nothing where there is one connection, or one is given', async () => {
    const one = opened({ connections: [view('sales')] });
    await one.ui.diagnose();
    const given = opened();
    await given.ui.diagnose(view('crm'));
    const byId = opened();
    await byId.ui.diagnose('sales');
    assert.deepEqual([one.asked, given.asked, byId.asked], [['sales'], ['crm'], ['sales']]);
    assert.ok(!editor.shown.some(({ kind }) => kind === 'list'));
  });

  test('does nothing where there is none, or none is picked', async () => {
    const none = opened({ connections: [] });
    await none.ui.diagnose();
    const left = opened();
    await left.ui.diagnose();
    assert.deepEqual([none.asked, left.asked], [[], []]);
  });

  test('shows what it checks, then the report', async () => {
    const { ui, shown } = opened();
    await ui.diagnose('sales');
    assert.deepEqual(editor.progress, ['Diagnosing The sales', 'Settings']);
    assert.equal(shown[0], 'diagnosis-sales');
    assert.match(shown[1] ?? '', /^# The sales works/);
  });

  test('shows nothing when it is canceled', async () => {
    editor.cancels = true;
    const { ui, shown } = opened({
      diagnose: (_id, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    });
    await ui.diagnose('sales');
    assert.deepEqual([shown, editor.shown], [[], []]);
  });

  test('offers the command that mends the first broken link, for that connection', async () => {
    editor.answer = () => 'Sign In';
    const { ui } = opened({ links: [ok, signedOut] });
    await ui.diagnose('crm');
    await settled();
    const [{ kind, message, choices } = assert.fail('nothing was shown')] = editor.shown;
    assert.deepEqual([kind, choices], ['warning', ['Sign In', 'Copy for a Ticket']]);
    assert.equal(message, 'The crm is broken at "Sign-in". You can mend it.');
    assert.deepEqual(editor.commands, [{ id: 'dataPassport.signIn', args: [view('crm')] }]);
  });

  test('copies a report without names for a ticket', async () => {
    editor.answer = () => 'Copy for a Ticket';
    const { ui } = opened({ links: [ok, signedOut] });
    await ui.diagnose('crm');
    await settled();
    assert.equal(editor.clipboard.length, 1);
    assert.match(editor.clipboard[0] ?? '', /It was \\<user>\./);
    assert.ok(!editor.clipboard[0]?.includes('alice'));
  });

  test('passes on what fails, for the command to show', async () => {
    const { ui } = opened({ diagnose: () => Promise.reject(new PassportError('DP-SECRET-STORE')) });
    await assert.rejects(ui.diagnose('sales'), { code: 'DP-SECRET-STORE' });
  });
});
