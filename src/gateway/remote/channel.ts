import type { PassportError } from '../../core/errors.ts';
import type { EventFields } from '../reply.ts';
import type { RpcMessage, RpcRequest } from './rpc.ts';

/** What a server says on the way to an answer, or beside all requests: a notification, or a request to the client. */
export interface Heard {
  readonly message: RpcMessage;
  readonly fields?: EventFields | undefined;
}

/** An answer as it came, and what it says. */
export interface Answered {
  readonly text: string;
  readonly message: RpcMessage;
  readonly fields?: EventFields | undefined;
}

/** An answer of which only the message is there. */
export function answered(message: RpcMessage): Answered {
  return { text: JSON.stringify(message), message };
}

/** One request on its way to a server. */
export interface Call {
  readonly message: RpcRequest;
  readonly signal: AbortSignal;
  readonly hear: (heard: Heard) => void;
  /** Header fields of the client's request that belong to the protocol. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A conversation with a remote server on behalf of one client session. */
export interface Channel {
  /** What the server answered to `initialize`; absent where it knows none. */
  readonly initialized?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Resolves to the answer, errors of JSON-RPC included.
   * @throws PassportError; SessionLost when the server has forgotten the conversation, and the call with it; the signal's reason
   */
  request(call: Call): Promise<Answered>;
  /** Passes on a notification, or the client's answer to a request of the server. */
  tell(message: RpcMessage, signal: AbortSignal): Promise<void>;
  /** Hears what belongs to no request, until the signal aborts. Resolves when the server offers no such stream. Never rejects. */
  listen(hear: (heard: Heard) => void, signal: AbortSignal): Promise<void>;
  /** What the server kept since an event, to the end of that stream; absent where streams can not be taken up. */
  resume?(lastEventId: string, hear: (heard: Heard) => void, signal: AbortSignal): Promise<void>;
  /** Ends the conversation, as far as the server wants to know. Never rejects. */
  close(): Promise<void>;
}

/** The server has forgotten the session: the call has not run. */
export class SessionLost extends Error {
  /** What its refusal means if it turns out to be none of a session. */
  readonly refusal: PassportError | undefined;

  constructor(refusal?: PassportError) {
    super('session lost');
    this.refusal = refusal;
  }
}
