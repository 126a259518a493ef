import { request as send } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import type { Certificate } from './certificates.ts';

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Ends TLS in front of a plain server of the lab, as a load balancer does. Whoever starts it closes it.
 * @param port of the server on 127.0.0.1; asked for with each request, because that server may be started later
 */
export async function startTlsFront(certificate: Certificate, port: () => number): Promise<TlsFront> {
  const server = createServer(certificate, (request, response) => {
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const onward = send(
      { host: '127.0.0.1', port: port(), path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.once('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
