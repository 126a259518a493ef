import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { FarLink } from '../core/diagnosis.ts';
import { PassportError } from '../core/errors.ts';
import type { Listen, ToolChange } from '../core/link.ts';
import { type Clock, type Disposable, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { Identity, Offer } from '../core/result.ts';
import { type PrivatePlace, privatePlace } from '../identity/windows/place.ts';
import {
  type GatewayAddress,
  type GatewayChild,
  type GatewayChildDeps,
  type ServerFacts,
  startGatewayChild,
  type Usage,
} from './gatewayChild.ts';

export interface GatewayProcessDeps extends Omit<GatewayChildDeps, 'listen' | 'callerKey' | 'onUse' | 'onRemember'> {
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** The process ended by itself. Resolves when the editor has let go of the old one: only then a new one may listen. */
  readonly crashed: () => Promise<void>;
}

/** The one gateway process of this window: started on first use, gone with its window. */
export interface GatewayProcess {
  /** Starts the gateway if it does not run. @throws PassportError DP-GATEWAY-START */
  start(): Promise<GatewayAddress>;
  onDidUse(listener: (usage: Usage) => void): Disposable;
  /** A remote MCP server said something of itself that is to be remembered. */
  onDidLearn(listener: (said: ServerFacts) => void): Disposable;
  connectionsChanged(): void;
  networkChanged(): void;
  signedIn(provider: string): void;
  /** Resolves when every database session of the provider is closed, if need be with the whole process. */
  signedOut(provider: string): Promise<void>;
  /** @throws PassportError of whatever the connection fails with */
  whoami(connection: string): Promise<{ readonly identity: Identity; readonly elapsedMs: number }>;
  /** The links of a connection that the gateway can see, up to the first broken one. @throws PassportError DP-GATEWAY-START, -STOPPED */
  diagnose(connection: string): Promise<readonly FarLink[]>;
  /** What the database offers its user for a setting. @throws PassportError of whatever the connection fails with */
  choices(connection: string, setting: string): Promise<Offer>;
  /** The user has seen these changes of tools and takes them as they are. @throws PassportError DP-GATEWAY-START */
  toolsReviewed(connection: string, changes: readonly ToolChange[]): Promise<void>;
  dispose(): void;
}

const SIGN_OUT_SECONDS = 10;
const WHOAMI_SECONDS = 150;
const DIAGNOSE_SECONDS = 180;
const LET_GO_SECONDS = 5;

export function createGatewayProcess(deps: GatewayProcessDeps): GatewayProcess {
  const { clock, log } = deps;
  const used = signal<Usage>();
  const learned = signal<ServerFacts>();
  const newKey = (): string => {
    const key = randomBytes(32).toString('base64url');
    deps.redactor.know(key);
    return key;
  };
  const windowKey = newKey();
  let place: PrivatePlace | undefined;
  let current: GatewayChild | undefined;
  let launching: Promise<GatewayAddress> | undefined;
  let letGo: Promise<unknown> = Promise.resolve();
  let ends: readonly number[] = [];
  let disposed = false;

  async function launch(): Promise<GatewayAddress> {
    await letGo;
    const recent = ends.filter((at) => clock.now() - at < 60_000).length;
    if (recent > 1) await delay(Math.min(500 * 2 ** recent, 15_000));
    if (disposed) throw new PassportError('DP-GATEWAY-START', { problem: 'the window is closing' });
    // A private socket and its key belong to the window: an editor that comes back after a crash finds the same ones.
    // A port may be another program's by then: what was shown there is shown no more.
    place ??= privatePlace('gateway');
    const listen: Listen = place.path === undefined ? { kind: 'tcp' } : { kind: 'socket', path: place.path };
    const callerKey = listen.kind === 'tcp' ? newKey() : windowKey;
    const child = startGatewayChild({ ...deps, listen, callerKey, onUse: used.fire, onRemember: learned.fire });
    current = child;
    void child.ended.then(({ served }) => ended(child, served));
    // One that failed to start is not asked again; the next one waits until it is gone.
    child.ready.catch(() => {
      if (current === child) current = undefined;
      letGo = child.ended;
    });
    return child.ready;
  }

  function ended(child: GatewayChild, served: boolean): void {
    if (current === child) current = undefined;
    if (disposed) return;
    ends = [...ends.slice(-9), clock.now()];
    // One that never served has no calls in flight; its start has told what was wrong.
    if (!served) return;
    const failed = (): void => log.warn('The editor was not told that the gateway ended');
    letGo = Promise.race([deps.crashed().catch(failed), delay(LET_GO_SECONDS * 1000, undefined, { ref: false })]);
  }

  function start(): Promise<GatewayAddress> {
    if (current) return current.ready;
    launching ??= launch().finally(() => {
      launching = undefined;
    });
    return launching;
  }

  return {
    start,
    onDidUse: used.on,
    onDidLearn: learned.on,
    connectionsChanged: () => current?.send({ type: 'connections', connections: deps.connections() }),
    networkChanged: () => current?.send({ type: 'network', network: deps.network.current() }),
    signedIn: (identityProvider) => current?.send({ type: 'signedIn', identityProvider }),
    async signedOut(identityProvider) {
      const child = current;
      try {
        await child?.ask((request) => ({ type: 'signedOut', request, identityProvider }), SIGN_OUT_SECONDS);
      } catch {
        // Gone, or not able to close its sessions: they end with it.
        child?.kill();
      }
    },
    async whoami(connection) {
      await start();
      const message = await current?.ask((request) => ({ type: 'whoami', request, connection }), WHOAMI_SECONDS);
      if (message?.type !== 'whoamiDone') throw new PassportError('DP-GATEWAY-STOPPED');
      if (message.error) throw PassportError.from(message.error);
      if (!message.identity) throw new PassportError('DP-INTERNAL', { problem: 'an answer without identity' });
      return { identity: message.identity, elapsedMs: message.elapsedMs };
    },
    async diagnose(connection) {
      await start();
      const message = await current?.ask((request) => ({ type: 'diagnose', request, connection }), DIAGNOSE_SECONDS);
      if (message?.type !== 'diagnosed') throw new PassportError('DP-GATEWAY-STOPPED');
      return message.links;
    },
    async choices(connection, setting) {
      await start();
      const ask = (request: number) => ({ type: 'choices', request, connection, setting }) as const;
      const message = await current?.ask(ask, WHOAMI_SECONDS);
      if (message?.type !== 'offered' || !message.offer)
        throw message?.type === 'offered' && message.error
          ? PassportError.from(message.error)
          : new PassportError('DP-GATEWAY-STOPPED');
      return message.offer;
    },
    async toolsReviewed(connection, changes) {
      // One that was just started knows the server as it is remembered.
      await start();
      current?.send({ type: 'toolsReviewed', connection, changes });
    },
    dispose() {
      disposed = true;
      current?.end();
      place?.remove();
    },
  };
}
