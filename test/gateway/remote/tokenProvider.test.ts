/** Acceptance rows 7 and 8 of Airflow's token provider for MCP connections (apache/airflow#68104), as far as settings say them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectors } from '../../../src/connectors/index.ts';
import { parseSettings } from '../../../src/extension/settings.ts';
import { presets } from '../../../src/identity/presets/index.ts';
import { tokenSources } from '../../../src/tokens/index.ts';

/** What is wrong with a connection, as the user sees it: where, and what. */
function problems(connection: object): readonly string[] {
  const raw = {
    identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
    connections: { crm: { type: 'mcp', ...connection } },
    limits: undefined,
  };
  const { problems } = parseSettings(raw, { presets, connectors, tokenSources });
  return problems.map(({ path, problem }) => `${path}: ${problem}`);
}

const stdio = { preset: 'stdio', command: 'crm-mcp', tokenVariable: 'CRM_TOKEN' };
const where = 'dataPassport.connections.crm';

test('D8: a server without an address and a program without a name are refused', () => {
  for (const wrong of [{}, { url: undefined }, { url: '' }, { url: 7 }, { preset: 'spcs' }]) {
    const [first = '', ...more] = problems(wrong);
    assert.ok(
      first.startsWith(`${where}.url: `) && more.length === 0,
      `${JSON.stringify(wrong)} ${first} ${more.join()}`,
    );
  }
  for (const command of [undefined, '', 7]) {
    const [first = '', ...more] = problems({ ...stdio, command });
    assert.ok(first.startsWith(`${where}.command: `) && more.length === 0, `${command} ${first} ${more.join()}`);
  }
  assert.deepEqual([problems({ url: 'https://crm.example.com/mcp' }), problems(stdio)], [[], []]);
});

test('D8: a preset that there is not is refused, and the ones that there are are named', () => {
  const [problem = '', ...more] = problems({ preset: 'websocket', url: 'https://crm.example.com/mcp' });
  assert.deepEqual(more, []);
  for (const name of ['generic', 'snowflake', 'spcs', 'databaseGateway', 'stdio'])
    assert.ok(problem.includes(name), problem);
});

test('D8: arguments are a list of texts: nothing is taken apart or put together', () => {
  for (const args of ['--verbose', '["--verbose"]', {}, [7], [['--verbose']], 0, false, null]) {
    const found = problems({ ...stdio, args });
    assert.ok(found.length === 1 && found[0]?.startsWith(`${where}.args`), `${JSON.stringify(args)} ${found.join()}`);
  }
  assert.deepEqual(problems({ ...stdio, args: ['["--verbose"]', '', ' '] }), []);
});

test('D7: fixed variables are texts by name, and none that programs depend on', () => {
  const wrong = [
    [],
    0,
    false,
    '',
    null,
    { A: 7 },
    { A: null },
    { '': 'x' },
    { 'A=B': 'x' },
    { 'A\0': 'x' },
    { PATH: 'x' },
    { LD_PRELOAD: 'x' },
    { NODE_OPTIONS: 'x' },
    { DYLD_INSERT_LIBRARIES: 'x' },
  ];
  for (const env of wrong) {
    const found = problems({ ...stdio, env });
    assert.ok(found.length === 1 && found[0]?.startsWith(`${where}.env`), `${JSON.stringify(env)}: ${found.join()}`);
  }
  assert.deepEqual(problems({ ...stdio, env: { REGION: '' } }), []);
  for (const tokenVariable of ['PATH', 'NODE_OPTIONS', '', 'A B', 'A=B', 7])
    assert.equal(problems({ ...stdio, tokenVariable }).length, 1, String(tokenVariable));
});

test('D1: no setting takes a key or a token, so none is in a file', () => {
  const generic = { url: 'https://crm.example.com/mcp' };
  for (const more of [{ password: 'x' }, { key: 'x' }, { headers: { authorization: 'Bearer x' } }, { token: 'x' }])
    assert.equal(problems({ ...generic, ...more }).length, 1, JSON.stringify(more));
});

test('D8: a header that gives somebody else the token of a database is for the preset that asks before it does so', () => {
  const url = 'https://crm.example.com/mcp';
  const of = (preset: string) => `is the header field of the preset ${preset}, which sends it`;
  assert.deepEqual(
    [
      ...problems({ url, header: 'X-Database-Token' }),
      ...problems({ url, header: 'x-sf-spcs-authorization' }),
      ...problems({ ...stdio, tokenVariable: undefined, api: { variable: 'A', url, header: 'X-DATABASE-TOKEN' } }),
    ],
    [
      `${where}.header: ${of('databaseGateway')}`,
      `${where}.header: ${of('spcs')}`,
      `${where}.api.header: ${of('databaseGateway')}`,
    ],
  );
  assert.equal(problems({ url, headers: { 'X-Database-Token': 'x' } }).length, 1);
});
