/** A program that was started here. */
export interface RunningProgram {
  /** It was told to end: whoever has not by then is made to. */
  ending(): void;
  /** It is gone. */
  gone(): void;
}

/** Milliseconds after the end of its input at which a program is asked to end, and at which it is ended. */
const ASKED = 500;
const ENDED = 1500;

const running = new Set<number>();

/** No program outlives this process, which may end before any timer does. */
function endAll(): void {
  for (const pid of running) kill(pid, 'SIGKILL');
}

/** Follows a program to its end, which is never later than that of this process. @param pid of a child that was just started */
export function followProgram(pid: number): RunningProgram {
  if (running.size === 0) process.once('exit', endAll);
  running.add(pid);
  let timers: readonly NodeJS.Timeout[] = [];
  return {
    ending() {
      if (timers.length > 0 || !running.has(pid)) return;
      timers = [setTimeout(kill, ASKED, pid, 'SIGTERM').unref(), setTimeout(kill, ENDED, pid, 'SIGKILL').unref()];
    },
    gone() {
      for (const timer of timers) clearTimeout(timer);
      running.delete(pid);
      if (running.size === 0) process.removeListener('exit', endAll);
    },
  };
}

function kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}
