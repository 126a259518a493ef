import type { Memory } from '../core/ports.ts';

/** What was told long ago has long passed. */
const MOST = 100;

/** Whether something was told before, in this window or another; from then on it was. @param key what is told under another one pushes nothing out here */
export function toldBefore(memory: Memory, key = 'told'): (what: string) => Promise<boolean> {
  return async (what) => {
    const stored = memory.get(key);
    const told = Array.isArray(stored) ? (stored as readonly unknown[]) : [];
    if (told.includes(what)) return true;
    await memory.update(key, [...told.slice(1 - MOST), what]);
    return false;
  };
}
