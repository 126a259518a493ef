import type { DatabaseSession } from '../connectors/connector.ts';
import { PassportError } from '../core/errors.ts';
import type { Pool, PoolUser } from './pool.ts';

/**
 * One piece of work in a session of the user, within the time limit of the connection. Waiting for a session and logging in
 * have limits of their own.
 * @throws PassportError DP-QUERY-TIMEOUT, and whatever the pool and the work throw
 */
export async function withinLimit<T>(
  sessions: Pool,
  user: PoolUser,
  work: (session: DatabaseSession, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { connection, subject, signal } = user;
  const { id, limits } = connection.wire;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await sessions.use({ connection, subject, signal: stop.signal }, (session, ended) => {
      timer ??= setTimeout(() => {
        stop.abort(new PassportError('DP-QUERY-TIMEOUT', { seconds: String(limits.seconds), connection: id }));
      }, limits.seconds * 1000);
      return work(session, ended);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
