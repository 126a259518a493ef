import { randomUUID } from 'node:crypto';

import { isObject } from '../record.ts';
import type { Heard } from './channel.ts';
import { type RpcId, type RpcMessage } from './rpc.ts';

/** Requests to the client that stand for a server's: each has an id of ours, and its answer comes back through `answer`. */
export interface Questions {
  /** @throws Error with the client's words when it refuses; the signal's reason */
  ask(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
  /** Takes a client's answer. False when nobody asked. */
  answer(message: RpcMessage): boolean;
}

export function questions(hear: (heard: Heard) => void): Questions {
  const waiting = new Map<RpcId, (message: RpcMessage) => void>();
  return {
    ask(method, params, signal) {
      const id = `dp-${randomUUID()}`;
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiting.delete(id);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(id, ({ result, error }) => {
          signal.removeEventListener('abort', onAbort);
          if (error === undefined) resolve(result);
          else reject(new Error(isObject(error) ? String(error['message']) : 'refused'));
        });
        hear({ message: { jsonrpc: '2.0', id, method, ...(isObject(params) && { params }) } });
      });
    },
    answer(message) {
      const settle = message.id === undefined ? undefined : waiting.get(message.id);
      if (message.id !== undefined) waiting.delete(message.id);
      settle?.(message);
      return settle !== undefined;
    },
  };
}
