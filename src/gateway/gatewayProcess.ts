import type { Connector } from '../connectors/connector.ts';
import type { FarLink } from '../core/diagnosis.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import { LINK_VERSION, type LogLine, type ToExtension, type ToGateway } from '../core/link.ts';
import type { Clock, Log, LogLevel } from '../core/ports.ts';
import { knowSecrets, type Redactor, redactor } from '../core/redact.ts';
import { redactedFacts } from '../core/redactedFacts.ts';
import { extensionLink } from './extensionLink.ts';
import { faultFence } from './faultFence.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Use } from './toolCalls.ts';
import type { Guard } from './tools/query.ts';

export interface ProcessPorts {
  readonly version: string;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly guard: Guard;
  /** HTML of the page that shows rows. */
  readonly resultsPage?: (() => Promise<string>) | undefined;
}

const clock: Clock = { now: () => Date.now() };
/** Milliseconds that databases get for a goodbye before the process ends. */
const GOODBYE = 1000;

/**
 * Runs this process as the gateway of one editor window: everything it knows comes over the IPC channel, nothing from
 * arguments or environment. It ends with the channel.
 */
export function gatewayProcess({ version, connectors, guard, resultsPage }: ProcessPorts): void {
  // The socket is nobody else's from its first moment.
  process.umask(0o077);
  const secrets = redactor();
  const log = linkLog(secrets);
  const link = extensionLink(send);
  let gateway: Gateway | undefined;
  let leaving = false;

  function leave(code: number): void {
    if (leaving) return;
    leaving = true;
    setTimeout(() => process.exit(code), GOODBYE);
    const goodbye = gateway?.close() ?? Promise.resolve();
    goodbye.catch(() => undefined).finally(() => process.exit(code));
  }

  async function start({ type: _type, version: spoken, listen, callerKey, ...known }: Message<'start'>): Promise<void> {
    if (gateway) return;
    if (spoken !== LINK_VERSION) return send({ type: 'startFailed', problem: 'another version is running' });
    secrets.know(callerKey);
    secrets.know(known.network?.proxy?.password ?? '');
    gateway = createGateway({
      ...known,
      version,
      connectors,
      guard,
      resultsPage,
      resolveCredential: link.resolveCredential,
      clock,
      log,
      redactor: secrets,
      onUse: tellUses(secrets),
      onRemember: ({ id, binding, subject }, facts, withheld) => {
        if (subject !== undefined) send({ type: 'remember', connection: id, binding, subject, facts, withheld });
      },
    });
    try {
      const { port } = await gateway.listen(listen, callerKey);
      send({ type: 'listening', port });
    } catch (error) {
      await gateway.close();
      gateway = undefined;
      send({ type: 'startFailed', problem: problemOf(error) });
    }
  }

  async function whoami({ request, connection }: Message<'whoami'>): Promise<void> {
    const startedAt = clock.now();
    const elapsedMs = (): number => clock.now() - startedAt;
    try {
      if (!gateway) throw new PassportError('DP-GATEWAY-START', { problem: 'it has not started' });
      const identity = await gateway.whoami(connection);
      send({ type: 'whoamiDone', request, identity, elapsedMs: elapsedMs() });
    } catch (error) {
      send({
        type: 'whoamiDone',
        request,
        error: redactedFacts(asPassportError(error), secrets),
        elapsedMs: elapsedMs(),
      });
    }
  }

  async function diagnose({ request, connection }: Message<'diagnose'>): Promise<void> {
    const links = await linksOf(connection).catch((thrown: unknown): readonly FarLink[] => {
      const error = redactedFacts(asPassportError(thrown), secrets);
      return [{ id: 'reach', state: 'broken', facts: [], error }];
    });
    send({ type: 'diagnosed', request, links });
  }

  async function choices({ request, connection, setting }: Message<'choices'>): Promise<void> {
    try {
      send({ type: 'offered', request, offer: (await gateway?.choices(connection, setting)) ?? { values: [] } });
    } catch (thrown) {
      send({ type: 'offered', request, error: redactedFacts(asPassportError(thrown), secrets) });
    }
  }

  async function linksOf(connection: string): Promise<readonly FarLink[]> {
    if (!gateway) throw new PassportError('DP-GATEWAY-START', { problem: 'it has not started' });
    const links = await gateway.diagnose(connection);
    return links.map(({ id, state, facts, reason, error, identity }) => ({
      id,
      state,
      facts: facts.map(secrets.redact),
      reason,
      identity,
      error: error && redactedFacts(PassportError.from(error), secrets),
    }));
  }

  async function receive(message: ToGateway): Promise<void> {
    switch (message.type) {
      case 'start':
        return start(message);
      case 'connections':
        return gateway?.replaceConnections(message.connections);
      case 'network':
        secrets.know(message.network.proxy?.password ?? '');
        return gateway?.replaceNetwork(message.network);
      case 'credential':
        knowSecrets(secrets, message.credential.fields);
        return link.answer(message);
      case 'credentialRefused':
        return link.answer(message);
      case 'signedIn':
        return gateway?.signedIn(message.identityProvider);
      case 'signedOut':
        await gateway?.signedOut(message.identityProvider);
        return send({ type: 'signedOutDone', request: message.request });
      case 'whoami':
        return whoami(message);
      case 'diagnose':
        return diagnose(message);
      case 'choices':
        return choices(message);
      case 'toolsReviewed':
        return gateway?.toolsReviewed(message.connection, message.changes);
      case 'shutdown':
        return leave(0);
    }
  }

  faultFence({ log, clock, leave });
  process.on('message', (message: ToGateway) => {
    receive(message).catch((error: unknown) =>
      log.error('a message failed', { type: message.type, problem: problemOf(error) }),
    );
  });
  process.once('disconnect', () => leave(0));
  send({ type: 'hello', version: LINK_VERSION });
}

/** Milliseconds within which a use that went like the one before is not worth a message. */
const SAME_USE = 1000;

/** Tells how connections are used: every change at once, the same again at most once a second. */
function tellUses(secrets: Redactor): (use: Use) => void {
  const told = new Map<string, { readonly like: string; readonly at: number }>();
  return ({ connection, identity, error }) => {
    const like = `${error?.code ?? ''} ${identity?.user ?? ''} ${identity?.role ?? ''}`;
    const last = told.get(connection);
    const at = clock.now();
    if (last?.like === like && at - last.at < SAME_USE) return;
    told.set(connection, { like, at });
    send({ type: 'used', connection, identity, error: error && redactedFacts(error, secrets) });
  };
}

type Message<Type extends ToGateway['type']> = Extract<ToGateway, { type: Type }>;

/** Drops what can not be sent any more: the channel is closing, and so are we. */
function send(message: ToExtension): void {
  if (!process.connected) return;
  try {
    process.send?.(message, undefined, undefined, () => undefined);
  } catch {
    // The channel closed between the two lines above.
  }
}

/** Milliseconds that a line may wait for others. */
const TOGETHER = 50;

/** Lines go over the channel a few at a time; an error takes what waits with it at once. */
function linkLog(secrets: Redactor): Log {
  let waiting: LogLine[] = [];
  const flush = (): void => {
    const lines = waiting;
    waiting = [];
    if (lines.length > 0) send({ type: 'log', lines });
  };
  process.once('exit', flush);
  const line =
    (level: LogLevel): Log[LogLevel] =>
    (message, data = {}) => {
      const pairs = Object.entries(data).map(([name, value]) => [
        name,
        typeof value === 'string' ? secrets.redact(value) : value,
      ]);
      if (waiting.length === 0) setTimeout(flush, TOGETHER).unref();
      waiting.push({ level, message, data: Object.fromEntries(pairs) as LogLine['data'] });
      if (level === 'error') flush();
    };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

/** Code or class of an error; its text may hold a path or worse. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
