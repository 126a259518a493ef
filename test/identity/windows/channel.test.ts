import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';

import { openChannel } from '../../../src/identity/windows/channel.ts';
import { privatePlace } from '../../../src/identity/windows/place.ts';

interface Message {
  readonly text: string;
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Both ends of a connection over a private socket. */
async function pair(): Promise<readonly [holder: Socket, guest: Socket]> {
  const place = privatePlace('t');
  const server: Server = createServer();
  server.listen(place.path);
  await once(server, 'listening');
  const guest = connect(place.path ?? '');
  const [holder] = (await once(server, 'connection')) as [Socket];
  open.push(() => {
    for (const socket of [holder, guest]) socket.destroy();
    server.close();
    place.remove();
  });
  return [holder, guest];
}

describe('a channel between two windows', () => {
  test('carries messages both ways, in order, also those that come before anybody listens', async () => {
    const [holder, guest] = await pair();
    const [left, right] = await Promise.all([
      openChannel<Message>(holder, 'key', 'holder'),
      openChannel<Message>(guest, 'key', 'guest'),
    ]);
    for (const text of ['one', 'two\nlines', 'three']) left.send({ text });
    const received = Promise.withResolvers<string[]>();
    const texts: string[] = [];
    right.receive(({ text }) => {
      texts.push(text);
      if (texts.length === 3) received.resolve(texts);
    });
    assert.deepEqual(await received.promise, ['one', 'two\nlines', 'three']);
    right.close();
    await left.closed;
  });

  for (const [who, keys, sides] of [
    ['a guest with another key', ['key', 'other'], ['holder', 'guest']],
    ['a stranger that plays our own part', ['key', 'key'], ['guest', 'guest']],
  ] as const) {
    test(`does not open with ${who}, on either side`, async () => {
      const [holder, guest] = await pair();
      const opened = await Promise.allSettled([
        openChannel(holder, keys[0], sides[0]),
        openChannel(guest, keys[1], sides[1]),
      ]);
      assert.deepEqual(
        opened.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
    });
  }

  test('does not open for one that sends back what it hears', async () => {
    const [holder, stranger] = await pair();
    stranger.pipe(stranger);
    await assert.rejects(openChannel(holder, 'key', 'holder'));
  });

  test('never shows the key', async () => {
    const [holder, stranger] = await pair();
    let heard = '';
    stranger.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      stranger.write(`${'0'.repeat(32)}\n`);
    });
    await assert.rejects(openChannel(holder, 'a-key-of-some-length', 'holder'));
    assert.ok(heard.length > 32 && !heard.includes('a-key-of-some-length'));
  });

  test('ends when the other side sends what is no message', async () => {
    const [holder, guest] = await pair();
    const [left] = await Promise.all([openChannel(holder, 'key', 'holder'), openChannel(guest, 'key', 'guest')]);
    left.receive(() => undefined);
    guest.write('{"half\n');
    await left.closed;
  });
});
