import { Agent, createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The process of the least that a proxy of Node does: it puts the token on, and pipes the rest. */

function listen({ port, token }: { readonly port: number; readonly token: string }): void {
  const agent = new Agent({ keepAlive: true });
  const authorization = `Bearer ${token}`;
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    const { method, url: path, headers } = request;
    const onward = send({ host: '127.0.0.1', port, agent, method, path, headers: { ...headers, authorization } });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

process.on('message', listen);
process.once('disconnect', () => process.exit(0));
