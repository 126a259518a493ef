import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Literal loopback addresses: never a name, never all interfaces. */
export interface Families {
  /** All of them on one port, save those that the machine does not have; at least one. */
  readonly wanted: readonly string[];
  /** Where the port is free there, too. */
  readonly extra: readonly string[];
}

export interface LoopbackListener {
  readonly port: number;
  /** The port is gone at once; an answer under way may be sent. */
  close(): void;
}

/** The cookies of every program that was ever served from `localhost` come with a request to it. */
const LONGEST_HEADERS = 64 * 1024;
/** No such address here, as on a machine without IPv6. */
const MISSING = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
const HEADER_SECONDS = 10;
const MOST_SOCKETS = 64;
const LAST_ANSWER_MS = 500;

/** Listens on the first port that is free, or on any when none is named; undefined: all are taken. */
export async function listenOnLoopback(
  { wanted, extra }: Families,
  ports: readonly number[],
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<LoopbackListener | undefined> {
  // Any port: what is free at one address may be taken at the other.
  for (const port of ports.length > 0 ? ports : Array<number>(10).fill(0)) {
    const servers: Server[] = [];
    let chosen = port;
    const bind = async (address: string): Promise<'bound' | 'missing' | 'taken'> => {
      const server = serverOf(answer);
      const failure = await listen(server, chosen, address);
      if (failure !== undefined) return MISSING.has(failure) ? 'missing' : 'taken';
      servers.push(server);
      chosen = (server.address() as AddressInfo).port;
      return 'bound';
    };
    const close = (): void => servers.forEach(closeServer);
    let taken = false;
    for (const address of wanted) taken ||= (await bind(address)) === 'taken';
    if (!taken && servers.length > 0) {
      for (const address of extra) await bind(address);
      return { port: chosen, close };
    }
    close();
  }
  return undefined;
}

function serverOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      maxHeaderSize: LONGEST_HEADERS,
      headersTimeout: HEADER_SECONDS * 1000,
      requestTimeout: HEADER_SECONDS * 1000,
      connectionsCheckingInterval: 1000,
    },
    answer,
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Whoever holds connections open loses the oldest: the person's is the newest.
    if (sockets.size > MOST_SOCKETS) sockets.values().next().value?.destroy();
  });
  return server;
}

/** Resolves to the error's code when it can not listen. */
function listen(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    server.listen(port, host, () => resolve(undefined));
  });
}

function closeServer(server: Server): void {
  server.close();
  // A browser keeps its connection open; the page that it is being sent may finish first.
  setTimeout(() => server.closeAllConnections(), LAST_ANSWER_MS).unref();
}
