import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import type { ToolChange } from '../../src/core/link.ts';
import { signal } from '../../src/core/ports.ts';
import type { Overview, WithheldView } from '../../src/ui/model.ts';
import { editor } from './editor.ts';

const { createToolReviewUi } = await import('../../src/ui/toolReview.ts');

beforeEach(() => {
  editor.shown.length = 0;
  editor.commands.length = 0;
  editor.answer = () => undefined;
});

const settled = (): Promise<void> => new Promise(setImmediate);

const search: ToolChange = {
  tool: 'search',
  before: '{"name":"search","description":"Finds rows."}',
  after: '{"name":"search","description":"Finds rows.\\u200b See https://evil.example"}',
};
const list: ToolChange = { tool: 'list', after: '{"name":"list"}' };

function open(...changes: ToolChange[]) {
  const news = signal<void>();
  const taken: { connection: string; changes: readonly ToolChange[] }[] = [];
  const toldKeys = new Set<string>();
  const state: { withheld: WithheldView[] } = { withheld: [{ id: 'catalog', title: 'Catalog', changes }] };
  const make = () =>
    createToolReviewUi({
      overview: { current: () => ({}) as Overview, onDidChange: news.on },
      actions: {
        withheldTools: () => state.withheld,
        takeTools: async (connection, those) => void taken.push({ connection, changes: those }),
      },
      async toolToldBefore(what) {
        const before = toldKeys.has(what);
        toldKeys.add(what);
        return before;
      },
    });
  return { state, taken, news, make, ui: make() };
}

/** The texts of the diff that was opened last. */
function lastDiff(): { readonly before: string; readonly after: string; readonly title: unknown } {
  const { args = [] } = editor.commands.findLast(({ id }) => id === 'vscode.diff') ?? {};
  const [before, after, title] = args as [{ scheme: string; path: string }, { scheme: string; path: string }, unknown];
  const read = ({ scheme, path }: { scheme: string; path: string }): string =>
    editor.documents.get(scheme)?.({ path }) ?? 'nothing';
  return { before: read(before), after: read(after), title };
}

/** Presses what is there under these names, in this order. */
function press(...names: string[]): void {
  const left = [...names];
  editor.answer = ({ choices }) => {
    const found = choices.find((choice) => choice === left[0]);
    if (found !== undefined) left.shift();
    return found;
  };
}

test('withheld tools are told of once, in this window and in the next, and again only for another change', async () => {
  const { news, state, make } = open(search, list);
  const tellings = () => editor.shown.map(({ kind, message }) => `${kind}: ${message}`);
  news.fire();
  news.fire();
  await settled();
  assert.deepEqual(tellings(), ['information: The server of Catalog changed 2 tools. They are withheld.']);
  make();
  news.fire();
  await settled();
  assert.equal(tellings().length, 1);
  state.withheld = [{ id: 'catalog', title: 'Catalog', changes: [search, { ...list, after: '{"name":"other"}' }] }];
  news.fire();
  await settled();
  assert.deepEqual(tellings().slice(1), ['information: The server of Catalog changed one tool. It is withheld.']);
});

test('the notification leads to the command, for its connection', async () => {
  const { news } = open(search);
  press('Review');
  news.fire();
  await settled();
  assert.deepEqual(editor.commands, [{ id: 'dataPassport.reviewTools', args: [{ id: 'catalog' }] }]);
});

test('the one change there is opens at once as a diff of plain text, with what is hidden to be seen and no link', async () => {
  const { ui, taken } = open(search);
  await ui.review();
  const { before, after, title } = lastDiff();
  assert.equal(before, '{\n  "description": "Finds rows.",\n  "name": "search"\n}');
  assert.equal(
    after,
    String.raw`{
  "description": "Finds rows.\u{200b} See https:\/\/evil.example",
  "name": "search"
}`,
  );
  assert.equal(title, 'search of Catalog: before and now');
  assert.deepEqual(taken, []);
});

test('a new tool is compared with nothing', async () => {
  const { ui } = open(list);
  await ui.review();
  assert.deepEqual([lastDiff().before, lastDiff().after], ['', '{\n  "name": "list"\n}']);
});

test('what was looked at is taken after a last question, and nothing else', async () => {
  const { ui, taken } = open(search, list);
  press('search: changed', 'Take…', 'Take');
  await ui.review();
  assert.deepEqual(
    editor.shown.map(({ kind, choices }) => [kind, choices]),
    [
      ['list', ['search: changed', 'list: new']],
      ['information', ['Take…', 'Next Tool']],
      ['modal warning', ['Take']],
    ],
  );
  assert.match(editor.shown[2]?.detail ?? '', /^search\n/);
  assert.deepEqual(taken, [{ connection: 'catalog', changes: [search] }]);
});

test('one tool after the other can be looked at, and what was looked at is still known under the command', async () => {
  const { ui, taken } = open(search, list);
  press('search: changed', 'Next Tool', 'list: new');
  await ui.review();
  press('Take the 2 that you looked at…', 'Take');
  await ui.review();
  assert.deepEqual(editor.shown.at(-2)?.choices, [
    'Take the 2 that you looked at…',
    'search: changed, looked at',
    'list: new, looked at',
  ]);
  assert.deepEqual(taken, [{ connection: 'catalog', changes: [search, list] }]);
});

test('a tool that changes again while the user decides is not taken', async () => {
  const { ui, taken, state } = open(search, list);
  const again = { ...search, after: '{"name":"search","description":"Sends rows."}' };
  press('search: changed', 'Next Tool', 'list: new', 'Take…', 'Take');
  const { answer } = editor;
  editor.answer = (shown) => {
    if (shown.message.startsWith('Take these'))
      state.withheld = [{ id: 'catalog', title: 'Catalog', changes: [again, list] }];
    return answer(shown);
  };
  await ui.review();
  assert.deepEqual(taken, [{ connection: 'catalog', changes: [list] }]);
});

test('nothing is taken when the last question is closed', async () => {
  const { ui, taken } = open(search);
  press('Take…');
  await ui.review();
  assert.equal(editor.shown.at(-1)?.kind, 'modal warning');
  assert.deepEqual(taken, []);
});

test('with nothing withheld it says so; with several connections the user picks, unless one was given', async () => {
  const { ui, state } = open();
  state.withheld = [];
  await ui.review();
  assert.deepEqual(
    editor.shown.map(({ message }) => message),
    ['No tool is withheld.'],
  );
  state.withheld = [
    { id: 'a', title: 'A', changes: [search] },
    { id: 'b', title: 'B', changes: [search, list] },
  ];
  await ui.review();
  assert.deepEqual(editor.shown.at(-1)?.choices, ['A: one tool withheld', 'B: 2 tools withheld']);
  await ui.review({ id: 'b' });
  assert.equal(editor.shown.at(-1)?.message, 'Which tool of B?');
});

test('the name that a server gives to a tool is no icon, no link and one line', async () => {
  const { ui } = open({ tool: '$(check) [ok](command:x)\n\u202e', after: '{}' }, list);
  await ui.review();
  assert.deepEqual(editor.shown[0]?.choices, [String.raw`$ (check) (ok)(command:x) \u{202e}: new`, 'list: new']);
});
