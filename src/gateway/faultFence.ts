import type { Clock, Log } from '../core/ports.ts';

/** Faults within {@link WINDOW} after which the process no longer trusts itself. */
const MOST_FAULTS = 10;
const WINDOW = 60_000;

export interface FencePorts {
  readonly log: Log;
  readonly clock: Clock;
  readonly leave: (code: number) => void;
}

/**
 * Keeps one database session's fault from ending everybody's calls.
 *
 * Requests and messages catch their own errors, so what arrives here was thrown where nobody waits: in a driver's socket
 * handler or timer. The call that it belongs to ends by its time limit. Many such faults mean that the fault is not one
 * session's: then the process ends, and the editor starts a new one.
 */
export function faultFence({ log, clock, leave }: FencePorts): void {
  const recent: number[] = [];

  function fault(kind: string, thrown: unknown): void {
    const now = clock.now();
    recent.push(now);
    while ((recent[0] ?? now) < now - WINDOW) recent.shift();
    log.error('a fault outside of any call', { kind, ...faultFacts(thrown) });
    if (recent.length > MOST_FAULTS) leave(70);
  }

  process.on('uncaughtException', (error) => fault('exception', error));
  process.on('unhandledRejection', (reason) => fault('rejection', reason));
}

/** Class, code and place: never the text, which may quote what was sent. */
export function faultFacts(thrown: unknown): { problem: string; code?: string; at?: string } {
  if (!(thrown instanceof Error)) return { problem: typeof thrown };
  const frames = (thrown.stack ?? '').replace(thrown.message, '');
  const at = /\n\s+at (?:.*[/\\])?([^/\\\n)]+)/.exec(frames)?.[1];
  return {
    problem: thrown.name,
    ...('code' in thrown && typeof thrown.code === 'string' && { code: thrown.code }),
    ...(at !== undefined && { at }),
  };
}
