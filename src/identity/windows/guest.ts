import { connect, type Socket } from 'node:net';

import { PassportError } from '../../core/errors.ts';
import type { SignInState } from '../signInState.ts';
import { type Channel, openChannel } from './channel.ts';
import type { Term } from './leadership.ts';
import { LinkLost, UnknownProvider } from './linkErrors.ts';
import { type Operation, revived, type SecretNews, type WindowMessage } from './messages.ts';

export interface GuestPorts {
  readonly merge: (provider: string, state: SignInState) => void;
  readonly redirect: (url: string) => void;
  readonly secret: (news: SecretNews) => void;
}

/** This window as the guest of the one that leads. */
export interface Guest {
  send(message: WindowMessage): void;
  /** @throws PassportError as the other window did; LinkLost when it is gone or says nothing any more; UnknownProvider */
  ask(provider: string, operation: Operation): Promise<unknown>;
  readonly closed: Promise<void>;
  close(): void;
}

/** How often a window that owes an answer is asked for a sign of life, and how long it may owe that (ms). */
const PULSE = 2500;
const SILENCE = 10_000;

/** Undefined when nobody listens there who can prove to be one of ours. */
export async function guestOf(term: Term, key: string, ports: GuestPorts): Promise<Guest | undefined> {
  const socket = await reach(term.address);
  if (!socket) return undefined;
  let channel: Channel<WindowMessage>;
  try {
    channel = await openChannel<WindowMessage>(socket, key, 'guest');
  } catch {
    return undefined;
  }
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let requests = 0;
  let heard = performance.now();

  const pulse = setInterval(() => {
    if (waiting.size === 0) return;
    if (performance.now() - heard > SILENCE) channel.close();
    else channel.send({ type: 'ping' });
  }, PULSE);
  pulse.unref();

  function settle(request: number, how: (one: PromiseWithResolvers<unknown>) => void): void {
    const one = waiting.get(request);
    waiting.delete(request);
    if (one) how(one);
  }

  channel.receive((message) => {
    heard = performance.now();
    switch (message.type) {
      case 'state':
        return ports.merge(message.provider, message.state);
      case 'redirect':
        return ports.redirect(message.url);
      case 'secret':
        return ports.secret(message.secret);
      case 'answer':
        return settle(message.request, ({ resolve }) => resolve(revived(message.value)));
      case 'refusal':
        return settle(message.request, ({ reject }) => reject(PassportError.from(message.error)));
      case 'unknown':
        return settle(message.request, ({ reject }) => reject(new UnknownProvider()));
      case 'ask':
      case 'ping':
      case 'pong':
        return undefined;
    }
    return undefined;
  });
  void channel.closed.then(() => {
    clearInterval(pulse);
    for (const { reject } of waiting.values()) reject(new LinkLost());
    waiting.clear();
  });

  return {
    send: channel.send,
    ask(provider, operation) {
      if (waiting.size === 0) heard = performance.now();
      requests += 1;
      const one = Promise.withResolvers<unknown>();
      waiting.set(requests, one);
      channel.send({ type: 'ask', request: requests, provider, operation });
      return one.promise;
    },
    closed: channel.closed,
    close: channel.close,
  };
}

/** A path, or `127.0.0.1:<port>` where there are no sockets in files. */
function reach(address: string): Promise<Socket | undefined> {
  const port = /^127\.0\.0\.1:(\d+)$/.exec(address)?.[1];
  return new Promise((resolve) => {
    const socket = port === undefined ? connect(address) : connect(Number(port), '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
