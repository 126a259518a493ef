import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface LabProxyOptions {
  /** `user:password` that every request has to bring. */
  readonly credentials?: string;
  /** Ports of 127.0.0.1 by the `host:port` that clients ask for. Anything else is refused with 403. */
  readonly hosts: Readonly<Record<string, number>>;
}

export interface ProxiedRequest {
  /** `CONNECT` for a tunnel. */
  readonly method: string;
  readonly target: string;
  readonly status: number;
}

export interface LabProxy {
  readonly port: number;
  readonly url: string;
  /** Everything that was asked for, oldest first. */
  readonly requests: readonly ProxiedRequest[];
  close(): Promise<void>;
}

/** The proxy of a company's network: tunnels and plain requests, to hosts that only it can find. Whoever starts it closes it. */
export async function startProxy({ credentials, hosts }: LabProxyOptions): Promise<LabProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Duplex>();
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;

  /** The port to go on to, or the status of the refusal. */
  function admit({ headers }: IncomingMessage, target: string): { readonly status: number; readonly port: number } {
    if (expected !== undefined && headers['proxy-authorization'] !== expected) return { status: 407, port: 0 };
    const port = hosts[target];
    return port === undefined ? { status: 403, port: 0 } : { status: 200, port };
  }

  function plain(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url ?? '');
    const target = url ? `${url.hostname}:${url.port || '80'}` : (request.url ?? '');
    const { status, port } = admit(request, target);
    requests.push({ method: request.method ?? '', target, status });
    if (status !== 200) return void response.writeHead(status, refusal(status)).end();
    const headers = { ...request.headers };
    delete headers['proxy-authorization'];
    const path = `${url?.pathname ?? '/'}${url?.search ?? ''}`;
    const onward = send({ host: '127.0.0.1', port, path, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.once('error', () => response.destroy());
    request.pipe(onward);
  }

  function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const target = request.url ?? '';
    const { status, port } = admit(request, target);
    requests.push({ method: 'CONNECT', target, status });
    sockets.add(client);
    client.on('error', () => undefined).on('close', () => sockets.delete(client));
    if (status !== 200) {
      const lines = Object.entries(refusal(status)).map(([name, value]) => `${name}: ${value}\r\n`);
      return void client.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: 0\r\n\r\n`);
    }
    const onward: Socket = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      client.pipe(onward).pipe(client);
    });
    onward.on('error', () => client.destroy());
    client.on('close', () => onward.destroy());
  }

  const server = createServer(plain).on('connect', tunnel);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    close() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function refusal(status: number): Record<string, string> {
  return { connection: 'close', ...(status === 407 && { 'proxy-authenticate': 'Basic realm="Lab"' }) };
}
