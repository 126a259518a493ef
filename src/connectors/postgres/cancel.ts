import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** A server process and the key that allows canceling what it runs (protocol message BackendKeyData). */
export interface Backend {
  readonly processID: number;
  readonly secretKey: number;
  /** Address that the session itself reached: a name may stand for several servers. */
  readonly address: string;
  readonly port: number;
  /** Name that the certificate must have, and trust; absent where the session has no TLS. */
  readonly tls: ConnectionOptions | undefined;
}

const cancelCode = 80_877_102;
const sslCode = 80_877_103;
const patience = 1_000;

/**
 * Cancels what the server process runs (PostgreSQL documentation, section 54.2.8: a CancelRequest goes over a connection of
 * its own and needs no login). Resolves when the server has passed it on, or after a second; never rejects.
 */
export async function cancelRunning(backend: Backend): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect({ host: backend.address, port: backend.port });
    const sockets: Socket[] = [socket];
    const done = (): void => {
      clearTimeout(timer);
      for (const each of sockets) each.destroy();
      resolve();
    };
    const timer = setTimeout(done, patience);
    // The server signals first and hangs up then.
    socket.on('error', done).on('close', done);
    socket.once('connect', () => {
      if (!backend.tls) {
        socket.write(cancelRequest(backend));
        return;
      }
      socket.once('data', (answer) => {
        if (answer.toString('latin1') !== 'S') {
          done();
          return;
        }
        const secure = connectTls({ ...backend.tls, socket }, () => secure.write(cancelRequest(backend)));
        sockets.push(secure);
        secure.on('error', done).on('close', done);
      });
      socket.write(words(8, sslCode));
    });
  });
}

function cancelRequest({ processID, secretKey }: Backend): Buffer {
  return words(16, cancelCode, processID, secretKey);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeInt32BE(value | 0, index * 4);
  return buffer;
}
