import type { Loader, LoadResult, Target, Until } from './loader.ts';
import { processorTime } from './processes.ts';
import { type Spread, spread } from './statistics.ts';

/** One target under one kind of load. */
export interface Cell {
  /** Names it in the load process. */
  readonly key: string;
  readonly callers: number;
  readonly target: Target;
  /** Process whose processor time counts, with all below it; absent where it is the load process that starts it, or is it. */
  readonly pid?: number | undefined;
  /** Where a round is not as long as those of the others. */
  readonly until?: Until | undefined;
}

/** Median of the rounds, with the lowest and the highest. */
export interface CellFigures {
  readonly perSecond: Spread;
  /** Milliseconds. */
  readonly p50: Spread;
  readonly p99: Spread;
  /** Milliseconds to the first word of an answer, where the target says that it comes in parts. */
  readonly first: Spread | undefined;
  /** Milliseconds of the server's processor time a call. */
  readonly processor: Spread | undefined;
}

export interface RoundOptions {
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Loads the cells in turn, round after round, so that noise hits all alike. @returns figures in the order of the cells */
export async function inRounds(
  cells: readonly Cell[],
  loader: Loader,
  { rounds, milliseconds }: RoundOptions,
): Promise<CellFigures[]> {
  const measured = cells.map((cell) => ({
    ...cell,
    until: cell.until ?? { milliseconds },
    results: [] as LoadResult[],
    processor: [] as number[],
  }));
  for (const cell of measured) {
    const { key, callers, target } = cell;
    const started = await loader.open(key, callers, target);
    cell.pid ??= started;
    await loader.run(key, callers, cell.until.calls ? cell.until : { milliseconds: Math.max(500, milliseconds / 2) });
  }
  for (let round = 0; round < rounds; round += 1) {
    // Forwards and backwards in turn: what only ever runs after one neighbor inherits its garbage.
    for (const { key, callers, pid, until, results, processor } of round % 2 === 0 ? measured : measured.toReversed()) {
      const before = pid === undefined ? 0 : processorTime(pid);
      const result = await loader.run(key, callers, until);
      results.push(result);
      if (pid !== undefined) processor.push((processorTime(pid) - before) / result.calls);
    }
  }
  for (const { key, callers } of measured) await loader.close(key, callers);
  return measured.map(({ results, processor }) => {
    const firsts = results.flatMap(({ first }) => (first === undefined ? [] : [first]));
    return {
      perSecond: spread(results.map(({ perSecond }) => perSecond)),
      p50: spread(results.map(({ p50 }) => p50)),
      p99: spread(results.map(({ p99 }) => p99)),
      first: firsts.length === 0 ? undefined : spread(firsts),
      processor: processor.length === 0 ? undefined : spread(processor),
    };
  });
}
