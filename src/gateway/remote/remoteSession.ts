import type { ServerResponse } from 'node:http';

import { PassportError } from '../../core/errors.ts';
import { abandonable } from '../../core/singleFlight.ts';
import { clientStreams } from '../clientStreams.ts';
import { frame, type Reply, reply } from '../reply.ts';
import { type Answered, type Channel, type Heard, SessionLost } from './channel.ts';
import { PRIMING, StreamEnded } from './exchange.ts';
import type { RemoteCalls } from './remoteCalls.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import { errorOf, isObject, isRequest, type RpcId, type RpcMessage, type RpcRequest } from './rpc.ts';

/** Milliseconds that the server gets for `initialize` before it is answered in its place. */
const PATIENCE = 15_000;
/** Milliseconds for a message that nobody waits for. */
const TELLING = 10_000;

/** One session of a 2025-11-25 client with a remote server: it stays, whoever signs in or out and whatever becomes of the server's own session. */
export interface RemoteSession {
  post(message: RpcMessage, response: ServerResponse, takesStream: boolean): void;
  /** Opens an event stream. @param lastEventId where the client's last one broke off */
  stream(response: ServerResponse, lastEventId?: string): void;
  /** The user or the settings are others now: what runs has ended; the lists are to be fetched anew. */
  changed(): void;
  busy(): boolean;
  close(): Promise<void>;
}

export interface RemoteSessionPorts {
  readonly id: string;
  /** The connection as it is now. @throws PassportError DP-CONNECTION-UNKNOWN */
  readonly remote: () => RemoteConnection;
  readonly calls: RemoteCalls;
  readonly onClosed: () => void;
}

interface Running {
  readonly controller: AbortController;
  readonly reply: Reply;
}

export function remoteSession({ id, remote, calls, onClosed }: RemoteSessionPorts): RemoteSession {
  const running = new Map<RpcId, Running>();
  const streams = clientStreams();
  let opening: RpcRequest | undefined;
  let capabilities: unknown;
  /** The conversation with the server, as the user that it was begun for. */
  let channel: { readonly of: RemoteConnection; readonly opened: Promise<Channel>; begun?: Channel } | undefined;
  let listening: AbortController | undefined;
  let closed = false;

  const headers = { 'mcp-session-id': id };
  const canceled = (): PassportError =>
    new PassportError('DP-MCP-CANCELED', { connection: remote().configured.wire.id });

  function hear({ message, fields }: Heard): void {
    const passed = passage(message);
    if (passed) streams.say(JSON.stringify(passed), fields);
  }

  /** A message of the server as the client gets it; what the client may not be asked is answered here. */
  function passage(message: RpcMessage): RpcMessage | undefined {
    if (message === PRIMING) return undefined;
    const { policies, listed } = remote();
    if (message.method === 'notifications/tools/list_changed') listed(false);
    const { on, back } = policies.heard(message);
    if (back) tell(back);
    return on;
  }

  /** A conversation with the server, begun when it is first needed. @throws as {@link Channel.request} */
  async function conversation(signal: AbortSignal, fresh: boolean): Promise<Channel> {
    const of = remote();
    if (channel?.of === of) {
      if (!channel.begun) return abandonable(channel.opened, signal);
      signal.throwIfAborted();
      return channel.begun;
    }
    leave();
    const begin = opening ?? DEFAULT_OPENING;
    const opened = of.open({ ...begin, params: of.policies.opening(begin.params) }, of.life);
    const mine: typeof channel = { of, opened };
    channel = mine;
    opened.then(
      (begun) => {
        mine.begun = begun;
        if (fresh) begun.tell(INITIALIZED, of.life).catch(() => undefined);
        if (channel === mine && streams.size() > 0) listen(begun, of);
      },
      () => {
        if (channel === mine) channel = undefined;
      },
    );
    return abandonable(opened, signal);
  }

  function leave(): void {
    listening?.abort();
    listening = undefined;
    channel = undefined;
  }

  function listen(to: Channel, of: RemoteConnection): void {
    if (listening) return;
    listening = new AbortController();
    void to.listen(hear, AbortSignal.any([listening.signal, of.life]));
  }

  /** Tells the server what it has no answer for. */
  function tell(message: RpcMessage): void {
    const current = channel;
    if (!current) return;
    const signal = AbortSignal.any([current.of.life, AbortSignal.timeout(TELLING)]);
    current.opened.then((open) => open.tell(message, signal)).catch(() => undefined);
  }

  async function initialize(message: RpcRequest, signal: AbortSignal): Promise<Answered> {
    opening = message;
    capabilities = message.params?.['capabilities'];
    const of = remote();
    const said = of.introduces ? await introduction(signal) : undefined;
    const result = of.policies.introduced(said ?? offline(of, message.params?.['protocolVersion']));
    return { text: JSON.stringify({ jsonrpc: '2.0', id: message.id, result }) };
  }

  /** What the server says of itself; undefined while nobody is signed in, or the server is away: a later call says why. */
  async function introduction(signal: AbortSignal): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const begun = await conversation(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]), false);
      calls.reached(remote());
      return begun.initialized;
    } catch (error) {
      calls.failed(remote(), error);
      return undefined;
    }
  }

  async function passOn(message: RpcRequest, hears: (heard: Heard) => void, signal: AbortSignal): Promise<Answered> {
    const attempt = async (): Promise<Answered> => {
      const begun = await conversation(signal, true);
      if (message.method === 'tools/call') await verified(begun, message, signal);
      return begun.request({ message, signal, hear: hears });
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      // Forgotten, and the call with it: it has not run.
      leave();
      return attempt();
    }
  }

  /** @throws PassportError DP-MCP-TOOL-CHANGED where the tool became another one behind the user */
  async function verified(begun: Channel, call: RpcRequest, signal: AbortSignal): Promise<void> {
    const { verify, policies } = remote();
    await verify((message) => begun.request({ message, signal, hear: () => undefined }));
    const refusal = policies.refusal(call);
    if (refusal) throw refusal;
  }

  async function serve(message: RpcRequest, { controller, reply: to }: Running): Promise<void> {
    const hears = ({ message: said, fields }: Heard): void => {
      if (said === PRIMING) return to.say('', fields);
      const passed = passage(said);
      if (passed) to.say(JSON.stringify(passed), fields);
    };
    const { signal } = controller;
    try {
      const { text, fields } =
        message.method === 'initialize'
          ? await initialize(message, signal)
          : await calls.answer({
              of: remote(),
              message,
              controller,
              capabilities,
              passOn: (limited) => passOn(message, hears, limited),
              say: (notification) => streams.say(JSON.stringify(notification)),
            });
      to.answer(text, fields);
    } catch (error) {
      // Ended by the client, which waits for nothing; or for now, until it comes back.
      if (error instanceof StreamEnded || signal.aborted) to.finish();
      else to.answer(JSON.stringify(errorOf(message.id, -32603, 'Data Passport failed.')));
    } finally {
      running.delete(message.id);
    }
  }

  function cancel(call: RpcId): void {
    const { controller, reply: to } = running.get(call) ?? {};
    controller?.abort(canceled());
    // The protocol answers a canceled request with silence.
    to?.finish();
  }

  function begin(message: RpcRequest, response: ServerResponse, takesStream: boolean): void {
    const to = reply(response, headers, takesStream);
    if (running.has(message.id))
      return to.answer(JSON.stringify(errorOf(message.id, -32600, 'A request with this id is still running.')));
    const entry = { controller: new AbortController(), reply: to };
    running.set(message.id, entry);
    response.once('close', () => {
      if (running.get(message.id) !== entry) return;
      entry.controller.abort(canceled());
    });
    void serve(message, entry);
  }

  return {
    post(message, response, takesStream) {
      if (isRequest(message)) return begin(message, response, takesStream);
      const call = message.method === 'notifications/cancelled' ? message.params?.['requestId'] : undefined;
      // Whoever runs the call tells the server.
      if (typeof call === 'string' || typeof call === 'number') cancel(call);
      else tell(message);
      response.writeHead(202, { 'content-length': '0' }).end();
    },
    stream(response, lastEventId) {
      const current = channel;
      if (lastEventId !== undefined && current?.of.clientResumes) {
        void resume(response, lastEventId, current);
        return;
      }
      streams.open(response);
      if (current?.of === remote()) current.opened.then((open) => listen(open, current.of)).catch(() => undefined);
    },
    changed() {
      leave();
      for (const method of LISTS) streams.say(JSON.stringify({ jsonrpc: '2.0', method }));
    },
    busy: () => running.size > 0 || streams.size() > 0,
    async close() {
      if (closed) return;
      closed = true;
      onClosed();
      const last = channel;
      for (const { controller, reply: to } of running.values()) {
        controller.abort(canceled());
        to.finish();
      }
      leave();
      streams.close();
      await last?.opened.then((open) => open.close()).catch(() => undefined);
    },
  };

  /** Gives the client what the server kept for it. */
  async function resume(
    response: ServerResponse,
    lastEventId: string,
    { of, opened }: { readonly of: RemoteConnection; readonly opened: Promise<Channel> },
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers });
    response.flushHeaders();
    try {
      const open = await opened;
      await open.resume?.(
        lastEventId,
        ({ message, fields }) => {
          const isAnswer = message.method === undefined && isObject(message) && message.id !== undefined;
          const passed = isAnswer || message === PRIMING ? message : passage(message);
          if (passed) response.write(frame(passed === PRIMING ? '' : JSON.stringify(passed), fields));
        },
        AbortSignal.any([gone.signal, of.life]),
      );
    } catch {
      // The stream ends; whoever waits hears it by that.
    }
    response.end();
  }
}

const INITIALIZED: RpcMessage = { jsonrpc: '2.0', method: 'notifications/initialized' };
const LISTS = [
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
] as const;

const DEFAULT_OPENING: RpcRequest = {
  jsonrpc: '2.0',
  id: 'dp-initialize',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'data-passport', version: '1' } },
};

const REVISIONS: ReadonlySet<unknown> = new Set(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']);

/** What stands for a server that can not speak for itself now, or never does. */
function offline(of: RemoteConnection, asked: unknown): Readonly<Record<string, unknown>> {
  const protocolVersion = REVISIONS.has(asked) ? asked : '2025-11-25';
  const before = of.remembered();
  return { capabilities: { tools: {} }, serverInfo: {}, ...before, protocolVersion };
}
