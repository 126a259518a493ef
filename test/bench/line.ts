import { connect, type Socket } from 'node:net';

/** Where a server listens. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One HTTP/1.1 connection that is kept open, with next to no work of its own: one request at a time. */
export interface Line {
  request(method: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer>;
  readonly closed: boolean;
  /** Breaks the connection, also in the middle of a request. */
  cut(): void;
}

/** @throws the operating system's error when nobody listens */
export async function openLine(address: Address): Promise<Line> {
  const socket = connect(address);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return lineOver(socket, 'path' in address ? 'localhost' : `${address.host}:${address.port}`);
}

function lineOver(socket: Socket, host: string): Line {
  let received: Buffer = Buffer.alloc(0);
  let waiting: PromiseWithResolvers<Answer> | undefined;

  const fail = (): void => {
    waiting?.reject(new Error('The server closed the connection.'));
    waiting = undefined;
  };
  socket.on('error', fail);
  socket.on('close', fail);
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = parse(received);
    if (!answer) return;
    received = received.subarray(answer.length);
    const asked = waiting;
    waiting = undefined;
    asked?.resolve(answer);
  });

  return {
    request(method, path, headers, body = '') {
      if (waiting) throw new Error('A request is still running.');
      if (socket.destroyed) throw new Error('The connection is closed.');
      const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      socket.write(
        `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${own.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return promise;
    },
    get closed() {
      return socket.destroyed || socket.readableEnded;
    },
    cut: () => void socket.destroy(),
  };
}

/** The answer at the beginning of what was received; undefined while it is not complete. */
function parse(received: Buffer): (Answer & { readonly length: number }) | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end
      ? undefined
      : { status, head, body: received.toString('utf8', start, end), length: end };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, head, body: '', length: start };
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const sizeEnd = received.indexOf('\r\n', at);
    if (sizeEnd < 0) return undefined;
    const size = Number.parseInt(received.toString('latin1', at, sizeEnd), 16);
    const end = sizeEnd + 2 + size + 2;
    if (received.length < end) return undefined;
    if (size === 0) return { status, head, body: Buffer.concat(parts).toString(), length: end };
    parts.push(received.subarray(sizeEnd + 2, end - 2));
    at = end;
  }
}
