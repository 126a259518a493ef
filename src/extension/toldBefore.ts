import type { Memory } from '../core/ports.ts';

const KEY = 'told';
/** What was told long ago has long passed. */
const MOST = 100;

/** Whether something was told before, in this window or another; from then on it was. */
export function toldBefore(memory: Memory): (what: string) => Promise<boolean> {
  return async (what) => {
    const stored = memory.get(KEY);
    const told = Array.isArray(stored) ? (stored as readonly unknown[]) : [];
    if (told.includes(what)) return true;
    await memory.update(KEY, [...told.slice(1 - MOST), what]);
    return false;
  };
}
