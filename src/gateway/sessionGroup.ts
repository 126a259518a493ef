import type { CredentialSupplier, DatabaseSession } from '../connectors/connector.ts';
import type { Credential } from '../core/credential.ts';
import type { PassportError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { abandonable } from '../core/singleFlight.ts';
import { type CountedSession, countedSession } from './countedSession.ts';
import { type Given, isRefusal, NothingNew, Refused, replacement } from './refusals.ts';

export interface PoolLimits {
  /** Sessions of one user on one connection. */
  readonly sessions: number;
  /** Calls that may wait for one. */
  readonly waiting: number;
  /** Seconds without a statement after which a session is closed. */
  readonly idle: number;
  /** Seconds that a session lives at most; the end of its credential may come first. */
  readonly life: number;
  /** Seconds for a login, credential included. */
  readonly login: number;
  /** Seconds that a canceled statement has to be gone before its session is closed under it. */
  readonly grace: number;
}

type OpenSession = (supply: CredentialSupplier, signal: AbortSignal) => Promise<DatabaseSession>;

/** How a group gets a session and a credential; made by the pool. */
export interface GroupPorts {
  readonly open: OpenSession;
  readonly supply: CredentialSupplier;
  /** True where a session keeps the credential of its login (`perConnect`). */
  readonly fixed: boolean;
  readonly unreachable: (seconds: number) => PassportError;
  readonly busy: () => PassportError;
  readonly clock: Clock;
  readonly limits: PoolLimits;
}

/** The database sessions of one user on one connection. The group owns them and closes them. */
export interface SessionGroup {
  /**
   * Lends a session for one piece of work. Work runs once; only a session that was refused or dead *before* the
   * statement could run is replaced, by one new login with a new credential. Work that got an answer is never repeated.
   */
  use<T>(work: (session: DatabaseSession, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Closes what is idle or expired. */
  sweep(): void;
  /** No new work; what runs may finish. */
  retire(): void;
  /** Cancels what runs with this reason and closes everything; resolves when all of it is closed. */
  end(reason: PassportError): Promise<void>;
  /** Calls, and sessions open, opening or closing. Zero: nothing is left. */
  size(): number;
}

interface Pooled {
  readonly session: CountedSession;
  readonly given: Given;
  readonly endsAt: number;
  idleSince: number;
  reused: boolean;
}

interface Waiter {
  readonly signal: AbortSignal;
  readonly refused: Given | undefined;
  readonly resolve: (value: Pooled | Promise<Pooled>) => void;
}

export function sessionGroup({ open, supply, fixed, unreachable, busy, clock, limits }: GroupPorts): SessionGroup {
  const sessions = new Set<Pooled>();
  const idle: Pooled[] = [];
  const waiting: Waiter[] = [];
  const calls = new Set<AbortController>();
  const logins = new Set<Promise<unknown>>();
  const closing = new Set<Promise<void>>();
  let retired = false;
  let ended: PassportError | undefined;

  const spent = (pooled: Pooled): boolean => !pooled.session.usable || clock.now() >= pooled.endsAt;

  function discard(pooled: Pooled): void {
    if (!sessions.delete(pooled)) return;
    const closed = pooled.session.close().catch(() => undefined);
    closing.add(closed);
    void closed.then(() => closing.delete(closed));
    admit();
  }

  function release(pooled: Pooled): void {
    if (!sessions.has(pooled)) return;
    if (retired || spent(pooled)) return discard(pooled);
    pooled.reused = true;
    pooled.idleSince = clock.now();
    const next = waiting.shift();
    if (next) next.resolve(pooled);
    else idle.push(pooled);
  }

  /** Lets those who wait log in when there is room. */
  function admit(): void {
    while (waiting.length > 0 && sessions.size + logins.size < limits.sessions) {
      const next = waiting.shift();
      next?.resolve(login(next.signal, next.refused));
    }
  }

  function login(signal: AbortSignal, refused: Given | undefined): Promise<Pooled> {
    const started = logIn(signal, refused).finally(() => {
      logins.delete(started);
      admit();
    });
    logins.add(started);
    started.catch(() => undefined);
    return started;
  }

  async function logIn(signal: AbortSignal, refused: Given | undefined): Promise<Pooled> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(unreachable(limits.login)), limits.login * 1000);
    const onAbort = (): void => limit.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const either = limit.signal;
    const given = new Map<string, Credential>();
    const recording: CredentialSupplier = async (slot, why) => {
      const rejected = why.rejected ?? (given.has(slot) ? undefined : refused?.get(slot));
      const credential = await supply(slot, { ...why, rejected });
      if (credential.id === rejected?.id) throw new NothingNew();
      // A sign-out may have come meanwhile: then it goes nowhere.
      either.throwIfAborted();
      given.set(slot, credential);
      return credential;
    };
    try {
      const session = countedSession(await open(recording, either));
      const pooled = { session, given, endsAt: endOf(given), idleSince: clock.now(), reused: false };
      sessions.add(pooled);
      if (!signal.aborted) return pooled;
      release(pooled);
      throw signal.reason;
    } catch (error) {
      if (isRefusal(error) && given.size > 0) throw new Refused(error, given);
      throw either.aborted ? either.reason : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  function endOf(given: Given): number {
    const ends = fixed ? [...given.values()].map(({ expiresAt }) => expiresAt?.getTime() ?? Infinity) : [];
    return Math.min(clock.now() + limits.life * 1000, ...ends);
  }

  function acquire(signal: AbortSignal, refused: Given | undefined): Promise<Pooled> {
    for (let pooled = refused ? undefined : idle.pop(); pooled; pooled = idle.pop()) {
      if (!spent(pooled)) return Promise.resolve(pooled);
      discard(pooled);
    }
    if (sessions.size + logins.size < limits.sessions) return login(signal, refused);
    const sleeper = refused ? idle.shift() : undefined;
    if (sleeper) {
      discard(sleeper);
      return login(signal, refused);
    }
    if (waiting.length >= limits.waiting) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { signal, refused, resolve: (value) => settle(() => resolve(value)) };
      const onAbort = (): void => {
        const place = waiting.indexOf(waiter);
        if (place !== -1) waiting.splice(place, 1);
        reject(signal.reason as Error);
      };
      const settle = (done: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        done();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(waiter);
    });
  }

  /** The call ends as soon as its signal aborts; the session stays taken until its statement is gone. */
  async function run<T>(
    pooled: Pooled,
    work: (session: DatabaseSession, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    // Lent in the same moment as the call ended.
    if (signal.aborted) {
      release(pooled);
      throw signal.reason;
    }
    let overdue: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      overdue = setTimeout(() => discard(pooled), limits.grace * 1000);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const running = work(pooled.session, signal).finally(() => {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(overdue);
      release(pooled);
    });
    return abandonable(running, signal);
  }

  async function attempt<T>(
    work: (session: DatabaseSession, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    let refused: Given | undefined;
    let refusal: unknown;
    for (;;) {
      let pooled: Pooled | undefined;
      let answers = 0;
      try {
        pooled = await acquire(signal, refused);
        answers = pooled.session.answers;
        return await run(pooled, work, signal);
      } catch (error) {
        const final = refused !== undefined || signal.aborted || answers !== (pooled?.session.answers ?? 0);
        const again = final ? undefined : replacement(error, pooled);
        // What the database said of the only credential that there is tells more than that there is no other.
        if (error instanceof NothingNew) throw refusal;
        refusal = error instanceof Refused ? error.refusal : error;
        if (!again) throw refusal;
        refused = again;
      }
    }
  }

  return {
    async use(work, signal) {
      if (ended) throw ended;
      if (signal.aborted) throw signal.reason;
      const call = new AbortController();
      const onAbort = (): void => call.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      calls.add(call);
      try {
        return await attempt(work, call.signal);
      } finally {
        calls.delete(call);
        signal.removeEventListener('abort', onAbort);
      }
    },
    sweep() {
      const now = clock.now();
      for (const pooled of idle.slice()) {
        if (!spent(pooled) && now - pooled.idleSince < limits.idle * 1000) continue;
        idle.splice(idle.indexOf(pooled), 1);
        discard(pooled);
      }
    },
    retire() {
      retired = true;
      for (const pooled of idle.splice(0)) discard(pooled);
    },
    async end(reason) {
      ended ??= reason;
      retired = true;
      for (const call of calls) call.abort(reason);
      idle.length = 0;
      for (const pooled of sessions) discard(pooled);
      while (logins.size > 0 || sessions.size > 0 || closing.size > 0) {
        await Promise.allSettled(logins);
        for (const pooled of sessions) discard(pooled);
        await Promise.allSettled(closing);
      }
    },
    size: () => calls.size + sessions.size + logins.size + closing.size,
  };
}
