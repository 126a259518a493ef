import { tokenOf } from '../../src/core/credential.ts';
import { LINK_VERSION, type ToExtension, type ToGateway } from '../../src/core/link.ts';

/** Speaks the gateway's side of the link and nothing else; what it does besides is said by the id of the first connection. */
const send = (message: ToExtension): void => void process.send?.(message);
let network: unknown;
let environment: unknown;

process.on('message', (message: ToGateway) => {
  if (message.type === 'start' || message.type === 'network') ({ network } = message);
  if (message.type === 'start') {
    ({ environment } = message);
    const behavior = message.connections[0]?.id;
    if (behavior === 'refuses') send({ type: 'startFailed', problem: 'the address is taken' });
    else if (behavior === 'dies') process.exit(3);
    else send({ type: 'listening' });
  }
  if (message.type === 'whoami') {
    if (message.connection === 'dies') process.exit(3);
    if (message.connection === 'tells') {
      const names = Object.keys(process.env).filter((name) => !/^(?:NODE_CHANNEL|ELECTRON)_/.test(name));
      const user = JSON.stringify({ network, environment, names, arguments: process.execArgv });
      send({ type: 'whoamiDone', request: message.request, identity: { user, details: {} }, elapsedMs: 1 });
      return;
    }
    send({ type: 'credentialWanted', request: 7, connection: message.connection, binding: 'here', slot: 'database' });
    process.once('message', (answer: ToGateway) => {
      const user = answer.type === 'credential' ? (tokenOf(answer.credential.fields) ?? '') : answer.type;
      send({ type: 'whoamiDone', request: message.request, identity: { user, details: {} }, elapsedMs: 1 });
    });
  }
  if (message.type === 'toolsReviewed') {
    const { connection, changes } = message;
    const facts = JSON.stringify(changes);
    send({ type: 'remember', connection, binding: 'here', subject: 'alice', facts, withheld: changes.slice(1) });
  }
  if (message.type === 'signedOut') send({ type: 'signedOutDone', request: message.request });
});
process.on('disconnect', () => process.exit(0));
send({ type: 'hello', version: LINK_VERSION });
