import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** Characters of one event: what is larger is no answer for a chat. */
const LARGEST = 16 * 1024 * 1024;

/** One server-sent event, or the advice how soon to come back. */
export interface StreamEvent {
  readonly data: string;
  readonly id?: string | undefined;
  /** Milliseconds; of this event or an earlier one that had no data. */
  readonly retry?: number | undefined;
}

/** An event stream that is larger, or of another kind, than anybody should send. */
export class BadStream extends Error {}

/** Reads an event stream as it comes; the caller's leaving the loop destroys it. @throws BadStream; the error of the stream itself */
export async function* eventsOf(body: Readable): AsyncGenerator<StreamEvent> {
  const ready: StreamEvent[] = [];
  let retry: number | undefined;
  let size = 0;
  const parser = createParser({
    onEvent({ data, id }: EventSourceMessage) {
      ready.push({ data, id, retry });
      retry = undefined;
    },
    onRetry: (milliseconds) => {
      retry = milliseconds;
    },
  });
  const decoder = new StringDecoder('utf8');
  for await (const chunk of body) {
    const text = decoder.write(chunk as Buffer);
    size += text.length;
    parser.feed(text);
    if (ready.length > 0) size = 0;
    if (size > LARGEST) throw new BadStream('an event that is too large');
    yield* ready.splice(0);
  }
  // A field of its own at the very end, without the empty line that ends an event, is no event.
  if (retry !== undefined) yield { data: '', retry };
}
