import type { HttpServer } from '../../connectors/mcp/server.ts';
import { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';
import { type Authorized, Rejected } from './authorized.ts';
import type { Channel } from './channel.ts';
import { eventPipe } from './eventPipe.ts';
import type { Exchanger } from './exchange.ts';
import { openPiped } from './pipe.ts';
import { plainText } from './plainText.ts';
import { type RpcRequest } from './rpc.ts';
import { openStreamable, statelessChannel } from './streamable.ts';

export interface HttpWaysPorts {
  readonly target: HttpServer;
  readonly params: Readonly<Record<string, string>>;
  readonly auth: Authorized;
  readonly requests: Exchanger;
  /** True where the client takes up its streams itself. */
  readonly clientResumes: boolean;
  readonly clean: (text: string) => string;
}

/** Begins a conversation in whichever way the server turns out to speak. @throws as {@link Channel.request} */
export type Open = (initialize: RpcRequest, signal: AbortSignal) => Promise<Channel>;

export function httpWays(ports: HttpWaysPorts): Open {
  const { target, params, auth, requests, clientResumes, clean } = ports;
  let known: Open | undefined;

  const bridge: Open = async (initialize, signal) => {
    // The official client is large, and few servers speak nothing but the newest revision.
    const { openBridged } = await import('./bridged.ts');
    const channel = await openBridged(initialize, signal, { auth, url: target.url, params });
    known = bridge;
    return judged(channel);
  };

  const events: Open = async (initialize, signal) => {
    const channel = await openPiped(initialize, signal, { open: eventPipe(auth, target.url, params), params });
    known = events;
    return judged(channel);
  };

  /** Refusals in answers, for channels that do not read them themselves. */
  function judged(channel: Channel): Channel {
    return {
      ...channel,
      async request(call) {
        const answered = await channel.request(call);
        try {
          requests.judge(answered.message);
        } catch (error) {
          throw error instanceof Rejected ? error.error : error;
        }
        return answered;
      },
    };
  }

  /** A server says by its answer to `initialize` which way it speaks. */
  const find: Open = async (initialize, signal) => {
    try {
      const opening = await openStreamable(initialize, signal, {
        auth,
        exchanger: requests,
        forwardsPriming: clientResumes,
      });
      if (opening.kind === 'open') {
        known = find;
        return opening.channel;
      }
      const { error } = opening.answer.message;
      if (!isObject(error) || !MODERN.has(Number(error['code']))) throw refused(error);
    } catch (error) {
      if (known !== undefined || !isElsewhere(error)) throw error;
      return events(initialize, signal).catch(() => {
        throw error;
      });
    }
    return bridge(initialize, signal);
  };

  function refused(error: unknown): PassportError {
    const said = isObject(error) ? plainText(clean(String(error['message']))).slice(0, 200) : 'no result';
    return new PassportError('DP-MCP-ANSWER', { ...params, problem: `it refuses to begin a conversation: ${said}` });
  }

  if (target.lifecycle === 'local') return () => Promise.resolve(statelessChannel(requests));
  return (initialize, signal) => (known ?? find)(initialize, signal);
}

/** What servers of 2026-07-28 answer to `initialize`: unsupported protocol version, method not found, invalid request or header. */
const MODERN: ReadonlySet<number> = new Set([-32022, -32601, -32600, -32004, -32020]);

/** A refusal with which servers of HTTP+SSE meet a posted message. */
function isElsewhere(error: unknown): boolean {
  return (
    error instanceof PassportError &&
    error.code === 'DP-MCP-STATUS' &&
    ['400', '404', '405', '406', '415'].includes(error.params['status'] ?? '')
  );
}
