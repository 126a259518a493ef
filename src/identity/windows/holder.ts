import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { asPassportError } from '../../core/errors.ts';
import type { SignInState } from '../signInState.ts';
import { type Channel, openChannel } from './channel.ts';
import type { Leadership, Term } from './leadership.ts';
import { LinkLost, UnknownProvider } from './linkErrors.ts';
import { type Operation, revivedOperation, type SecretNews, type WindowMessage } from './messages.ts';
import { privatePlace } from './place.ts';

export interface HolderPorts {
  readonly states: () => readonly WindowMessage[];
  readonly merge: (provider: string, state: SignInState) => void;
  readonly redirect: (url: string) => void;
  readonly secret: (news: SecretNews) => void;
  readonly perform: (provider: string, operation: Operation) => Promise<unknown>;
  /** Another window has taken a later term: this one was taken for dead. */
  readonly lost: () => void;
}

/** This window as the one that leads. */
export interface Holder {
  readonly term: number;
  /** Looked up on disk each time: false as soon as another window has taken over. */
  holds(): boolean;
  broadcast(message: WindowMessage): void;
  close(): void;
}

/** Milliseconds between looks for a successor. */
const WATCH = 2000;

/** Listens, then takes the term; undefined when another window was faster. */
export async function hold(
  leadership: Leadership,
  over: Term | undefined,
  ports: HolderPorts,
): Promise<Holder | undefined> {
  const key = leadership.key();
  const guests = new Set<Channel<WindowMessage>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    admit(socket).catch(() => socket.destroy());
  });
  const place = await listen(server);

  async function admit(socket: Socket): Promise<void> {
    const channel = await openChannel<WindowMessage>(socket, key, 'holder');
    guests.add(channel);
    void channel.closed.then(() => guests.delete(channel));
    for (const message of ports.states()) channel.send(message);
    channel.receive((message) => receive(channel, message));
  }

  function receive(from: Channel<WindowMessage>, message: WindowMessage): void {
    if (message.type === 'ping') from.send({ type: 'pong' });
    else if (message.type === 'state') ports.merge(message.provider, message.state);
    else if (message.type === 'ask') void answer(from, message);
    else if (message.type === 'redirect' || message.type === 'secret') {
      if (message.type === 'redirect') ports.redirect(message.url);
      else ports.secret(message.secret);
      for (const guest of guests) if (guest !== from) guest.send(message);
    }
  }

  async function answer(
    from: Channel<WindowMessage>,
    { request, provider, operation }: Extract<WindowMessage, { type: 'ask' }>,
  ): Promise<void> {
    try {
      from.send({ type: 'answer', request, value: await ports.perform(provider, revivedOperation(operation)) });
    } catch (error) {
      if (error instanceof UnknownProvider) from.send({ type: 'unknown', request });
      else if (error instanceof LinkLost) {
        // It asks again at whoever leads now.
        from.close();
        ports.lost();
      } else from.send({ type: 'refusal', request, error: asPassportError(error).facts() });
    }
  }

  function close(): void {
    clearInterval(watch);
    server.close();
    for (const socket of sockets) socket.destroy();
    place.remove();
  }

  let taken: Term | undefined;
  const watch = setInterval(() => {
    if (taken && !leadership.holds(taken)) ports.lost();
  }, WATCH);
  watch.unref();
  try {
    taken = leadership.take(over, place.address);
  } catch (error) {
    close();
    throw error;
  }
  if (!taken) {
    close();
    return undefined;
  }
  const mine = taken;
  return {
    term: mine.number,
    holds: () => leadership.holds(mine),
    broadcast(message) {
      for (const guest of guests) guest.send(message);
    },
    close,
  };
}

/** Others of this machine may reach a port, but without the key they get no further than the handshake. */
async function listen(server: Server): Promise<{ readonly address: string; remove(): void }> {
  const { path, remove } = privatePlace('w');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  server.on('error', () => undefined);
  return { address: path ?? `127.0.0.1:${(server.address() as AddressInfo).port}`, remove };
}
