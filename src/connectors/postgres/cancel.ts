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
const patience = 900;

/**
 * Cancels what the server process runs (PostgreSQL documentation, section 54.2.8: a CancelRequest goes over a connection of
 * its own and needs no login). Never rejects, and resolves within a second: to true when the server has passed it on, to false
 * when that is not known, so that it may still arrive.
 */
export async function cancelRunning(backend: Backend): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: backend.address, port: backend.port });
    const sockets: Socket[] = [socket];
    let sent = false;
    const done = (passedOn: boolean): void => {
      clearTimeout(timer);
      for (const each of sockets) each.destroy();
      resolve(passedOn);
    };
    const failed = (): void => done(false);
    // The server signals first and hangs up then.
    const hungUp = (): void => done(sent);
    const request = (via: Socket): void => {
      sent = true;
      via.write(cancelRequest(backend));
    };
    const timer = setTimeout(failed, patience);
    socket.on('error', failed).on('close', hungUp);
    socket.once('connect', () => {
      if (!backend.tls) {
        request(socket);
        return;
      }
      socket.once('data', (answer) => {
        if (answer.toString('latin1') !== 'S') {
          failed();
          return;
        }
        const secure = connectTls({ ...backend.tls, socket }, () => request(secure));
        sockets.push(secure);
        secure.on('error', failed).on('close', hungUp);
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
