import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { loopback } from '../../../src/identity/flows/loopback.ts';
import { authorizes, rawSocket, recordingHandler, requestOf, signsIn, visit } from './fixture.ts';

test('a request that never ends is closed by the listener, and the flow goes on (requirement 33)', async () => {
  const { handler } = recordingHandler({ start: authorizes, finish: signsIn });
  const flow = await loopback.begin(requestOf(handler));
  const startUrl = flow.prompt.kind === 'page' ? flow.prompt.url : '';
  const socket = await rawSocket(Number(new URL(startUrl).port), 'GET /callback HTTP/1.1\r\nx: ');
  const dripping = setInterval(() => socket.write('x'), 500);
  socket.resume();
  await once(socket, 'close');
  clearInterval(dripping);
  assert.equal((await visit(startUrl)).status, 302);
  flow.close();
});
