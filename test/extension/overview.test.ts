import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Connection } from '../../src/core/connection.ts';
import { PassportError } from '../../src/core/errors.ts';
import type { ToolChange } from '../../src/core/link.ts';
import { bindingOf, reachOf } from '../../src/extension/binding.ts';
import { createOverview } from '../../src/extension/overview.ts';
import { twoCredentials } from './twoCredentials.ts';

function open(more: object = {}) {
  const parts = twoCredentials(more);
  const { connection, tables, confirmations } = parts;
  const recalled: unknown[] = [];
  const withheld: ToolChange[] = [];
  const overview = createOverview({
    ...parts,
    ...tables,
    serverMemory: {
      recall: ({ id }, subject) => {
        recalled.push([id, subject]);
        return '{"tools":[]}';
      },
      withheld: (_connection, subject) => (subject === undefined ? [] : withheld),
    },
    settings: () => ({ providers: [], connections: [connection], problems: [] }),
    obstacle: () => undefined,
  });
  const confirm = () => confirmations.confirm([{ connection, reach: reachOf(connection, tables) }]);
  const view = () => {
    const [first] = overview.current().connections;
    assert.ok(first);
    return first;
  };
  return { ...parts, overview, confirm, view, recalled, withheld };
}

const enter = ({ connectionSecrets, connection }: ReturnType<typeof open>, value: string): Promise<void> =>
  connectionSecrets.set(connection, 'serverToken.token', { value });

test('a connection with a sign-in and a secret of its own waits for both, and its user is named by both', async () => {
  const parts = open();
  const { overview, state, view, confirm } = parts;
  await confirm();
  const subject = () => overview.wireConnections()[0]?.subject;
  state.subject = undefined;
  assert.deepEqual([view().state, subject()], ['signedOut', undefined]);
  state.subject = 'alice';
  assert.deepEqual([view().state, subject()], ['secretMissing', undefined]);
  await enter(parts, 'token-of-the-app');
  const first = subject();
  assert.match(first ?? '', /^alice [\da-f-]{36}$/);
  assert.equal(view().state, 'untested');
  await enter(parts, 'another-token');
  assert.notEqual(subject(), first);
});

test('who enters another secret is another user to the sessions, and the same person to what is remembered', async () => {
  const parts = open();
  const { overview, state, recalled } = parts;
  state.subject = 'alice of sales';
  const subjects: (string | undefined)[] = [];
  for (const secret of ['token-of-the-app', 'another-token']) {
    await enter(parts, secret);
    subjects.push(overview.wireConnections()[0]?.subject);
  }
  assert.notEqual(subjects[0], subjects[1]);
  assert.deepEqual(recalled, [
    ['forecast', 'alice of sales'],
    ['forecast', 'alice of sales'],
  ]);
  assert.deepEqual(
    subjects.map((subject) => overview.personOf('forecast', subject ?? '')),
    ['alice of sales', 'alice of sales'],
  );
  assert.equal(overview.personOf('another', 'alice'), undefined);
});

test('the gateway learns who the user is, that the server wants a credential of its own, and what it said before', async () => {
  const parts = open();
  const { overview, connection, tables, recalled } = parts;
  await enter(parts, 'token-of-the-app');
  const [wire] = overview.wireConnections();
  assert.deepEqual(
    { ...wire, subject: 'alice …' },
    {
      id: 'forecast',
      title: 'forecast',
      type: 'mcp/spcs',
      identityProvider: 'company',
      settings: connection.settings,
      limits: { rows: 200, cellLength: 2000, bytes: 1_000_000, seconds: 600 },
      shared: false,
      binding: bindingOf(connection, tables),
      serverToken: true,
      unconfirmed: true,
      hidden: false,
      subject: 'alice …',
      account: 'alice@lab.example',
      remembered: '{"tools":[]}',
    },
  );
  assert.deepEqual(recalled, [['forecast', 'alice']]);
  assert.doesNotMatch(JSON.stringify(overview.wireConnections()), /personalAccessToken|signedIn/);
});

test('a connection that agents may not use is hidden from them and from the editor, and the user can still test it', () => {
  for (const [agents, offered] of [
    [true, ['forecast']],
    [undefined, []],
  ] as const) {
    const { overview, view } = open({ agents });
    assert.deepEqual(
      overview.offeredConnections().map(({ id }) => id),
      offered,
    );
    assert.deepEqual(
      overview.wireConnections().map(({ id, hidden }) => [id, hidden]),
      [['forecast', offered.length === 0]],
    );
    assert.equal(view().agents, offered.length > 0);
  }
});

test('one shared credential makes the identity a shared one', () => {
  assert.equal(open().view().shared, false);
  assert.equal(open({ serverToken: { source: 'static' } }).view().shared, true);
});

const stdio = {
  preset: 'stdio',
  url: undefined,
  command: 'catalog-mcp',
  args: ['--read-only'],
  tokenVariable: 'CATALOG_TOKEN',
  serverToken: undefined,
};

test('a server that is a program is off in Restricted Mode, and known neither to the gateway nor to the editor', () => {
  const { overview, state, view, connection } = open(stdio);
  assert.deepEqual(
    [view().state, view().host, view().programs],
    ['unconfirmed', 'catalog-mcp', [['catalog-mcp', '--read-only']]],
  );
  assert.deepEqual([overview.wireConnections().length, overview.offeredConnections().length], [1, 1]);
  state.trusted = false;
  assert.deepEqual([view().state, overview.isRestricted(connection)], ['restricted', true]);
  assert.deepEqual([overview.wireConnections(), overview.offeredConnections()], [[], []]);
});

test('a token from a program is off in Restricted Mode too, where the call itself is told so', () => {
  const { overview, state, view } = open({ token: { source: 'command', command: ['az'] }, serverToken: undefined });
  state.trusted = false;
  assert.deepEqual([view().state, overview.wireConnections().length], ['restricted', 1]);
});

test('withheld tools are counted and told of while their user is there', async () => {
  const parts = open();
  const { overview, view, withheld, state } = parts;
  await enter(parts, 'token-of-the-app');
  assert.deepEqual([view().withheld, overview.withheldTools()], [0, []]);
  const change = { tool: 'search', before: '{}', after: '{"a":1}' };
  withheld.push(change);
  assert.deepEqual(
    [view().withheld, overview.withheldTools()],
    [1, [{ id: 'forecast', title: 'forecast', changes: [change] }]],
  );
  state.subject = undefined;
  assert.deepEqual([view().withheld, overview.withheldTools()], [0, []]);
});

for (const code of [
  'DP-MCP-TOOL-CHANGED',
  'DP-MCP-CANCELED',
  'DP-MCP-TIMEOUT',
  'DP-MCP-NOT-ALLOWED',
  'DP-MCP-GRANT',
  'DP-MCP-FORBIDDEN',
  'DP-MCP-LOST',
  'DP-MCP-UNREACHABLE',
] as const) {
  const says =
    code === 'DP-MCP-UNREACHABLE' ? 'is told of the connection' : 'says nothing of the connection as a whole';
  test(`${code} ${says}`, async () => {
    const parts = open();
    const { overview, view, confirm, connection } = parts;
    await confirm();
    await enter(parts, 'token-of-the-app');
    const { id }: Connection = connection;
    overview.used({ connection: id, identity: { user: 'alice', details: {} } });
    overview.used({ connection: id, error: new PassportError(code) });
    assert.deepEqual(
      [view().state, view().identity?.user],
      [code === 'DP-MCP-UNREACHABLE' ? 'failed' : 'ready', 'alice'],
    );
  });
}
