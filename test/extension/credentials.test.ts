import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asPassportError } from '../../src/core/errors.ts';
import { reachOf } from '../../src/extension/binding.ts';
import { twoCredentials } from './twoCredentials.ts';

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => asPassportError(error).code,
  );

async function ready(more: object = {}) {
  const parts = twoCredentials(more);
  const { connection, confirmations, connectionSecrets, tables } = parts;
  await confirmations.confirm([{ connection, reach: reachOf(connection, tables) }]);
  await connectionSecrets.set(connection, 'serverToken.token', { value: 'token-of-the-app' });
  return parts;
}

test('each slot has its own credential, from its own source and with its own settings path', async () => {
  const { credentials, connection, minted } = await ready();
  const token = await credentials.get(connection, 'token', {});
  const server = await credentials.get(connection, 'server', {});
  assert.deepEqual(
    [token.reveal(), server.reveal()],
    [
      { kind: 'bearer', token: 'token-1' },
      { kind: 'personalAccessToken', token: 'token-of-the-app' },
    ],
  );
  assert.deepEqual(minted, ['dataPassport.connections.forecast.token session:role-any']);
});

test('two slots with the same source and settings share what comes from the sign-in, unless they need something else of it', async () => {
  const { credentials, connection, minted } = await ready({ serverToken: { source: 'signedIn' } });
  const [token, server] = [
    await credentials.get(connection, 'token', {}),
    await credentials.get(connection, 'server', {}),
  ];
  assert.notEqual(token.id, server.id);
  assert.deepEqual(minted, [
    'dataPassport.connections.forecast.token session:role-any',
    'dataPassport.connections.forecast.serverToken',
  ]);
});

test('a sign-out forgets what came from the sign-in, and a replaced secret what came from it', async () => {
  const { credentials, connection, connectionSecrets } = await ready();
  const peek = () => ['token', 'server'].map((slot) => credentials.peek(connection, slot)?.reveal());
  await credentials.get(connection, 'token', {});
  await credentials.get(connection, 'server', {});
  credentials.forget('company');
  assert.deepEqual(peek(), [undefined, { kind: 'personalAccessToken', token: 'token-of-the-app' }]);
  await credentials.get(connection, 'token', {});
  await connectionSecrets.set(connection, 'serverToken.token', { value: 'another-token-of-the-app' });
  credentials.forgetOwn('forecast');
  assert.deepEqual(peek(), [{ kind: 'bearer', token: 'token-2' }, undefined]);
  const { token } = (await credentials.get(connection, 'server', {})).reveal() as { token?: string };
  assert.equal(token, 'another-token-of-the-app');
});

test('without its user a connection gets nothing, and without one of its secrets neither', async () => {
  const { credentials, connection, connectionSecrets, state, minted } = await ready();
  const codes = () => Promise.all(['token', 'server'].map((slot) => codeOf(credentials.get(connection, slot, {}))));
  state.subject = undefined;
  assert.deepEqual(await codes(), ['DP-SIGN-IN-REQUIRED', 'DP-SIGN-IN-REQUIRED']);
  state.subject = 'alice';
  await connectionSecrets.remove(connection, 'serverToken.token');
  assert.deepEqual(await codes(), ['DP-SECRET-MISSING', 'DP-SECRET-MISSING']);
  assert.deepEqual(minted, []);
});

test('a slot that the connection does not have is nobody’s', async () => {
  const { credentials, connection } = await ready();
  for (const slot of ['database', 'serverToken', '__proto__', ''])
    assert.equal(await codeOf(credentials.get(connection, slot, {})), 'DP-INTERNAL', slot);
});

test('in Restricted Mode nothing is handed to a connection that runs a program, whichever of its credentials is asked for', async () => {
  const { credentials, connection, state } = await ready({ serverToken: { source: 'command', command: ['az'] } });
  state.trusted = false;
  const codes = await Promise.all(['token', 'server'].map((slot) => codeOf(credentials.get(connection, slot, {}))));
  assert.deepEqual(codes, ['DP-COMMAND-RESTRICTED', 'DP-COMMAND-RESTRICTED']);
});

test('what was not confirmed is named with the program, the hosts and the database', async () => {
  const { credentials, connection } = twoCredentials({
    preset: 'databaseGateway',
    database: 'warehouse.example',
    url: 'https://gateway.example.com/mcp',
    serverToken: { source: 'command', command: ['az', 'account'] },
  });
  const error = asPassportError(await credentials.get(connection, 'token', {}).catch((thrown: unknown) => thrown));
  assert.equal(
    error.message,
    'forecast would run az and send its credential to gateway.example.com:443 and let the server there use warehouse.example as you, which you have not confirmed, so nothing was sent.',
  );
});
