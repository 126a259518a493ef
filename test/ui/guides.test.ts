import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import type { ConnectionView, GuideView } from '../../src/ui/model.ts';
import { editor } from './editor.ts';

const { createGuidesUi } = await import('../../src/ui/guides.ts');

const sales = { id: 'sales', title: 'Sales' } as ConnectionView;
const sql: GuideView = { id: 'a', label: 'Snowflake', about: 'For A.', language: 'sql', text: 'SELECT 1;\n' };
const shell: GuideView = { id: 'b', label: 'AWS', about: 'For B.', language: 'shellscript', text: 'aws\n' };

function opened(guides: readonly GuideView[], picked?: ConnectionView) {
  const asked: string[] = [];
  const ui = createGuidesUi({
    actions: {
      async guides(connection) {
        asked.push(connection);
        return guides;
      },
    },
    pickConnection: async () => picked,
  });
  return { ui, asked };
}

describe('The command Generate Set-up Text', () => {
  beforeEach(() => {
    for (const kept of [editor.shown, editor.progress, editor.untitled]) kept.length = 0;
    editor.answer = () => undefined;
  });

  it('opens the only text of a connection as an untitled document in its language', async () => {
    const { ui, asked } = opened([sql]);
    await ui.open(sales);
    assert.deepEqual(asked, ['sales']);
    assert.deepEqual(editor.untitled, [{ language: 'sql', content: 'SELECT 1;\n' }]);
    assert.deepEqual(editor.shown, []);
  });

  it('lets the user choose among several, and opens nothing where they do not', async () => {
    const { ui } = opened([sql, shell]);
    await ui.open(sales);
    assert.deepEqual(editor.untitled, []);
    editor.answer = ({ choices }) => choices[1];
    await ui.open(sales);
    assert.deepEqual(editor.untitled, [{ language: 'shellscript', content: 'aws\n' }]);
    assert.deepEqual(
      editor.shown.map(({ kind, message, choices }) => ({ kind, message, choices })),
      [
        { kind: 'list', message: 'Sales: for whom is the text?', choices: ['Snowflake', 'AWS'] },
        { kind: 'list', message: 'Sales: for whom is the text?', choices: ['Snowflake', 'AWS'] },
      ],
    );
  });

  it('asks for the connection where none is given', async () => {
    const none = opened([sql]);
    await none.ui.open();
    assert.deepEqual(none.asked, []);
    const one = opened([sql], sales);
    await one.ui.open();
    assert.deepEqual(one.asked, ['sales']);
  });

  it('says so where nothing has to be set up', async () => {
    await opened([]).ui.open(sales);
    assert.deepEqual(
      editor.shown.map(({ message }) => message),
      ['Nothing is known that an administrator would have to set up for Sales.'],
    );
    assert.deepEqual(editor.untitled, []);
  });
});
