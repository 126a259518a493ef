import { LINK_VERSION, type ToExtension, type ToGateway, type WireConnection } from '../../src/core/link.ts';
import { extensionLink } from '../../src/gateway/extensionLink.ts';

/** The gateway's end of the channel and nothing else: asks for one credential after another and says how long that took. */

const CALLS = 5000;
const send = (message: ToExtension): void => void process.send?.(message);
const link = extensionLink(send);
let connections: readonly WireConnection[] = [];

async function measure(): Promise<number> {
  const [connection] = connections;
  if (!connection) return Number.NaN;
  const { signal } = new AbortController();
  const started = performance.now();
  for (let call = 0; call < CALLS; call += 1) await link.resolveCredential(connection, 'database', { signal });
  return (performance.now() - started) / CALLS;
}

process.on('message', (message: ToGateway | { readonly type: 'echo' }) => {
  switch (message.type) {
    case 'echo':
      // The peer: what a round trip over the channel costs with nothing behind it.
      return void process.send?.(message);
    case 'start':
      connections = message.connections;
      return send({ type: 'listening' });
    case 'credential':
    case 'credentialRefused':
      return link.answer(message);
    case 'whoami':
      return void measure().then((elapsedMs) =>
        send({ type: 'whoamiDone', request: message.request, identity: { user: 'measured', details: {} }, elapsedMs }),
      );
    case 'shutdown':
      return process.exit(0);
    case 'connections':
    case 'network':
    case 'signedIn':
    case 'signedOut':
    case 'toolsReviewed':
    case 'diagnose':
    case 'choices':
      return undefined;
  }
});
process.on('disconnect', () => process.exit(0));
send({ type: 'hello', version: LINK_VERSION });
