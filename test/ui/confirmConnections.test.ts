import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signal } from '../../src/core/ports.ts';
import type { ConfirmationView, Overview } from '../../src/ui/model.ts';
import { editor } from './editor.ts';

const { createConfirmUi } = await import('../../src/ui/confirmConnections.ts');

/** What the user is shown for one connection, and what is agreed to when they say yes. */
async function asked(view: Partial<ConfirmationView>) {
  const confirmed: ConfirmationView[] = [];
  const connection: ConfirmationView = { id: 'one', title: 'One', places: [], placesBefore: [], ...view };
  const none = signal<void>();
  const ui = createConfirmUi({
    overview: {
      current: () => ({ connections: [{ id: 'one', state: 'unconfirmed' }] }) as unknown as Overview,
      onDidChange: none.on,
    },
    actions: {
      unconfirmed: () => [connection],
      asked: async () => undefined,
      confirm: async (shown) => void confirmed.push(...shown),
    },
    onSettingsChange: none.on,
    onSettingsTaken: none.on,
  });
  editor.shown.length = 0;
  editor.answer = ({ choices }) => choices[0];
  await ui.ask();
  assert.deepEqual(confirmed, [connection]);
  const [question] = editor.shown;
  assert.equal(question?.kind, 'modal warning');
  return question.detail.split('\n\n')[0];
}

test('a connection names every place, and the ones from before where it moved', async () => {
  assert.equal(
    await asked({ places: ['b.example:443', 'sts.example'], placesBefore: ['a.example:443'] }),
    'One sends its credential to b.example:443, sts.example. Until now it went to a.example:443.',
  );
});

test('each program is shown with all its arguments as they are', async () => {
  assert.equal(
    await asked({
      programs: [
        ['az', 'account', 'get access'],
        ['catalog-mcp', '--x\u202e', ''],
      ],
    }),
    String.raw`One gives its credential to a program on this machine. It runs this program as you: "az" "account" "get access" It runs this program as you: "catalog-mcp" "--x\u{202e}" ""`,
  );
});

test('a program is shown with its folder and its variables, and with the variable that gets the token', async () => {
  const programs = [['catalog-mcp']];
  assert.equal(
    await asked({
      programs,
      programTerms: { cwd: '/opt/x\u202e', environment: ['A=1', 'B= "2"'], tokenVariable: 'CATALOG_TOKEN' },
    }),
    String.raw`One gives its credential to a program on this machine. It runs this program as you: "catalog-mcp" It runs in the folder "/opt/x\u{202e}". It gets these variables: "A=1" "B= \"2\"". It gets your token in the variable CATALOG_TOKEN.`,
  );
});

test('a program that never has the token is said to have an address in its place', async () => {
  const api = { variable: 'CATALOG_URL', url: 'https://catalog.example/base' };
  assert.equal(
    await asked({
      places: ['catalog.example:443'],
      programs: [['catalog-mcp']],
      programTerms: { environment: [], api },
    }),
    'One sends its credential to catalog.example:443. It runs this program as you: "catalog-mcp" It never has your token: it gets an address in the variable CATALOG_URL, and what it asks there goes to https://catalog.example/base with your token.',
  );
});

test('a server that is not the database is named with the database and what its token is good for', async () => {
  const server = { places: ['gateway.example:443'] };
  assert.equal(
    await asked({
      ...server,
      handsOn: { database: 'warehouse.example', audience: 'api://warehouse', scopes: ['session:role:ANALYST', 'x'] },
    }),
    'One sends its credential to gateway.example:443. The server at gateway.example:443 is not warehouse.example, and gets a token that lets it do there what you may do (audience: "api://warehouse"; scopes: session:role:ANALYST x).',
  );
  const unlimited = await asked({ ...server, handsOn: { database: 'warehouse.example', scopes: [] } });
  assert.match(unlimited ?? '', /\(audience: as the identity provider sets it; scopes: not limited by any\)\.$/);
});
