import type { ServerResponse } from 'node:http';

/** Milliseconds that an answer may take before its headers are sent as an event stream: a silent client gives up. */
const QUIET = 5000;
const KEEP_ALIVE = 15_000;

/** Fields of a server-sent event beside its data. */
export interface EventFields {
  readonly id?: string | undefined;
  /** Milliseconds. */
  readonly retry?: number | undefined;
}

/**
 * The answer to one posted request of a 2025-11-25 client: one JSON document when the result is there soon; when it takes longer than
 * {@link QUIET}, or something has to be said before, an event stream with keep-alive comments.
 */
export interface Reply {
  /** Says something before the answer. Dropped for a client that takes no event stream. */
  say(text: string, fields?: EventFields): void;
  /** The answer itself. Nothing is sent afterwards. */
  answer(text: string, fields?: EventFields): void;
  /** Ends without an answer: an empty event stream means just that to every client. */
  finish(): void;
}

/** @param headers of the answer, in either form @param streams whether the client takes an event stream */
export function reply(response: ServerResponse, headers: Readonly<Record<string, string>>, streams: boolean): Reply {
  let keepAlive: NodeJS.Timeout | undefined;
  let over = false;
  const quiet = streams ? setTimeout(upgrade, QUIET) : undefined;

  function upgrade(): void {
    if (response.headersSent || over) return;
    response.writeHead(200, { ...EVENT_STREAM, ...headers });
    response.write(': open\n\n');
    keepAlive = setInterval(() => response.write(KEEP_ALIVE_COMMENT), KEEP_ALIVE);
  }

  /** False when it was over already. */
  function end(): boolean {
    if (over) return false;
    over = true;
    clearTimeout(quiet);
    clearInterval(keepAlive);
    return true;
  }

  return {
    say(text, fields) {
      if (!streams || over) return;
      upgrade();
      response.write(frame(text, fields));
    },
    answer(text, fields) {
      if (!end()) return;
      if (response.headersSent) response.end(frame(text, fields));
      else sendJson(response, text, headers);
    },
    finish() {
      if (!end()) return;
      if (!response.headersSent) response.writeHead(200, { ...EVENT_STREAM, ...headers });
      response.end();
    },
  };
}

export const EVENT_STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } as const;
export const KEEP_ALIVE_COMMENT = ': keep-alive\n\n';

/** One server-sent event; line ends in JSON stand between its parts alone. */
export function frame(text: string, { id, retry }: EventFields = {}): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (retry === undefined ? '' : `retry: ${retry}\n`);
  const line = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text;
  return `${head}event: message\ndata: ${line}\n\n`;
}

export function sendJson(response: ServerResponse, text: string, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
