import type { ServerResponse } from 'node:http';

import type { JSONRPCMessage, JSONRPCRequest, Transport } from '@modelcontextprotocol/server';

import { clientStreams } from './clientStreams.ts';
import { type Reply, reply } from './reply.ts';

/** The 2025-11-25 Streamable HTTP transport of one session, straight on Node's responses. */
export interface SessionTransport extends Transport {
  readonly sessionId: string;
  /** Takes one posted message and owns the response from here on. */
  post(message: JSONRPCMessage, response: ServerResponse, takesStream: boolean): void;
  /** Opens an event stream; messages go to the newest. An older one stays: a client whose stream ends opens another. */
  stream(response: ServerResponse): void;
  /** Requests that are not answered yet, and whether an event stream is open. */
  busy(): boolean;
}

export function sessionTransport(sessionId: string, onClosed: () => void): SessionTransport {
  const exchanges = new Map<string | number, Reply>();
  const streams = clientStreams();
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
      streams.close();
      onClosed();
      transport.onclose?.();
      return Promise.resolve();
    },
    post(message, response, takesStream) {
      if (!isRequest(message)) {
        response.writeHead(202, { 'content-length': '0' }).end();
        receive(message);
        return;
      }
      if (exchanges.has(message.id)) return refuseRepeatedId(message, response);
      begin(message, response, takesStream);
      receive(message);
    },
    stream(response) {
      streams.open(response);
    },
    busy: () => exchanges.size > 0 || streams.size() > 0,
  };

  function receive(message: JSONRPCMessage): void {
    transport.onmessage?.(message);
    // The protocol layer answers a canceled request with silence.
    if ('method' in message && message.method === 'notifications/cancelled') {
      const id = message.params?.['requestId'];
      if (typeof id === 'string' || typeof id === 'number') finish(id);
    }
  }

  function begin({ id }: JSONRPCRequest, response: ServerResponse, takesStream: boolean): void {
    const exchange = reply(response, { 'mcp-session-id': sessionId }, takesStream);
    exchanges.set(id, exchange);
    response.once('close', () => {
      if (exchanges.get(id) !== exchange) return;
      receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'disconnected' } });
    });
  }

  /** Takes the exchange out; nothing is sent to it afterwards. */
  function take(id: string | number): Reply | undefined {
    const exchange = exchanges.get(id);
    exchanges.delete(id);
    return exchange;
  }

  function answer(message: JSONRPCMessage & { id?: string | number | undefined }): void {
    if (message.id !== undefined) take(message.id)?.answer(JSON.stringify(message));
  }

  function finish(id: string | number): void {
    take(id)?.finish();
  }

  function say(message: JSONRPCMessage, related: string | number | undefined): void {
    const text = JSON.stringify(message);
    if (related === undefined) streams.say(text);
    else exchanges.get(related)?.say(text);
  }

  return transport;
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
