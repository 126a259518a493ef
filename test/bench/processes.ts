import { readdirSync, readFileSync } from 'node:fs';

/** A process and all below it. */
export interface Usage {
  /** Megabytes resident, shared pages counted in every process. */
  readonly rss: number;
  /** Megabytes, shared pages counted in part. */
  readonly pss: number;
  /** Milliseconds of processor time since the start. */
  readonly cpu: number;
}

const tickMilliseconds = 10;

/** Undefined where there is no /proc. */
export function usage(root: number): Usage | undefined {
  if (process.platform !== 'linux') return undefined;
  const tree = below(root);
  const sum = { rss: 0, pss: 0, cpu: 0 };
  for (const pid of tree) {
    try {
      const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      sum.rss += kilobytes(memory, 'Rss') / 1024;
      sum.pss += kilobytes(memory, 'Pss') / 1024;
      sum.cpu += ticks(pid) * tickMilliseconds;
    } catch {
      // It ended while we looked.
    }
  }
  return sum;
}

/** Milliseconds of processor time of a process and all below it. Cheap. */
export function processorTime(root: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  let sum = 0;
  for (const pid of below(root)) {
    try {
      sum += ticks(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return sum * tickMilliseconds;
}

function below(root: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(afterName(readFileSync(`/proc/${name}/stat`, 'utf8'))[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const all = [root];
  for (const pid of all) all.push(...(parents.get(pid) ?? []));
  return all;
}

function ticks(pid: number): number {
  const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return Number(fields[11]) + Number(fields[12]);
}

/** Fields from the state on: the program's name before may hold anything. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function kilobytes(memory: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? Number.NaN);
}
