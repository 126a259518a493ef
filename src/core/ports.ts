/** Everything outside that the inner folders may need, each as narrow as its users want it. */

export interface Disposable {
  dispose(): void;
}

/** The editor's SecretStorage. A value that was stored elsewhere may arrive late or never: treat `get` as possibly stale, and learn of news from the other windows. */
export interface Secrets {
  /** Whether every window of this machine sees the same values at once. In a browser each has a copy, and the last writer wins. */
  readonly shared: boolean;
  get(key: string): Promise<string | undefined>;
  store(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** Of everything that is stored. */
  keys(): Promise<readonly string[]>;
}

/** What is remembered between runs, without secrets: the editor's global state. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

export interface Browser {
  /** Opens a page of our own on loopback. False when no browser could be opened. */
  open(url: string): Promise<boolean>;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * A clock that does not run backwards: a wall clock that is set back would make tokens look fresh that have expired.
 * @param wall milliseconds since the epoch, which may jump @param monotonic milliseconds since any moment, which stand still in sleep
 */
export function steadyClock(wall: () => number, monotonic: () => number): Clock {
  const start = wall() - monotonic();
  return { now: () => Math.max(wall(), start + monotonic()) };
}

/** An HTTP client that never follows redirects with a credential on. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type LogValue = string | number | boolean | undefined;
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Structured lines, redacted on the way (see redact.ts). Messages are constant text; what varies goes into `data`. */
export type Log = Readonly<Record<LogLevel, (message: string, data?: Readonly<Record<string, LogValue>>) => void>>;

/** A typed event without a host: the editor's emitters are built from it in src/extension. */
export interface Signal<T> {
  on(listener: (value: T) => void): Disposable;
  fire(value: T): void;
}

/** One listener's failure does not keep the others from hearing. */
export function signal<T>(): Signal<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    on(listener) {
      listeners.add(listener);
      return { dispose: () => void listeners.delete(listener) };
    },
    fire(value) {
      const failures: unknown[] = [];
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'A listener failed.');
    },
  };
}
