import type { ServerResponse } from 'node:http';

import { EVENT_STREAM, type EventFields, frame, KEEP_ALIVE_COMMENT } from './reply.ts';

const KEEP_ALIVE = 15_000;
/** Messages kept for a client whose event stream is between two connections. */
const MOST_WAITING = 32;
const MOST_STREAMS = 4;

/** The event streams that a client holds open for what belongs to no request. */
export interface ClientStreams {
  /** An older one stays: a client whose stream ends opens another. @returns what ends this one */
  open(response: ServerResponse): () => void;
  /** Goes to the newest; waits while there is none. */
  say(text: string, fields?: EventFields): void;
  /** How many are open. */
  size(): number;
  /** Ends them all. */
  close(): void;
}

export function clientStreams(): ClientStreams {
  const waiting: (readonly [text: string, fields: EventFields | undefined])[] = [];
  /** Oldest first. */
  const streams = new Map<ServerResponse, NodeJS.Timeout>();

  function drop(response: ServerResponse): void {
    clearInterval(streams.get(response));
    if (streams.delete(response)) response.end();
  }

  return {
    open(response) {
      const [oldest] = streams.keys();
      if (oldest && streams.size >= MOST_STREAMS) drop(oldest);
      response.writeHead(200, EVENT_STREAM);
      response.write(': open\n\n');
      streams.set(
        response,
        setInterval(() => response.write(KEEP_ALIVE_COMMENT), KEEP_ALIVE),
      );
      response.once('close', () => drop(response));
      for (const [text, fields] of waiting.splice(0)) response.write(frame(text, fields));
      return () => drop(response);
    },
    say(text, fields) {
      const newest = [...streams.keys()].at(-1);
      if (newest) newest.write(frame(text, fields));
      else {
        waiting.push([text, fields]);
        if (waiting.length > MOST_WAITING) waiting.shift();
      }
    },
    size: () => streams.size,
    close() {
      for (const response of streams.keys()) drop(response);
    },
  };
}
