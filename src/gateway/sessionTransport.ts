import type { ServerResponse } from 'node:http';

import type { JSONRPCMessage, JSONRPCRequest, Transport } from '@modelcontextprotocol/server';

/** Milliseconds that an answer may take before its headers are sent as an event stream: a silent client gives up. */
const QUIET = 5000;
const KEEP_ALIVE = 15_000;
/** Messages kept for a client whose event stream is between two connections. */
const MOST_WAITING = 32;
const MOST_STREAMS = 4;

/**
 * The 2025-11-25 Streamable HTTP transport of one session, straight on Node's responses.
 *
 * A request is answered as one JSON document when its result is there soon. When it takes longer than {@link QUIET}, or
 * something has to be said before, the answer becomes an event stream with keep-alive comments.
 */
export interface SessionTransport extends Transport {
  readonly sessionId: string;
  /** Takes one posted message and owns the response from here on. */
  post(message: JSONRPCMessage, response: ServerResponse, streams: boolean): void;
  /** Opens an event stream; messages go to the newest. An older one stays: a client whose stream ends opens another. */
  stream(response: ServerResponse): void;
  /** Requests that are not answered yet, and whether an event stream is open. */
  busy(): boolean;
}

interface Exchange {
  readonly response: ServerResponse;
  readonly quiet: NodeJS.Timeout | undefined;
  keepAlive: NodeJS.Timeout | undefined;
}

export function sessionTransport(sessionId: string, onClosed: () => void): SessionTransport {
  const exchanges = new Map<string | number, Exchange>();
  const waiting: string[] = [];
  /** Oldest first. */
  const streams = new Map<ServerResponse, NodeJS.Timeout>();
  let closed = false;

  const transport: SessionTransport = {
    sessionId,
    start: () => Promise.resolve(),
    send(message, options) {
      if (isAnswer(message)) answer(message);
      else say(message, options?.relatedRequestId);
      return Promise.resolve();
    },
    close() {
      if (closed) return Promise.resolve();
      closed = true;
      for (const id of exchanges.keys()) finish(id);
      for (const response of streams.keys()) drop(response);
      onClosed();
      transport.onclose?.();
      return Promise.resolve();
    },
    post(message, response, streams) {
      if (!isRequest(message)) {
        response.writeHead(202, { 'content-length': '0' }).end();
        receive(message);
        return;
      }
      if (exchanges.has(message.id)) return refuseRepeatedId(message, response);
      begin(message, response, streams);
      receive(message);
    },
    stream(response) {
      const [oldest] = streams.keys();
      if (oldest && streams.size >= MOST_STREAMS) drop(oldest);
      response.writeHead(200, EVENT_STREAM);
      response.write(': open\n\n');
      streams.set(
        response,
        setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE),
      );
      response.once('close', () => drop(response));
      for (const text of waiting.splice(0)) response.write(frame(text));
    },
    busy: () => exchanges.size > 0 || streams.size > 0,
  };

  function receive(message: JSONRPCMessage): void {
    transport.onmessage?.(message);
    // The protocol layer answers a canceled request with silence.
    if ('method' in message && message.method === 'notifications/cancelled') {
      const id = message.params?.['requestId'];
      if (typeof id === 'string' || typeof id === 'number') finish(id);
    }
  }

  function begin({ id }: JSONRPCRequest, response: ServerResponse, streams: boolean): void {
    const quiet = streams ? setTimeout(() => upgrade(exchange), QUIET) : undefined;
    const exchange: Exchange = { response, quiet, keepAlive: undefined };
    exchanges.set(id, exchange);
    response.once('close', () => {
      if (exchanges.get(id) !== exchange) return;
      receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'disconnected' } });
    });
  }

  function upgrade(exchange: Exchange): void {
    if (exchange.response.headersSent) return;
    exchange.response.writeHead(200, { ...EVENT_STREAM, 'mcp-session-id': sessionId });
    exchange.response.write(': open\n\n');
    exchange.keepAlive = setInterval(() => exchange.response.write(': keep-alive\n\n'), KEEP_ALIVE);
  }

  /** Takes the exchange out; nothing is sent to it afterwards. */
  function take(id: string | number): ServerResponse | undefined {
    const exchange = exchanges.get(id);
    if (!exchange) return undefined;
    exchanges.delete(id);
    clearTimeout(exchange.quiet);
    clearInterval(exchange.keepAlive);
    return exchange.response;
  }

  function answer(message: JSONRPCMessage & { id?: string | number | undefined }): void {
    const response = message.id === undefined ? undefined : take(message.id);
    if (!response) return;
    const text = JSON.stringify(message);
    if (response.headersSent) response.end(frame(text));
    else sendJson(response, text, sessionId);
  }

  /** Ends an exchange that gets no answer: an empty event stream means just that to every client. */
  function finish(id: string | number): void {
    const response = take(id);
    if (response && !response.headersSent) response.writeHead(200, EVENT_STREAM);
    response?.end();
  }

  function say(message: JSONRPCMessage, related: string | number | undefined): void {
    const text = JSON.stringify(message);
    const exchange = related === undefined ? undefined : exchanges.get(related);
    if (exchange?.quiet) {
      upgrade(exchange);
      exchange.response.write(frame(text));
    } else if (related === undefined) {
      const newest = [...streams.keys()].at(-1);
      if (newest) newest.write(frame(text));
      else keep(text);
    }
  }

  function keep(text: string): void {
    waiting.push(text);
    if (waiting.length > MOST_WAITING) waiting.shift();
  }

  function drop(response: ServerResponse): void {
    clearInterval(streams.get(response));
    if (streams.delete(response)) response.end();
  }

  return transport;
}

const EVENT_STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } as const;

function frame(text: string): string {
  return `event: message\ndata: ${text}\n\n`;
}

function sendJson(response: ServerResponse, text: string, sessionId: string): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'mcp-session-id': sessionId,
  });
  response.end(text);
}

function refuseRepeatedId({ id }: JSONRPCRequest, response: ServerResponse): void {
  const error = { code: -32600, message: 'A request with this id is still running.' };
  const text = JSON.stringify({ jsonrpc: '2.0', id, error });
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

function isRequest(message: JSONRPCMessage): message is JSONRPCRequest {
  return 'method' in message && 'id' in message;
}

function isAnswer(message: JSONRPCMessage): boolean {
  return !('method' in message);
}
