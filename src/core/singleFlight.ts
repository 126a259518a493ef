/**
 * One attempt a key, shared by everyone who asks while it runs. A failure is not remembered.
 *
 * A caller that gives up (its signal aborts) stops waiting; the attempt goes on for the others.
 */
export interface SingleFlight<T> {
  run(key: string, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function singleFlight<T>(): SingleFlight<T> {
  const pending = new Map<string, Promise<T>>();
  return {
    run(key, attempt, signal) {
      let current = pending.get(key);
      if (!current) {
        const started = attempt().finally(() => {
          if (pending.get(key) === started) pending.delete(key);
        });
        // Everyone may have stopped waiting by the time it fails; that is not an unhandled rejection.
        started.catch(() => undefined);
        pending.set(key, started);
        current = started;
      }
      return signal ? abandonable(current, signal) : current;
    },
  };
}

/** Settles like `promise`, or rejects with the signal's reason as soon as it aborts. The work itself goes on. */
export function abandonable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
