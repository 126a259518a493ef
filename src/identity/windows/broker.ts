import { setTimeout as delay } from 'node:timers/promises';

import { asPassportError } from '../../core/errors.ts';
import { type Disposable, type Log, signal } from '../../core/ports.ts';
import type { GrantedToken } from '../../core/signIn.ts';
import { abandonable } from '../../core/singleFlight.ts';
import type { ProviderDescription } from '../presets/preset.ts';
import type { SignIns } from '../signIns.ts';
import type { SignInsHandle } from '../signInsHandle.ts';
import { sameState, type SignInState } from '../signInState.ts';
import { type Guest, guestOf } from './guest.ts';
import { hold, type Holder } from './holder.ts';
import type { Leadership } from './leadership.ts';
import { LinkLost, UnknownProvider } from './linkErrors.ts';
import { keyOf, type Operation, type SecretNews, type WindowMessage } from './messages.ts';

export interface BrokerDeps {
  /** Absent where the machine has no place for it: then this window leads, whatever others do. */
  readonly leadership: Leadership | undefined;
  readonly log: Log;
}

/** One of the windows: it leads, or it asks the one that does. */
export interface Broker {
  /** Whether this window leads at the moment. */
  readonly leading: boolean;
  /** Takes part with the sign-ins of one provider. The handle works in whichever window leads; its `close` leaves. */
  open(description: ProviderDescription, make: (assertLeading: () => void) => SignIns): SharedSignIns;
  /** A redirect that the editor gave to this window: every window looks whether it waits for it, this one included. */
  relay(url: string): void;
  onRedirect(listener: (url: string) => void): Disposable;
  /** Tells the other windows what was stored here, where each has a storage of its own. */
  tellSecret(news: SecretNews): void;
  onSecret(listener: (news: SecretNews) => void): Disposable;
  /** Resolves when this window knows its place. */
  joined(): Promise<void>;
  /** Leaves, when no grant is under way any more: another window takes over. */
  dispose(): Promise<void>;
}

export interface SharedSignIns extends SignInsHandle {
  close(): Promise<void>;
}

type Role = { readonly leads: true; readonly holder: Holder } | { readonly leads: false; readonly guest: Guest };

const MOST_TRIES = 20;

/**
 * One refresher for all windows of a user on a machine (DESIGN: two windows that spend one rotating refresh token at once lose the
 * whole grant). The window that leads does the work, everybody holds the newest state, and any of them can take over.
 */
export function createBroker({ leadership, log }: BrokerDeps): Broker {
  const opened = new Map<string, SignIns>();
  const redirects = signal<string>();
  const heard = signal<SecretNews>();
  let role: Role | undefined;
  let joining: Promise<Role> | undefined;
  let disposed = false;
  /** The key of the state that is being merged: what it changes came from elsewhere. */
  let received: { readonly provider: string; readonly state: SignInState } | undefined;

  function assertLeading(): void {
    if (role?.leads !== true || !role.holder.holds()) throw new LinkLost();
  }

  function stepDown(): void {
    if (role?.leads !== true) return;
    log.info('Another window refreshes from now on');
    role.holder.close();
    role = undefined;
    void join().catch(() => undefined);
  }

  function sendAll(message: WindowMessage): void {
    if (role?.leads === true) role.holder.broadcast(message);
    else role?.guest.send(message);
  }

  function tell(provider: string, state: SignInState): void {
    if (received?.provider === provider && sameState(received.state, state) && role?.leads === false) return;
    sendAll({ type: 'state', provider, state });
  }

  function mergeState(provider: string, state: SignInState): void {
    received = { provider, state };
    try {
      opened.get(provider)?.merge(state);
    } finally {
      received = undefined;
    }
    const own = opened.get(provider)?.state;
    // Whoever sent it may not know what we know.
    if (own && !sameState(own, state)) tell(provider, own);
  }

  async function perform(provider: string, operation: Operation): Promise<unknown> {
    const signIns = opened.get(provider);
    if (!signIns) throw new UnknownProvider();
    assertLeading();
    switch (operation.name) {
      case 'grant':
        return signIns.grant(operation.subject, operation.request);
      case 'idToken':
        return signIns.idToken(operation.subject, operation.request);
      case 'adopt':
        return signIns.adopt(operation.signIn);
      case 'signOut':
        return signIns.signOut(operation.subject);
    }
    return undefined;
  }

  const states = (): WindowMessage[] =>
    [...opened].map(([provider, { state }]) => ({ type: 'state', provider, state }));

  function join(): Promise<Role> {
    joining ??= findPlace().finally(() => {
      joining = undefined;
    });
    return joining;
  }

  async function findPlace(): Promise<Role> {
    if (!leadership) {
      role = { leads: true, holder: alone };
      return role;
    }
    for (let attempt = 0; ; attempt += 1) {
      if (disposed) throw new LinkLost();
      if (role) return role;
      if (attempt > 0) await delay(Math.min(25 * attempt, 500));
      const term = leadership.current();
      const guest =
        term &&
        (await guestOf(term, leadership.key(), { merge: mergeState, redirect: redirects.fire, secret: heard.fire }));
      if (guest) {
        for (const message of states()) guest.send(message);
        void guest.closed.then(() => {
          if (role?.leads === false && role.guest === guest) role = undefined;
          if (!disposed) void join().catch(() => undefined);
        });
        role = { leads: false, guest };
        return role;
      }
      const holder = await hold(leadership, term, {
        states,
        merge: mergeState,
        redirect: redirects.fire,
        secret: heard.fire,
        async perform(provider, operation) {
          // A guest may be faster than we are ready.
          await join();
          return perform(provider, operation);
        },
        lost: stepDown,
      });
      if (!holder) continue;
      if (disposed) {
        holder.close();
        throw new LinkLost();
      }
      role = { leads: true, holder };
      log.info('This window refreshes for all windows', { term: holder.term });
      // The one before may have stored what it could not tell any more.
      await Promise.all([...opened.values()].map((signIns) => signIns.restore()));
      return role;
    }
  }

  /** In whichever window leads; again when that one is lost on the way: every operation may be repeated. */
  async function ask<T>(provider: string, operation: Operation): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const place = role ?? (await join());
        return (place.leads ? await perform(provider, operation) : await place.guest.ask(provider, operation)) as T;
      } catch (error) {
        const passing = error instanceof LinkLost || error instanceof UnknownProvider;
        if (!passing || disposed || attempt === MOST_TRIES) throw asPassportError(error);
        if (error instanceof LinkLost && role?.leads === true) stepDown();
        if (error instanceof UnknownProvider) await delay(200);
      }
    }
  }

  return {
    get leading() {
      return role?.leads === true;
    },
    open(description, make) {
      const provider = keyOf(description);
      const signIns = make(assertLeading);
      opened.set(provider, signIns);
      const following = signIns.onDidChange((state) => tell(provider, state));
      tell(provider, signIns.state);
      return {
        get state() {
          return signIns.state;
        },
        onDidChange: signIns.onDidChange,
        restore: signIns.restore,
        grant(subject, { signal: abort, ...request }) {
          const result = ask<GrantedToken>(provider, { name: 'grant', subject, request });
          return abort ? abandonable(result, abort) : result;
        },
        idToken(subject, { signal: abort, ...request }) {
          const result = ask<GrantedToken>(provider, { name: 'idToken', subject, request });
          return abort ? abandonable(result, abort) : result;
        },
        adopt: (signIn) => ask(provider, { name: 'adopt', signIn }),
        signOut: (subject) => ask(provider, { name: 'signOut', subject }),
        async close() {
          following.dispose();
          if (opened.get(provider) === signIns) opened.delete(provider);
          await signIns.idle();
        },
      };
    },
    relay(url) {
      redirects.fire(url);
      sendAll({ type: 'redirect', url });
    },
    onRedirect: redirects.on,
    tellSecret: (secret) => sendAll({ type: 'secret', secret }),
    onSecret: heard.on,
    async joined() {
      await (role ?? join());
    },
    async dispose() {
      disposed = true;
      const place = role;
      await Promise.all([...opened.values()].map((signIns) => signIns.idle()));
      role = undefined;
      if (place?.leads === true) place.holder.close();
      else place?.guest.close();
    },
  };
}

const alone: Holder = { term: 0, holds: () => true, broadcast: () => undefined, close: () => undefined };
