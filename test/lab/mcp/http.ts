import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { listen } from '../tokenServices/listen.ts';
import { createJournal, type Journal, type McpRequest } from './journal.ts';

/** What a lever puts in the place of the real answer. */
export type RawBody = string | ((request: McpRequest) => string);

/** One request, and the way to answer it. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: McpRequest;
  /** Undefined where there is no body, or it is no JSON. */
  readonly json: unknown;
  noteToken(token: string): void;
  send(status: number, headers: OutgoingHttpHeaders, body: string): void;
  /** Ends the connection in the middle of the answer. */
  cut(): void;
}

/** Levers that every stand-in over HTTP has. */
export interface HttpLevers extends Journal {
  /** Without a path. */
  readonly url: string;
  /** With its port. */
  readonly host: string;
  /**
   * Answers one request like this instead, the next one of this JSON-RPC method, or the next POST; several calls are for several
   * requests.
   */
  replyRaw(status: number, headers: OutgoingHttpHeaders, body: RawBody, rpcMethod?: string): void;
  /** One request is sent on to another address. Default: 307, which keeps method and body. */
  redirectNext(location: string, status?: 301 | 302 | 303 | 307 | 308): void;
  /** One request is answered by a page, with 200, as captive portals do. */
  htmlNext(): void;
  /** One request fails with 500 and has its own Authorization header in the body. */
  echoAuthorizationNext(): void;
  /** The answer to one request of this method, `tools/call` if it is not named, ends before its result. */
  cutNextStream(rpcMethod?: string): void;
  close(): Promise<void>;
}

interface Replacement {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: RawBody;
  readonly rpcMethod: string | undefined;
}

/**
 * A server that writes down every request before it is answered. Whoever starts it closes it.
 * @param answer takes what no lever took
 * @param prepare may set headers that every answer has, those of levers too
 */
export async function startMcpHttp(
  answer: (exchange: Exchange) => Promise<void>,
  prepare: (response: ServerResponse) => void = () => undefined,
): Promise<HttpLevers> {
  const journal = createJournal();
  const replacements: Replacement[] = [];
  const cuts: string[] = [];
  /** Ids of requests whose results are not to arrive, wherever they are written. */
  const cutIds = new Set<unknown>();

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    prepare(response);
    const body = await text(message);
    const { entry, noteToken, noteCut } = journal.note(message, response, body);
    const cut = (): void => {
      noteCut();
      if (response.headersSent) response.flushHeaders();
      // Later, so that the head is out.
      setImmediate(() => response.destroy());
    };
    const place = cuts.findIndex((method) => method === entry.rpcMethod);
    const marked = place >= 0 && cuts.splice(place, 1).length > 0;
    if (marked) cutIds.add(entry.rpcId);
    watchResults(response, (id) => {
      if (!cutIds.has(id) || (entry.method === 'POST' && !marked)) return false;
      cutIds.delete(id);
      cut();
      return true;
    });
    const replacement = take(entry);
    if (replacement) {
      const { status, headers, body } = replacement;
      response.writeHead(status, headers).end(typeof body === 'string' ? body : body(entry));
      return;
    }
    const send = (status: number, headers: OutgoingHttpHeaders, content: string): void => {
      response.writeHead(status, headers).end(content);
    };
    await answer({ message, response, entry, json: parsed(body), noteToken, send, cut });
  }

  function take(entry: McpRequest): Replacement | undefined {
    const place = replacements.findIndex(({ rpcMethod }) =>
      rpcMethod === undefined ? entry.method === 'POST' : rpcMethod === entry.rpcMethod,
    );
    return place < 0 ? undefined : replacements.splice(place, 1)[0];
  }

  const server = createServer((message, response) => {
    serve(message, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  const { host, close } = await listen(server);

  const replyRaw: HttpLevers['replyRaw'] = (status, headers, body, rpcMethod) =>
    void replacements.push({ status, headers, body, rpcMethod });
  return {
    requests: journal.requests,
    until: journal.until,
    url: `http://${host}`,
    host,
    replyRaw,
    redirectNext: (location, status = 307) => replyRaw(status, { location }, ''),
    htmlNext: () => replyRaw(200, { 'content-type': 'text/html' }, '<html><body>Please log in</body></html>'),
    echoAuthorizationNext: () =>
      replyRaw(500, { 'content-type': 'text/plain' }, ({ headers }) => `Failed: ${JSON.stringify(headers)}`),
    cutNextStream: (rpcMethod = 'tools/call') => void cuts.push(rpcMethod),
    close,
  };
}

const utf8 = (chunk: unknown): string => (typeof chunk === 'string' ? chunk : Buffer.from(chunk as Buffer).toString());

/** Passes on what is written, up to the first result for which `stop` says true; from then on nothing, not even an end. */
function watchResults(response: ServerResponse, stop: (id: unknown) => boolean): void {
  const write = response.write.bind(response) as (...values: unknown[]) => boolean;
  const end = response.end.bind(response) as (...values: unknown[]) => ServerResponse;
  let stopped = false;
  const stops = (chunk: unknown): boolean => {
    if (!stopped && (typeof chunk === 'string' || chunk instanceof Uint8Array))
      stopped = messagesIn(utf8(chunk)).some(({ id, method }) => method === undefined && stop(id));
    return stopped;
  };
  response.write = (...values: unknown[]) => stops(values[0]) || write(...values);
  response.end = (...values: unknown[]) => (stops(values[0]) ? response : end(...values));
}

/** Has everything that is written go through `change` first; what it leaves empty is not written. */
export function rewrite(response: ServerResponse, change: (chunk: string, last: boolean) => string): void {
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  response.write = ((chunk: unknown) => {
    const kept = change(utf8(chunk), false);
    return kept === '' || write(kept);
  }) as typeof response.write;
  response.end = ((chunk?: unknown) => {
    const kept = change(chunk === undefined || typeof chunk === 'function' ? '' : utf8(chunk), true);
    return kept === '' ? end() : end(kept);
  }) as typeof response.end;
}

interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
}

/** JSON-RPC messages in a chunk of an event stream, or in a whole JSON body. */
export function messagesIn(chunk: string): readonly Message[] {
  const parts = chunk.startsWith('{') || chunk.startsWith('[') ? [chunk] : chunk.split('\n').flatMap(dataOf);
  return parts
    .flatMap((part) => [parsed(part)].flat())
    .filter((each): each is Message => typeof each === 'object' && each !== null);
}

/** Without its query. */
export function pathOf({ entry }: Exchange): string {
  return new URL(entry.path, 'http://lab').pathname;
}

function dataOf(line: string): string[] {
  return line.startsWith('data: ') ? [line.slice('data: '.length)] : [];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
