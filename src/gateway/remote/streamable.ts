import { setTimeout as delay } from 'node:timers/promises';

import { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';
import type { Authorized } from './authorized.ts';
import type { Answered, Call, Channel, Heard } from './channel.ts';
import { eventsOf } from './eventReader.ts';
import { type Envelope, type Exchanger, pauseFor, PRIMING } from './exchange.ts';
import { cancellation, isResponse, messagesIn, reasonOf, type RpcRequest } from './rpc.ts';

/** Milliseconds for a goodbye. */
const GOODBYE = 3000;
/** Milliseconds between two tries of an event stream. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const REFUSED_PAUSE = 300_000;
/** What another try does not mend. */
const ABOUT_THE_USER = /^DP-(?:MCP-(?:REFUSED|FORBIDDEN|INGRESS)|SIGN-IN|ACCOUNT|SECRET|CONNECTION)/;

export interface StreamablePorts {
  readonly auth: Authorized;
  readonly exchanger: Exchanger;
  /** True where the client hears where a stream stands and comes back by itself. */
  readonly forwardsPriming: boolean;
}

/** What an `initialize` without a session came to: a conversation, or an answer that says the server speaks another way. */
export type Opening =
  | { readonly kind: 'open'; readonly channel: Channel }
  | { readonly kind: 'refused'; readonly answer: Answered };

/**
 * Begins a conversation over Streamable HTTP of the revisions that have sessions (2025-03-26 to 2025-11-25).
 * @throws as {@link Channel.request}
 */
export async function openStreamable(
  initialize: RpcRequest,
  signal: AbortSignal,
  ports: StreamablePorts,
): Promise<Opening> {
  const call: Call = { message: initialize, signal, hear: () => undefined };
  const { answer: http, ...answer } = await ports.exchanger.exchange(call, { headers: {} });
  const { result } = answer.message;
  if ('text' in http || !isObject(result)) return { kind: 'refused', answer };
  const session = http.headers['mcp-session-id'];
  const version = result['protocolVersion'];
  const headers = {
    ...(typeof session === 'string' && { 'mcp-session-id': session }),
    // The header came with 2025-06-18; older servers ignore it.
    ...(typeof version === 'string' && { 'mcp-protocol-version': version }),
  };
  const envelope = { headers, ...(typeof session === 'string' && { session }) };
  return { kind: 'open', channel: streamableChannel(result, envelope, ports) };
}

function streamableChannel(
  initialized: Readonly<Record<string, unknown>>,
  envelope: Envelope,
  { auth, exchanger, forwardsPriming }: StreamablePorts,
): Channel {
  /** One event stream from its beginning to its end. @returns whether there will be another one */
  async function once(
    last: Place,
    hear: (heard: Heard) => void,
    signal: AbortSignal,
    answers = false,
  ): Promise<boolean> {
    return auth.run(signal, async (send) => {
      const headers = {
        ...envelope.headers,
        accept: 'text/event-stream',
        ...(last.id !== undefined && { 'last-event-id': last.id }),
      };
      const answer = await send({ method: 'GET', headers, repeatable: true });
      if ('text' in answer) return false;
      if (!(answer.headers['content-type'] ?? '').startsWith('text/event-stream')) {
        answer.body.destroy();
        return false;
      }
      for await (const { data, id, retry } of eventsOf(answer.body)) {
        last.id = id ?? last.id;
        last.pause = pauseFor(retry) ?? FIRST_PAUSE;
        if (data === '' && forwardsPriming) hear({ message: PRIMING, fields: { id, retry } });
        for (const message of messagesIn(data) ?? [])
          if (answers || !isResponse(message)) hear({ message, fields: { id, retry } });
      }
      return true;
    });
  }

  return {
    initialized,
    async request(call) {
      const { message, signal } = call;
      // A server hears of an end by this alone: a connection may break for many reasons (MCP 2025-11-25, cancellation).
      const onAbort = (): void =>
        void exchanger.farewell(cancellation(message.id, reasonOf(signal)), envelope, AbortSignal.timeout(GOODBYE));
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await exchanger.exchange(call, envelope);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    tell: (message, signal) => exchanger.post(message, envelope, signal),
    async listen(hear, signal) {
      const last: Place = { id: undefined, pause: FIRST_PAUSE };
      let pause = FIRST_PAUSE;
      while (!signal.aborted) {
        let heard = false;
        const hears = (said: Heard): void => {
          heard = true;
          hear(said);
        };
        try {
          if (!(await once(last, hears, signal))) return;
        } catch (error) {
          // Nobody waits for this stream: whoever signs in, or calls a tool, hears what is wrong. Asking again costs a token.
          if (error instanceof PassportError && ABOUT_THE_USER.test(error.code)) pause = REFUSED_PAUSE;
        }
        pause = heard ? last.pause : Math.max(last.pause, Math.min(2 * pause, LONGEST_PAUSE), pause);
        await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
      }
    },
    async resume(lastEventId, hear, signal) {
      await once({ id: lastEventId, pause: FIRST_PAUSE }, hear, signal, true);
    },
    async close() {
      if (envelope.session === undefined) return;
      const work = auth.runHeld(AbortSignal.timeout(GOODBYE), (send) =>
        send({ method: 'DELETE', headers: envelope.headers, repeatable: true }),
      );
      await work.then(
        (answer) => !answer || 'text' in answer || answer.body.resume().on('error', () => undefined),
        () => undefined,
      );
    },
  };
}

/** Where an event stream stands. */
interface Place {
  id: string | undefined;
  pause: number;
}

/** A server that knows tools and nothing of sessions: every request stands for itself. */
export function statelessChannel(exchanger: Exchanger): Channel {
  return {
    request: (call) => exchanger.exchange(call, { headers: {} }),
    tell: () => Promise.resolve(),
    listen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
