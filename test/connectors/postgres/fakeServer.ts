import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Messages of a PostgreSQL server; "Message Formats" in its protocol chapter. */
export const say = {
  ok: authentication(0),
  cleartext: authentication(3),
  md5: authentication(5, Buffer.from('salt')),
  gss: authentication(7),
  sasl: (...names: readonly string[]) => authentication(10, Buffer.from(`${names.join('\0')}\0\0`)),
  saslContinue: (text: string) => authentication(11, Buffer.from(text)),
  saslFinal: (text: string) => authentication(12, Buffer.from(text)),
  /** Amazon Redshift's, which pg does not know. */
  redshift: authentication(14),
  ready: message('Z', Buffer.from('I')),
  refused: message('E', Buffer.from('SFATAL\0C28000\0Mlogin failed\0\0')),
  unknown: message('?', Buffer.from('hello')),
} as const;

/** What a server says in one turn, where it matters to what the client has said. */
export type Turn = readonly Buffer[] | ((heard: string) => readonly Buffer[]);

export interface FakeServer {
  readonly port: number;
  /** What came in after the startup packet, message by message: type and text. */
  readonly received: readonly (readonly [type: string, text: string])[];
  /** Resolves when the client has hung up. */
  readonly hungUp: Promise<void>;
  /** Sends to the client out of turn. */
  send(...messages: readonly Buffer[]): void;
  hangUp(): void;
  close(): Promise<void>;
}

/**
 * A server on loopback for one client, that answers the startup packet with `answers[0]` and each later message with the next one.
 *
 * @param tls what to answer a request for TLS with; none: "not supported"
 */
export async function fakeServer(
  answers: readonly Turn[],
  tls?: { cert?: string; key?: string; ciphers?: string },
): Promise<FakeServer> {
  const received: [string, string][] = [];
  const hungUp = Promise.withResolvers<void>();
  let client: Socket | undefined;
  const server = createServer((raw) => {
    client = raw;
    raw.on('close', () => hungUp.resolve()).on('error', () => undefined);
    raw.once('data', (first: Buffer) => {
      // SSLRequest: length 8, then a code that no protocol version has.
      if (first.readInt32BE(4) !== 80_877_103) {
        serve(raw, first);
        return;
      }
      raw.write(tls ? 'S' : 'N');
      if (!tls) return;
      const secure = new TLSSocket(raw, { isServer: true, ...tls });
      client = secure;
      secure.on('error', () => undefined);
      secure.once('data', (startup: Buffer) => serve(secure, startup));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port');

  function serve(socket: Socket, startup: Buffer): void {
    let turn = 0;
    let pending = startup.subarray(startup.readInt32BE(0));
    const answer = (heard: string): void => {
      const next = answers[turn];
      turn += 1;
      if (next) socket.write(Buffer.concat(typeof next === 'function' ? next(heard) : next));
    };
    answer('');
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length > pending.readInt32BE(1)) {
        const end = pending.readInt32BE(1) + 1;
        const heard = pending.toString('utf8', 5, end);
        received.push([pending.toString('latin1', 0, 1), heard]);
        pending = pending.subarray(end);
        answer(heard);
      }
    });
  }

  return {
    port: address.port,
    received,
    hungUp: hungUp.promise,
    send: (...messages) => void client?.write(Buffer.concat(messages)),
    hangUp: () => client?.destroy(),
    close: async () => {
      client?.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** A socket that ends up at `port` of this machine, whatever host it is told: as through a proxy. */
export function proxied(port: number): () => Socket {
  return () => {
    const socket = new Socket();
    const connect = socket.connect.bind(socket);
    return Object.assign(socket, { connect: () => connect(port, '127.0.0.1') });
  };
}

function authentication(code: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(code);
  return message('R', Buffer.concat([head, rest]));
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
