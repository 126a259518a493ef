import { PassportError } from '../../core/errors.ts';
import { abandonable } from '../../core/singleFlight.ts';
import type { Channel, Heard } from './channel.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import type { RpcMessage, RpcRequest } from './rpc.ts';

/** Seconds that a server gets to begin a conversation. */
const OPENING = 60;
/** Milliseconds for a message that nobody waits for, once the conversation stands. */
const TELLING = 10_000;

export interface ConversationPorts {
  /** Id of the connection. */
  readonly connection: string;
  /** The connection as it is now. @throws PassportError DP-CONNECTION-UNKNOWN */
  readonly remote: () => RemoteConnection;
  /** What the server says beside all requests. */
  readonly hear: (heard: Heard) => void;
  /** A conversation stands: what the server said of itself in it. */
  readonly onBegun: (channel: Channel) => void;
}

/** The conversation of one client session with its server: begun when it is first needed, and anew for another user. */
export interface Conversation {
  /** `initialize` as the client sent it. */
  opening: RpcRequest | undefined;
  /**
   * @param introduced whether the client itself says that it is initialized
   * @throws as {@link Channel.request}
   */
  get(signal: AbortSignal, introduced?: boolean): Promise<Channel>;
  /** The one that stands now, for this user; undefined while there is none. */
  current(): Channel | undefined;
  /** The server has forgotten this one. */
  lost(channel: Channel): void;
  /** Tells the server what it has no answer for. Never throws. */
  tell(message: RpcMessage): void;
  /** What the server has to be told again in another conversation: the level of log messages, subscriptions. */
  note(request: RpcRequest): void;
  /** The client hears what belongs to no request. */
  listen(): void;
  /** Ends it on both sides. */
  leave(): Promise<void>;
}

interface Begun {
  readonly of: RemoteConnection;
  readonly opened: Promise<Channel>;
  channel?: Channel;
  listening?: AbortController;
}

export function conversation({ connection, remote, hear, onBegun }: ConversationPorts): Conversation {
  const standing = new Map<string, RpcRequest>();
  let opening: RpcRequest | undefined;
  let now: Begun | undefined;
  let listens = false;

  function begin(of: RemoteConnection, introduced: boolean): Begun {
    const late = new AbortController();
    const seconds = String(OPENING);
    const timer = setTimeout(
      () => late.abort(new PassportError('DP-MCP-TIMEOUT', { connection, seconds })),
      OPENING * 1000,
    );
    const { params, ...request } = opening ?? DEFAULT_OPENING;
    const opened = of
      .open({ ...request, params: of.policies.opening(params) }, AbortSignal.any([of.life, late.signal]))
      .then(async (channel) => {
        if (!introduced) await restore(channel, of.life);
        return channel;
      })
      .finally(() => clearTimeout(timer));
    const mine: Begun = { of, opened };
    opened.then(
      (channel) => {
        mine.channel = channel;
        if (now !== mine) return;
        onBegun(channel);
        if (listens) follow(mine, channel);
      },
      () => {
        if (now === mine) now = undefined;
      },
    );
    return mine;
  }

  /** A server may refuse requests before it is told; and a new conversation knows nothing of the one before. */
  async function restore(channel: Channel, signal: AbortSignal): Promise<void> {
    await channel.tell({ jsonrpc: '2.0', method: 'notifications/initialized' }, signal).catch(() => undefined);
    for (const [key, message] of standing) {
      const again = { ...message, id: `dp-again-${key}` };
      await channel.request({ message: again, signal, hear }).catch(() => undefined);
    }
  }

  function follow(mine: Begun, channel: Channel): void {
    if (mine.listening) return;
    mine.listening = new AbortController();
    void channel.listen(hear, AbortSignal.any([mine.listening.signal, mine.of.life]));
  }

  async function leave(): Promise<void> {
    const last = now;
    now = undefined;
    last?.listening?.abort();
    await last?.opened.then((channel) => channel.close()).catch(() => undefined);
  }

  function current(): Begun | undefined {
    return now?.of === remote() ? now : undefined;
  }

  return {
    get opening() {
      return opening;
    },
    set opening(message) {
      opening = message;
    },
    async get(signal, introduced = false) {
      const of = remote();
      if (now && now.of !== of) void leave();
      now ??= begin(of, introduced);
      // Once it stands there is nothing to wait for.
      if (!now.channel) return abandonable(now.opened, signal);
      signal.throwIfAborted();
      return now.channel;
    },
    current: () => current()?.channel,
    lost(channel) {
      if (now?.channel !== channel) return;
      now.listening?.abort();
      now = undefined;
    },
    tell(message) {
      const to = current();
      to?.opened
        .then((channel) => channel.tell(message, AbortSignal.any([to.of.life, AbortSignal.timeout(TELLING)])))
        .catch(() => undefined);
    },
    note(request) {
      const { method, params } = request;
      const uri = String(params?.['uri']);
      if (method === 'logging/setLevel') standing.set('level', request);
      if (method === 'resources/subscribe') standing.set(`resource ${uri}`, request);
      if (method === 'resources/unsubscribe') standing.delete(`resource ${uri}`);
    },
    listen() {
      listens = true;
      const mine = current();
      if (mine?.channel) follow(mine, mine.channel);
    },
    leave,
  };
}

const DEFAULT_OPENING: RpcRequest = {
  jsonrpc: '2.0',
  id: 'dp-initialize',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'data-passport', version: '1' } },
};
