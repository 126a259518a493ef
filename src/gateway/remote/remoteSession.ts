import type { ServerResponse } from 'node:http';

import { PassportError } from '../../core/errors.ts';
import { clientStreams } from '../clientStreams.ts';
import { isObject } from '../record.ts';
import { type Reply, reply } from '../reply.ts';
import { answered, type Answered, type Channel, type Heard, SessionLost } from './channel.ts';
import { conversation } from './conversation.ts';
import { PRIMING, StreamEnded } from './exchange.ts';
import type { RemoteCalls } from './remoteCalls.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import { errorOf, failureOf, isRequest, resultOf, type RpcId, type RpcMessage, type RpcRequest } from './rpc.ts';

/** Milliseconds that the server gets for `initialize` before it is answered in its place. */
const PATIENCE = 15_000;

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
  /** Id of the connection. */
  readonly connection: string;
  /** The connection as it is now. @throws PassportError DP-CONNECTION-UNKNOWN */
  readonly remote: () => RemoteConnection;
  readonly calls: RemoteCalls;
  readonly onClosed: () => void;
}

interface Running {
  readonly controller: AbortController;
  readonly reply: Reply;
}

export function remoteSession({ id, connection, remote, calls, onClosed }: RemoteSessionPorts): RemoteSession {
  const running = new Map<RpcId, Running>();
  const streams = clientStreams();
  const talk = conversation({ connection, remote, hear, onBegun });
  let capabilities: unknown;
  /** What the client was told of the server. */
  let told: Readonly<Record<string, unknown>> | undefined;
  /** The client was told that lists changed, and has asked for nothing since. */
  let announced = false;
  let outdated = false;
  let closed = false;

  const headers = { 'mcp-session-id': id };
  const canceled = (): PassportError => new PassportError('DP-MCP-CANCELED', { connection });

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
    if (back) talk.tell(back);
    return on;
  }

  /** What a client was told stays its truth for the whole session: where the server offers something else, it has to begin again. */
  function onBegun({ initialized }: Channel): void {
    if (!initialized || !told) return;
    outdated ||= outlineOf(remote().policies.introduced(initialized)) !== outlineOf(told);
  }

  async function initialize(message: RpcRequest, signal: AbortSignal): Promise<Answered> {
    talk.opening = message;
    capabilities = message.params?.['capabilities'];
    const of = remote();
    const said = of.introduces ? await introduction(of, signal) : undefined;
    const result = of.policies.introduced(said ?? offline(of, message.params?.['protocolVersion']));
    told = result;
    const answer = resultOf(message.id, result);
    return answered(answer);
  }

  /** What the server says of itself; undefined while nobody is signed in, or the server is away: a later call says why. */
  async function introduction(
    of: RemoteConnection,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const late = new AbortController();
    const seconds = String(PATIENCE / 1000);
    const timer = setTimeout(() => late.abort(new PassportError('DP-MCP-TIMEOUT', { connection, seconds })), PATIENCE);
    try {
      const begun = await talk.get(AbortSignal.any([signal, late.signal]), true);
      calls.reached(of);
      return begun.initialized;
    } catch (error) {
      calls.failed(of, error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async function passOn(message: RpcRequest, hears: (heard: Heard) => void, signal: AbortSignal): Promise<Answered> {
    talk.note(message);
    let lost: SessionLost | undefined;
    for (;;) {
      const begun = await talk.get(signal);
      try {
        if (message.method === 'tools/call') await verified(begun, message, signal);
        return await begun.request({ message, signal, hear: hears });
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error;
        // Forgotten, and the call with it: it has not run. A server that forgets twice keeps no sessions.
        talk.lost(begun);
        if (lost)
          throw error.refusal ?? new PassportError('DP-MCP-ANSWER', { ...of(), problem: 'it forgets its sessions' });
        lost = error;
      }
    }
  }

  const of = (): Readonly<Record<string, string>> => remote().params;

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
      // At the next request the client finds no session and begins again, which its user does not see.
      if (outdated && running.size === 0) void close();
    }
  }

  function cancel(call: RpcId): void {
    const { controller, reply: to } = running.get(call) ?? {};
    controller?.abort(canceled());
    // The protocol answers a canceled request with silence.
    to?.finish();
  }

  function begin(message: RpcRequest, response: ServerResponse, takesStream: boolean): void {
    announced = false;
    const to = reply(response, headers, takesStream);
    if (running.has(message.id))
      return to.answer(JSON.stringify(errorOf(message.id, -32600, 'A request with this id is still running.')));
    const entry = { controller: new AbortController(), reply: to };
    running.set(message.id, entry);
    response.once('close', () => {
      if (running.get(message.id) === entry) entry.controller.abort(canceled());
    });
    void serve(message, entry);
  }

  /** Gives the client what the server kept for it; then the stream ends, as that of the server did. */
  async function resume(lastEventId: string, end: () => void, signal: AbortSignal): Promise<void> {
    const { policies, life } = remote();
    const hears = ({ message, fields }: Heard): void => {
      const isAnswer = message.method === undefined && message.id !== undefined;
      if (message === PRIMING) streams.say('', fields);
      else if (isAnswer) streams.say(policies.keptAnswer(message), fields);
      else hear({ message, fields });
    };
    await talk
      .current()
      ?.resume?.(lastEventId, hears, AbortSignal.any([signal, life]))
      .catch(() => undefined);
    end();
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    onClosed();
    for (const [call, { controller, reply: to }] of running) {
      controller.abort(canceled());
      // Nobody canceled it on that side: silence would be waited for.
      to.answer(JSON.stringify(failureOf(call, canceled(), String)));
    }
    streams.close();
    await talk.leave();
  }

  return {
    post(message, response, takesStream) {
      if (isRequest(message)) return begin(message, response, takesStream);
      const call = message.method === 'notifications/cancelled' ? message.params?.['requestId'] : undefined;
      // Whoever runs the call tells the server.
      if (typeof call === 'string' || typeof call === 'number') cancel(call);
      else talk.tell(message);
      response.writeHead(202, { 'content-length': '0' }).end();
    },
    stream(response, lastEventId) {
      const end = streams.open(response);
      if (lastEventId === undefined || !remote().clientResumes) return talk.listen();
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      void resume(lastEventId, end, gone.signal);
    },
    changed() {
      void talk.leave();
      if (announced) return;
      announced = true;
      const offered = isObject(told?.['capabilities']) ? told['capabilities'] : { tools: {} };
      for (const kind of ['tools', 'prompts', 'resources'])
        if (kind in offered)
          streams.say(JSON.stringify({ jsonrpc: '2.0', method: `notifications/${kind}/list_changed` }));
    },
    busy: () => running.size > 0 || streams.size() > 0,
    close,
  };
}

const REVISIONS: ReadonlySet<unknown> = new Set(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']);

/** What stands for a server that can not speak for itself now, or never does. */
function offline(of: RemoteConnection, asked: unknown): Readonly<Record<string, unknown>> {
  const protocolVersion = REVISIONS.has(asked) ? asked : '2025-11-25';
  const before = of.remembered();
  return { capabilities: { tools: {} }, serverInfo: {}, ...before, protocolVersion };
}

/** What a client does differently for. */
function outlineOf({ capabilities, instructions }: Readonly<Record<string, unknown>>): string {
  const names = isObject(capabilities) ? Object.keys(capabilities).toSorted() : [];
  return JSON.stringify([names, instructions ?? '']);
}
