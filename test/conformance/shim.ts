import { createServer, request as send } from 'node:http';

import { listen } from '../lab/tokenServices/listen.ts';

export interface Shim {
  /** Address of the endpoint, as the suite is given it. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Stands where the editor stands: the suite can send no headers of its own, so the caller key is put on here, and the name by which
 * the gateway was addressed in the place of the shim's. A wrong Host or Origin passes as it came, to be refused by the gateway, and
 * so does everything else, both ways, byte by byte. The shim's own Origin is left out: a web page at the server's address would send it,
 * and editors send none.
 */
export async function startShim(gateway: URL, headers: Readonly<Record<string, string>>): Promise<Shim> {
  const server = createServer((incoming, response) => {
    const kept = { ...incoming.headers, ...headers };
    if (kept.host === own) kept.host = gateway.host;
    if (kept.origin === `http://${own}`) delete kept.origin;
    const { method } = incoming;
    const { hostname: host, port, pathname: path } = gateway;
    const outgoing = send({ host, port, path, method, headers: kept }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  const { host: own, close } = await listen(server);
  return { url: `http://${own}${gateway.pathname}`, close };
}
