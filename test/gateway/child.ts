import { gatewayProcess } from '../../src/gateway/gatewayProcess.ts';
import { fakeDatabase } from './fakeDatabase.ts';
import { fakeGuard } from './harness.ts';

const { connector } = fakeDatabase();
const fake = {
  ...connector,
  load: async () => {
    const module = await connector.load();
    return {
      async open(...args: Parameters<typeof module.open>) {
        const session = await module.open(...args);
        return {
          ...session,
          query(...query: Parameters<typeof session.query>) {
            // As a driver does in a socket handler, where nobody waits for it.
            if (query[0] === 'throw') setImmediate(() => raise(args[1].connection));
            return session.query(...query);
          },
        };
      },
    };
  },
};

function raise(connection: string): never {
  throw Object.assign(new Error(`a driver fault on ${connection}`), { code: 'ECONNRESET' });
}

gatewayProcess({ version: '1.2.3', connectors: { fake }, guard: fakeGuard });
