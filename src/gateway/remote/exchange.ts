import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import type { HttpServer } from '../../connectors/mcp/server.ts';
import { PassportError } from '../../core/errors.ts';
import { networkReason } from '../../core/networkReason.ts';
import { isObject } from '../record.ts';
import { type Authorized, messageIn, type Refusal, type Send } from './authorized.ts';
import { TooLarge, textOf } from './boundedText.ts';
import { type Answered, type Call, SessionLost } from './channel.ts';
import { BadStream, eventsOf, type StreamEvent } from './eventReader.ts';
import { isResponse, messagesIn, type RpcMessage } from './rpc.ts';
import type { UpstreamAnswer } from './upstreamHttp.ts';

/** Bytes of one answer that are read; what of it goes on is the limits' to say. */
const MOST = 16 * 1024 * 1024;
/** Milliseconds that a stream gets to end by itself after its answer, so that its connection can be used again. */
const GRACE = 500;
/** Times that a stream is taken up again in a row without a word in between. */
const RESUMES = 5;
const COME_BACK = 1000;
const SOONEST = 100;
const LATEST = 30_000;

export const BOTH_TYPES = 'application/json, text/event-stream';

/** Methods that may come twice without harm. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
]);

export interface ExchangePorts {
  readonly auth: Authorized;
  readonly server: Pick<HttpServer, 'judgeError' | 'judgeFailure'>;
  readonly params: Readonly<Record<string, string>>;
  /** Takes what was sent out of the server's words, before they are cut for an error. */
  readonly clean: (text: string) => string;
  /** Who takes up a stream that ends before its answer: we, or the client that hears of the end. */
  readonly resumes: boolean;
}

/** What a request is sent with, beside the credentials. */
export interface Envelope {
  /** Header fields of the protocol: version, session. */
  readonly headers: Readonly<Record<string, string>>;
  readonly session?: string | undefined;
}

/** One request and its answer over Streamable HTTP. @throws as {@link Channel.request} */
export interface Exchanger {
  exchange(call: Call, envelope: Envelope): Promise<Answered & { readonly answer: UpstreamAnswer | Refusal }>;
  /** Throws what the preset knows of an error that looks like an answer. */
  judge(message: RpcMessage): void;
  /** Posts what has no answer. */
  post(message: RpcMessage, envelope: Envelope, signal: AbortSignal): Promise<void>;
  /** Posts a last word with what is at hand: nothing is asked for, because it may be another user's by now. Never rejects. */
  farewell(message: RpcMessage, envelope: Envelope, signal: AbortSignal): Promise<void>;
}

export function exchanger({ auth, server, params, clean, resumes }: ExchangePorts): Exchanger {
  const unusable = (problem: string): PassportError => new PassportError('DP-MCP-ANSWER', { ...params, problem });
  const lost = (error: unknown): PassportError =>
    new PassportError('DP-MCP-LOST', { ...params, reason: networkReason(error) });

  async function once(
    call: Call,
    { headers, session }: Envelope,
    send: Send,
  ): Promise<Answered & { answer: UpstreamAnswer | Refusal }> {
    const answer = await send({
      method: 'POST',
      headers: { ...headers, ...call.headers, 'content-type': 'application/json', accept: BOTH_TYPES },
      body: JSON.stringify(call.message),
      repeatable: REPEATABLE.has(call.message.method),
    });
    if ('text' in answer) return { ...refused(call, answer, session), answer };
    const type = clean(answer.headers['content-type'] ?? '').toLowerCase();
    if (type.startsWith('application/json')) return { ...(await document(call, answer.body)), answer };
    if (type.startsWith('text/event-stream')) return { ...(await stream(call, answer.body, headers)), answer };
    answer.body.destroy();
    throw unusable(answer.status === 202 ? 'there is none' : `it is ${type.slice(0, 60) || 'of no known kind'}`);
  }

  /** Refusals that are meant for the client come as JSON-RPC. */
  function refused({ message }: Call, { status, text }: Refusal, session: string | undefined): Answered {
    const said = messagesIn(text)?.find((each) => each.error !== undefined);
    const detail = messageIn(text);
    const refusal = new PassportError('DP-MCP-STATUS', { ...params, status: String(status) }, { detail });
    // Some servers answer 400 to a session that they do not know: an error of the message itself would have its id.
    const isUnknown = status === 404 || (status === 400 && said?.id !== message.id);
    if (session !== undefined && isUnknown) throw new SessionLost(refusal);
    if (!said) throw refusal;
    const own = { ...said, id: message.id };
    return { text: JSON.stringify(own), message: own };
  }

  async function document(call: Call, body: Readable): Promise<Answered> {
    const text = await textOf(body, MOST).catch((error: unknown) => {
      if (call.signal.aborted) throw call.signal.reason;
      throw error instanceof TooLarge ? unusable('it is too large') : lost(error);
    });
    const found = answerIn(text, call);
    if (!found) throw unusable('it is no answer of an MCP server');
    return found;
  }

  /** The answer among what one text says; the rest is heard. What answers another request is nobody's. */
  function answerIn(text: string, call: Call, fields?: StreamEvent): Answered | undefined {
    const messages = messagesIn(text);
    if (!messages) throw unusable('it is not JSON-RPC');
    let found: Answered | undefined;
    for (const message of messages) {
      if (isResponse(message) && message.id === call.message.id) {
        judge(message);
        found = { text: messages.length === 1 ? text : JSON.stringify(message), message, fields };
      } else if (!isResponse(message)) call.hear({ message, fields });
    }
    return found;
  }

  /** What the preset knows of errors that look like answers. */
  function judge({ error, result }: RpcMessage): void {
    if (isObject(error)) {
      const verdict = server.judgeError?.({ code: Number(error['code']), message: clean(String(error['message'])) });
      if (verdict) auth.refuse(verdict);
    }
    if (server.judgeFailure && isObject(result) && result['isError'] === true) {
      const verdict = server.judgeFailure(clean(textIn(result['content'])));
      if (verdict) auth.refuse(verdict);
    }
  }

  /** Reads until the answer; a stream that ends before it is taken up where it was, if the server says how. */
  async function stream(call: Call, first: Readable, headers: Envelope['headers']): Promise<Answered> {
    let last: string | undefined;
    let wait = COME_BACK;
    let body = first;
    for (let silent = 0; silent < RESUMES; silent += 1) {
      let reason: unknown;
      const events = eventsOf(body);
      try {
        for (let event = await events.next(); !event.done; event = await events.next()) {
          const { data, id, retry } = event.value;
          silent = 0;
          last = id ?? last;
          wait = pauseFor(retry) ?? wait;
          if (!resumes && data === '') call.hear({ message: PRIMING, fields: event.value });
          // The end that some servers announce in words that are not JSON.
          if (data === '' || data.trim() === '[DONE]') continue;
          const found = answerIn(data, call, event.value);
          if (found) {
            letEnd(events, body);
            return found;
          }
        }
      } catch (error) {
        body.destroy();
        if (call.signal.aborted) throw call.signal.reason;
        if (error instanceof BadStream) throw unusable(error.message);
        if (!isOfTheStream(error)) throw error;
        reason = error;
      }
      if (!resumes && last !== undefined) throw new StreamEnded();
      if (last === undefined) throw lost(reason);
      await delay(wait, undefined, { signal: call.signal }).catch(() => {
        throw call.signal.reason;
      });
      body = await takenUp(call, headers, last).catch(() => {
        if (call.signal.aborted) throw call.signal.reason;
        throw lost(reason);
      });
    }
    throw lost(undefined);
  }

  /** With a credential of its own: were it refused together with the call, the call would be sent again. */
  function takenUp({ signal }: Call, headers: Envelope['headers'], last: string): Promise<Readable> {
    return auth.run(signal, async (send) => {
      const again = await send({
        method: 'GET',
        headers: { ...headers, accept: 'text/event-stream', 'last-event-id': last },
        repeatable: true,
      });
      if ('text' in again) throw lost(undefined);
      return again.body;
    });
  }

  return {
    judge,
    exchange: (call, envelope) => auth.run(call.signal, (send) => once(call, envelope, send)),
    post: (message, envelope, signal) => auth.run(signal, (send) => posted(message, envelope, send)),
    async farewell(message, envelope, signal) {
      await auth.runHeld(signal, (send) => posted(message, envelope, send)).catch(() => undefined);
    },
  };

  async function posted(message: RpcMessage, { headers, session }: Envelope, send: Send): Promise<void> {
    const answer = await send({
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: BOTH_TYPES },
      body: JSON.stringify(message),
      repeatable: false,
    });
    if (!('text' in answer)) answer.body.resume().on('error', () => undefined);
    else if ((answer.status === 404 || answer.status === 400) && session !== undefined) throw new SessionLost();
  }
}

/** Where the client takes up its streams by itself: it ends here for now. */
export class StreamEnded extends Error {}

/** Stands for an event without data, which only says where its stream stands. */
export const PRIMING: RpcMessage = { jsonrpc: '2.0' };

/** An error of the connection, and not one of ours. */
function isOfTheStream(error: unknown): boolean {
  return error instanceof Error && 'code' in error && !(error instanceof PassportError);
}

/** A connection whose stream ended by itself can be used again. */
function letEnd(events: AsyncGenerator<StreamEvent>, body: Readable): void {
  const timer = setTimeout(() => body.destroy(), GRACE);
  const rest = async (): Promise<void> => {
    while (!(await events.next()).done);
  };
  rest()
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
}

/** Milliseconds that a server asks its client to wait, as far as that is reasonable. */
export function pauseFor(retry: number | undefined): number | undefined {
  return retry === undefined ? undefined : Math.min(Math.max(retry, SOONEST), LATEST);
}

function textIn(content: unknown): string {
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [];
  return blocks.map((block) => (isObject(block) && typeof block['text'] === 'string' ? block['text'] : '')).join('\n');
}
