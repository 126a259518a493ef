import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Credential } from '../core/credential.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import {
  type Listen,
  LINK_VERSION,
  type ToExtension,
  type ToGateway,
  toWire,
  type WireConnection,
} from '../core/link.ts';
import { type Clock, type Disposable, type Log, signal } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';

export interface GatewayProcessDeps {
  /** The bundled entry of the gateway. */
  readonly entry: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly connections: () => readonly WireConnection[];
  readonly credential: (
    connection: string,
    wish: { rejected?: string | undefined; leastLife?: number | undefined; signal: AbortSignal },
  ) => Promise<Credential>;
  /** Our own page that starts the sign-in of a connection's provider, when an error is one that a sign-in mends. */
  readonly signInPage: (connection: string, error: PassportError) => Promise<string | undefined>;
  /** The process ended by itself. Resolves when the editor has let go of the old one: only then a new one may listen. */
  readonly crashed: () => Promise<void>;
}

/** Where the editor's MCP client finds the gateway, and the key that it shows. */
export interface GatewayAddress {
  /** Socket or pipe path, or `http://127.0.0.1:<port>`. */
  readonly listen: Listen;
  readonly port: number | undefined;
  readonly callerKey: string;
}

export interface Usage {
  readonly connection: string;
  readonly identity?: Identity | undefined;
  readonly error?: PassportError | undefined;
}

/** The one gateway process of this window: started on first use, gone with its window. */
export interface GatewayProcess {
  /** Starts the gateway if it does not run. @throws PassportError DP-GATEWAY-START */
  start(): Promise<GatewayAddress>;
  readonly running: boolean;
  onDidUse(listener: (usage: Usage) => void): Disposable;
  connectionsChanged(): void;
  signedIn(provider: string): void;
  /** Resolves when every database session of the provider is closed. */
  signedOut(provider: string): Promise<void>;
  /** @throws PassportError of whatever the connection fails with */
  whoami(connection: string): Promise<{ readonly identity: Identity; readonly elapsedMs: number }>;
  dispose(): void;
}

const START_SECONDS = 20;
const SIGN_OUT_SECONDS = 10;

export function createGatewayProcess(deps: GatewayProcessDeps): GatewayProcess {
  const { log, clock } = deps;
  const used = signal<Usage>();
  // Address and key belong to the window: an editor that comes back after a crash finds the same ones.
  const place = privatePlace();
  const callerKey = randomBytes(32).toString('base64url');
  let current: { readonly child: ChildProcess; readonly ready: Promise<GatewayAddress> } | undefined;
  let settled: Promise<void> = Promise.resolve();
  let crashes: readonly number[] = [];
  let disposed = false;
  let requests = 0;
  const answers = new Map<number, { resolve(message: ToExtension): void; reject(error: PassportError): void }>();
  const minting = new Map<number, AbortController>();

  function send(message: ToGateway): void {
    const child = current?.child;
    // A child that is going down loses messages; whoever waits for an answer is told by its exit.
    if (child?.connected === true) child.send(message, () => undefined);
  }

  function ask(build: (request: number) => ToGateway, seconds?: number): Promise<ToExtension> {
    requests += 1;
    const request = requests;
    const { promise, resolve, reject } = Promise.withResolvers<ToExtension>();
    answers.set(request, { resolve, reject });
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(() => reject(new PassportError('DP-GATEWAY-STOPPED')), seconds * 1000);
    send(build(request));
    return promise.finally(() => {
      clearTimeout(timer);
      answers.delete(request);
    });
  }

  async function mint(message: Extract<ToExtension, { type: 'credentialWanted' }>): Promise<void> {
    const { request, connection, rejected, leastLife } = message;
    const controller = new AbortController();
    minting.set(request, controller);
    try {
      const credential = await deps.credential(connection, { rejected, leastLife, signal: controller.signal });
      send({ type: 'credential', request, credential: toWire(credential) });
    } catch (thrown) {
      const error = asPassportError(thrown);
      log.info('No credential', { connection, error: error.code });
      const signInUrl = await deps.signInPage(connection, error).catch(() => undefined);
      send({ type: 'credentialRefused', request, error: error.facts(), signInUrl });
    } finally {
      minting.delete(request);
    }
  }

  function receive(message: ToExtension): void {
    switch (message.type) {
      case 'credentialWanted':
        void mint(message);
        return;
      case 'credentialAbandoned':
        minting.get(message.request)?.abort();
        return;
      case 'signedOutDone':
      case 'whoamiDone':
        answers.get(message.request)?.resolve(message);
        return;
      case 'used':
        used.fire({
          connection: message.connection,
          identity: message.identity,
          error: message.error && PassportError.from(message.error),
        });
        return;
      case 'log':
        log[message.level](`gateway: ${message.message}`, message.data);
        return;
      case 'hello':
      case 'listening':
      case 'startFailed':
        return;
    }
  }

  async function launch(): Promise<GatewayAddress> {
    await settled;
    const recent = crashes.filter((at) => clock.now() - at < 60_000);
    if (recent.length > 1)
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** recent.length, 15_000)));
    if (disposed) throw new PassportError('DP-GATEWAY-START', { problem: 'the window is closing' });
    const child = spawn(deps.entry);
    const ready = handshake(child);
    current = { child, ready };
    child.on('message', (message: ToExtension) => receive(message));
    child.stderr?.on('data', (chunk: Buffer) => log.warn('gateway wrote', { text: chunk.toString().slice(0, 2000) }));
    child.stdout?.on('data', (chunk: Buffer) => log.debug('gateway wrote', { text: chunk.toString().slice(0, 2000) }));
    child.on('exit', (code, killedBy) => exited(child, code, killedBy));
    return ready;
  }

  function exited(child: ChildProcess, code: number | null, killedBy: string | null): void {
    if (current?.child !== child) return;
    current = undefined;
    for (const controller of minting.values()) controller.abort();
    for (const answer of answers.values()) answer.reject(new PassportError('DP-GATEWAY-STOPPED'));
    log.info('The gateway has ended', { exitCode: code ?? undefined, signal: killedBy ?? undefined });
    if (disposed) return;
    crashes = [...crashes.slice(-9), clock.now()];
    settled = deps.crashed().catch(() => undefined);
  }

  function handshake(child: ChildProcess): Promise<GatewayAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<GatewayAddress>();
    const fail = (problem: string): void => {
      reject(new PassportError('DP-GATEWAY-START', { problem }));
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => fail('no answer in time'), START_SECONDS * 1000);
    child.once('exit', (code) => fail(`exit code ${code ?? 'unknown'}`));
    child.once('error', () => fail('it could not be started'));
    child.on('message', (message: ToExtension) => {
      if (message.type === 'hello' && message.version !== LINK_VERSION) fail('it belongs to another version');
      else if (message.type === 'hello') {
        const start: ToGateway = {
          type: 'start',
          version: LINK_VERSION,
          listen: place.listen,
          callerKey,
          connections: deps.connections(),
        };
        child.send(start, () => undefined);
      } else if (message.type === 'startFailed') fail(message.problem);
      else if (message.type === 'listening') resolve({ listen: place.listen, port: message.port, callerKey });
    });
    return promise.finally(() => clearTimeout(timer));
  }

  let launching: Promise<GatewayAddress> | undefined;
  function start(): Promise<GatewayAddress> {
    if (current) return current.ready;
    launching ??= launch().finally(() => (launching = undefined));
    return launching;
  }

  return {
    start,
    get running() {
      return current !== undefined;
    },
    onDidUse: used.on,
    connectionsChanged: () => send({ type: 'connections', connections: deps.connections() }),
    signedIn: (identityProvider) => send({ type: 'signedIn', identityProvider }),
    async signedOut(identityProvider) {
      if (current) await ask((request) => ({ type: 'signedOut', request, identityProvider }), SIGN_OUT_SECONDS);
    },
    async whoami(connection) {
      await start();
      const message = await ask((request) => ({ type: 'whoami', request, connection }));
      if (message.type !== 'whoamiDone')
        throw new PassportError('DP-INTERNAL', { problem: 'an answer of another kind' });
      if (message.error) throw PassportError.from(message.error);
      if (!message.identity) throw new PassportError('DP-INTERNAL', { problem: 'an answer without identity' });
      return { identity: message.identity, elapsedMs: message.elapsedMs };
    },
    dispose() {
      disposed = true;
      send({ type: 'shutdown' });
      // The channel ends with the extension host in any case, and the gateway with its channel.
      current?.child.disconnect();
      place.remove();
    },
  };
}

/** A socket that only this user can reach, or a pipe with a name that can not be guessed. Short: macOS allows 104 characters. */
function privatePlace(): { readonly listen: Listen; remove(): void } {
  if (process.platform === 'win32') {
    return {
      listen: { kind: 'socket', path: `\\\\.\\pipe\\data-passport-${randomBytes(16).toString('hex')}` },
      remove: () => undefined,
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'dp-'));
  return {
    listen: { kind: 'socket', path: join(folder, 'gateway') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Nothing of the editor's environment (but what Windows needs to open a socket); no inspector by signal; the certificates
 * that the operating system trusts, as companies install them; a small young generation, because short-lived garbage
 * would grow the process by 100 MB. What the editor's Node does not know is left out.
 */
function spawn(entry: string): ChildProcess {
  const execArgv = ['--disable-sigusr1', '--use-system-ca', '--max-semi-space-size=2'].filter((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag.replace(/=.*/, '')),
  );
  const systemRoot = process.env['SystemRoot'];
  return fork(entry, [], {
    execPath: process.execPath,
    execArgv,
    env: {
      ELECTRON_RUN_AS_NODE: '1',
      ...(process.platform === 'win32' && systemRoot !== undefined && { SystemRoot: systemRoot }),
    },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
