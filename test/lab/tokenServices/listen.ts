import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** With its port. */
  readonly host: string;
  /** Ends open connections as well. */
  close(): Promise<void>;
}

/** Listens on a free port, for this machine alone. */
export async function listen(server: Server): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
