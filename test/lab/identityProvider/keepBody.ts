import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/**
 * Reads the whole request now and lets the provider read it again later: Node drops what was not read once the client has
 * gone, while a real server often has the request by then and carries it out.
 */
export async function keepBody(request: IncomingMessage): Promise<void> {
  const body = await buffer(request);
  Object.defineProperties(request, {
    readable: { value: true },
    iterator: { value: () => Readable.from([body])[Symbol.asyncIterator]() },
  });
}
