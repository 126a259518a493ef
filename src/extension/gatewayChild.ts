import { type ChildProcess, fork } from 'node:child_process';

import type { Credential } from '../core/credential.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import {
  type Listen,
  LINK_VERSION,
  type SignInPage,
  type ToExtension,
  type ToGateway,
  toWire,
  type WireConnection,
} from '../core/link.ts';
import type { NetworkFacts } from '../core/network.ts';
import type { Log } from '../core/ports.ts';
import { programEnvironment } from '../core/programEnvironment.ts';
import type { Identity } from '../core/result.ts';

export interface GatewayChildDeps {
  /** The bundled entry of the gateway. */
  readonly entry: string;
  readonly listen: Listen;
  readonly callerKey: string;
  readonly log: Log;
  readonly connections: () => readonly WireConnection[];
  readonly network: NetworkPort;
  readonly credential: (connection: string, slot: string, wish: CredentialWish) => Promise<Credential>;
  /** Where the sign-in of a connection's provider starts, when an error is one that a sign-in mends. */
  readonly signInPage: (connection: string, error: PassportError) => Promise<SignInPage | undefined>;
  readonly onUse: (usage: Usage) => void;
  readonly onRemember: (said: ServerFacts) => void;
}

/** How the process reaches the network. */
export interface NetworkPort {
  current(): NetworkFacts;
  /** Whether the certificates of the operating system count; asked once for each process. */
  systemCertificates(): boolean;
}

export interface CredentialWish {
  /** What the gateway knew of the places that the credential may go to. */
  readonly binding: string;
  /** Id of a credential that the other side rejected. */
  readonly rejected?: string | undefined;
  /** Seconds that it must still live. */
  readonly leastLife?: number | undefined;
  readonly signal: AbortSignal;
}

/** Where the editor's MCP client finds the gateway, and the key that it shows. */
export interface GatewayAddress {
  readonly listen: Listen;
  readonly port: number | undefined;
  readonly callerKey: string;
}

/** How a call on a connection went. */
export interface Usage {
  readonly connection: string;
  readonly identity?: Identity | undefined;
  readonly error?: PassportError | undefined;
}

/** What a remote MCP server said of itself, as the gateway tells it. */
export type ServerFacts = Omit<Extract<ToExtension, { type: 'remember' }>, 'type'>;

/** One gateway process from its start to its end. */
export interface GatewayChild {
  /** @throws PassportError DP-GATEWAY-START */
  readonly ready: Promise<GatewayAddress>;
  /** Resolves when the process is gone, or never came to be. `served`: it had been ready before. */
  readonly ended: Promise<{ readonly served: boolean }>;
  send(message: ToGateway): void;
  /** Sends a message that is answered by one with the same number. @throws PassportError DP-GATEWAY-STOPPED when no answer can come any more */
  ask(build: (request: number) => ToGateway, seconds: number): Promise<ToExtension>;
  /** Asks it to end; it also ends with its channel. */
  end(): void;
  kill(): void;
}

const START_SECONDS = 20;

export function startGatewayChild(deps: GatewayChildDeps): GatewayChild {
  const { log, listen, callerKey } = deps;
  const child = spawn(deps.entry, deps.network.systemCertificates());
  const ready = Promise.withResolvers<GatewayAddress>();
  const ended = Promise.withResolvers<{ readonly served: boolean }>();
  const answers = new Map<number, { resolve(message: ToExtension): void; reject(error: PassportError): void }>();
  const minting = new Map<number, AbortController>();
  let requests = 0;
  let served = false;
  ready.promise.catch(() => undefined);

  const startTimer = setTimeout(() => fail('no answer in time'), START_SECONDS * 1000);

  function fail(problem: string): void {
    ready.reject(new PassportError('DP-GATEWAY-START', { problem }));
    child.kill('SIGKILL');
  }

  function gone(problem: string): void {
    clearTimeout(startTimer);
    ready.reject(new PassportError('DP-GATEWAY-START', { problem }));
    for (const controller of minting.values()) controller.abort();
    for (const answer of answers.values()) answer.reject(new PassportError('DP-GATEWAY-STOPPED'));
    ended.resolve({ served });
  }

  function send(message: ToGateway): void {
    // A process that is going down loses messages; whoever waits for an answer is told by its end.
    if (child.connected) child.send(message, () => undefined);
  }

  function start(): void {
    const [connections, network] = [deps.connections(), deps.network.current()];
    const environment = programEnvironment(process.env, process.platform === 'win32');
    send({ type: 'start', version: LINK_VERSION, listen, callerKey, connections, network, environment });
  }

  async function mint({
    request,
    connection,
    slot,
    ...wish
  }: Extract<ToExtension, { type: 'credentialWanted' }>): Promise<void> {
    const controller = new AbortController();
    minting.set(request, controller);
    try {
      const { binding, rejected, leastLife } = wish;
      const { signal } = controller;
      const credential = await deps.credential(connection, slot, { binding, rejected, leastLife, signal });
      send({ type: 'credential', request, credential: toWire(credential) });
    } catch (thrown) {
      // Nobody waits any more: no page is opened for them.
      if (controller.signal.aborted) return;
      const error = asPassportError(thrown);
      log.info('No credential', { connection, slot, error: error.code });
      const signIn = await deps.signInPage(connection, error).catch(() => undefined);
      send({ type: 'credentialRefused', request, error: error.facts(), signIn });
    } finally {
      minting.delete(request);
    }
  }

  function receive(message: ToExtension): void {
    switch (message.type) {
      case 'hello':
        if (message.version !== LINK_VERSION) fail('it belongs to another version');
        else start();
        return;
      case 'listening':
        clearTimeout(startTimer);
        served = true;
        ready.resolve({ listen, port: message.port, callerKey });
        return;
      case 'startFailed':
        fail(message.problem);
        return;
      case 'credentialWanted':
        void mint(message);
        return;
      case 'credentialAbandoned':
        minting.get(message.request)?.abort();
        return;
      case 'signedOutDone':
      case 'whoamiDone':
      case 'diagnosed':
      case 'offered':
        answers.get(message.request)?.resolve(message);
        return;
      case 'used':
        deps.onUse({
          connection: message.connection,
          identity: message.identity,
          error: message.error && PassportError.from(message.error),
        });
        return;
      case 'remember': {
        const { type: _type, ...said } = message;
        deps.onRemember(said);
        return;
      }
      case 'log':
        for (const { level, message: text, data } of message.lines) log[level](`gateway: ${text}`, data);
        return;
    }
  }

  child.on('message', receive);
  child.on('exit', (code, signal) => {
    log.info('The gateway has ended', { exitCode: code ?? undefined, signal: signal ?? undefined });
    gone(`it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`);
  });
  // Without a listener an error of the channel would take the extension host down; a failed start has no exit.
  child.on('error', (error) => {
    log.error('The gateway process failed', {
      problem: error.name,
      reason: 'code' in error ? String(error.code) : undefined,
    });
    if (child.pid === undefined) gone('it could not be started');
  });
  child.stderr?.on('data', (chunk: Buffer) => log.warn('gateway wrote', { text: chunk.toString().slice(0, 2000) }));
  child.stdout?.on('data', (chunk: Buffer) => log.debug('gateway wrote', { text: chunk.toString().slice(0, 2000) }));

  return {
    ready: ready.promise,
    ended: ended.promise,
    send,
    ask(build, seconds) {
      requests += 1;
      const request = requests;
      const { promise, resolve, reject } = Promise.withResolvers<ToExtension>();
      answers.set(request, { resolve, reject });
      const stopped = (): void => reject(new PassportError('DP-GATEWAY-STOPPED'));
      const timer = setTimeout(stopped, seconds * 1000);
      if (child.connected) send(build(request));
      else stopped();
      return promise.finally(() => {
        clearTimeout(timer);
        answers.delete(request);
      });
    },
    end() {
      send({ type: 'shutdown' });
      if (child.connected) child.disconnect();
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/**
 * No inspector by signal; the certificates that the operating system trusts, as companies install them; a small young
 * generation, because short-lived garbage would grow the process by 100 MB. What the editor's Node does not know is left out.
 */
export const gatewayFlags: readonly string[] = [
  '--disable-sigusr1',
  '--use-system-ca',
  '--max-semi-space-size=2',
].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag.replace(/=.*/, '')));

/** Paths of certificates that companies install; a proxy is never among them, because it may hold a password. */
const CERTIFICATE_PATHS = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

/** With nothing of the editor's environment but where certificates are, and what Windows needs to open a socket. */
function spawn(entry: string, systemCertificates: boolean): ChildProcess {
  const names = [...CERTIFICATE_PATHS, ...(process.platform === 'win32' ? ['SystemRoot'] : [])];
  const kept = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return fork(entry, [], {
    execPath: process.execPath,
    execArgv: gatewayFlags.filter((flag) => systemCertificates || flag !== '--use-system-ca'),
    env: { ELECTRON_RUN_AS_NODE: '1', ...Object.fromEntries(kept) },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
