import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';

/** More in one message than any number of sign-ins has. */
const MOST_BYTES = 8 * 1024 * 1024;
const HANDSHAKE_MILLISECONDS = 5000;

/** Messages between two windows that have proved to each other that they can read the same private folder. */
export interface Channel<Message> {
  send(message: Message): void;
  /** Takes the messages, in order; those that came before are kept for it. */
  receive(listener: (message: Message) => void): void;
  /** Resolves when the other side is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Proves knowledge of the key both ways (HMAC over both sides' random values, bound to the side), then carries lines of JSON.
 * The key itself never travels: on Windows a stranger could listen on a pipe of a known name.
 * @throws Error when the other side can not prove it, or says nothing
 */
export async function openChannel<Message>(
  socket: Socket,
  key: string,
  side: 'holder' | 'guest',
): Promise<Channel<Message>> {
  const lines = lineReader(socket);
  const own = randomBytes(16).toString('hex');
  const other = side === 'holder' ? 'guest' : 'holder';
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MILLISECONDS);
  try {
    socket.write(`${own}\n`);
    const theirs = await lines.next();
    if (!/^[0-9a-f]{32}$/.test(theirs)) throw new Error('not one of ours');
    socket.write(`${proof(key, side, [own, theirs])}\n`);
    const given = Buffer.from(await lines.next());
    const wanted = Buffer.from(proof(key, other, [theirs, own]));
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Error('not one of ours');
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    send(message) {
      if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
    },
    receive(listener) {
      void (async () => {
        for (;;) listener(JSON.parse(await lines.next()) as Message);
      })().catch(() => socket.destroy());
    },
    closed: lines.ended,
    close: () => void socket.destroy(),
  };
}

function proof(key: string, side: string, values: readonly [own: string, theirs: string]): string {
  return createHmac('sha256', key)
    .update([side, ...values].join('\n'))
    .digest('hex');
}

interface Lines {
  /** @throws Error when there will be none any more */
  next(): Promise<string>;
  readonly ended: Promise<void>;
}

function lineReader(socket: Socket): Lines {
  const ready: string[] = [];
  const ended = Promise.withResolvers<void>();
  let waiting: PromiseWithResolvers<string> | undefined;
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    rest += chunk;
    if (rest.length > MOST_BYTES) socket.destroy();
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    ready.push(...parts);
    const line = waiting && ready.shift();
    if (line === undefined) return;
    waiting?.resolve(line);
    waiting = undefined;
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    waiting?.reject(new Error('closed'));
    ended.resolve();
  });
  return {
    ended: ended.promise,
    next() {
      const line = ready.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (socket.destroyed) return Promise.reject(new Error('closed'));
      waiting = Promise.withResolvers<string>();
      return waiting.promise;
    },
  };
}
