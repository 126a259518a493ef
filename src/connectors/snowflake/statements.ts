import { setTimeout as sleep } from 'node:timers/promises';

import type { Connection, RowStatement } from 'snowflake-sdk';

import { PassportError } from '../../core/errors.ts';
import type { Cell, Rows } from '../../core/result.ts';
import type { SnowflakeSettings } from '../snowflake.ts';
import { asStrings, columnOf, converterFor, formats } from './cells.ts';
import { endsSession, statementFailure } from './failures.ts';
import { hostOf } from './host.ts';

interface StatementOptions {
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly maxRows: number;
  readonly tag?: string | undefined;
}

export interface StatementText {
  readonly text: string;
  /** Whole lines put in front of the user's text. */
  readonly prefix?: string;
}

/** Runs statements on one session, one at a time. */
export interface Statements {
  readonly usable: boolean;
  /** At most `maxRows` + 1 rows. */
  run(statement: StatementText, options: StatementOptions): Promise<Rows>;
  /** The rows of {@link run}, all of them. */
  all(statement: StatementText, options: StatementOptions): Promise<Table>;
  /** Cancels what runs and logs out; never rejects. */
  close(): Promise<void>;
}

export interface Table {
  /** Index of a column by its lower-case name, or -1. */
  column(name: string): number;
  readonly rows: readonly (readonly Cell[])[];
}

const batchSize = 200;
/** Milliseconds that a canceled statement has to end before the session is given up. */
const patience = 900;
/** Milliseconds after which a cancel is sent again: the first may have overtaken the statement. */
const cancelAgain = 250;
/** Seconds that the server may be late with its own time-out. */
const grace = 3;
/** By this rule the driver takes a statement for one that moves files, and moves them (lib/util.js); the guard refuses them too. */
const movesFiles = /^\s*(?:put|get)/i;

/**
 * The driver has no AbortSignal, tries a failed statement for minutes, and can't be stopped: so each statement has a deadline
 * of its own here, after which it is canceled at the server and the session is thrown away.
 */
export function statements(connection: Connection, settings: SnowflakeSettings, id: string): Statements {
  let lost = false;
  const running = new Set<RowStatement>();
  const usable = (): boolean => !lost && connection.isUp();

  async function execute(statement: StatementText, options: StatementOptions): Promise<RowStatement> {
    const { signal, seconds } = options;
    signal.throwIfAborted();
    if (movesFiles.test(statement.text)) {
      throw new PassportError('DP-READ-ONLY', { reason: 'files are not moved here' });
    }
    if (!usable()) {
      // Nothing was sent, so that the pool may repeat the call on a new session.
      const host = hostOf(settings);
      throw new PassportError('DP-DATABASE-UNREACHABLE', { connection: id, host, reason: 'the session had ended' });
    }
    const stop = stopSignal(signal, (seconds + grace) * 1000);
    const { prefix = '', text } = statement;
    let started: RowStatement | undefined;
    try {
      const result = await new Promise<RowStatement>((resolve, reject) => {
        started = connection.execute({
          sqlText: prefix + text,
          streamResult: true,
          rowMode: 'array',
          fetchAsString: [...asStrings],
          parameters: parametersOf(options),
          complete: (error, done) => (error ? reject(error) : resolve(done)),
        });
        running.add(started);
        cancelOnAbort(started, stop.signal, (): void => {
          lost = true;
          reject(new Error('The statement did not end in time.'));
        });
      });
      // The cancel came too late for this statement, which is as well: Snowflake names the statement it cancels.
      stop.signal.throwIfAborted();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (stop.late) {
        lost = true;
        const more = { cause: error };
        throw new PassportError('DP-QUERY-TIMEOUT', { connection: id, seconds: String(seconds) }, more);
      }
      lost ||= endsSession(error);
      const linesBefore = prefix.split('\n').length - 1;
      const accepted = started?.getQueryId() !== undefined;
      throw statementFailure(error, { connection: id, seconds, settings, linesBefore, accepted });
    } finally {
      if (started) running.delete(started);
      stop.release();
    }
  }

  async function run(statement: StatementText, options: StatementOptions): Promise<Rows> {
    const result = await execute(statement, options);
    const columns = result.getColumns() ?? [];
    const converters = columns.map(converterFor);
    const { signal, seconds, maxRows } = options;

    async function* batches(): AsyncGenerator<readonly (readonly Cell[])[]> {
      signal.throwIfAborted();
      const stream = result.streamRows({ start: 0, end: maxRows });
      const onAbort = (): void => void stream.destroy(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      let batch: (readonly Cell[])[] = [];
      try {
        for await (const row of stream) {
          batch.push((row as readonly unknown[]).map((value, index) => converters[index]?.(value) ?? null));
          if (batch.length < batchSize) continue;
          yield batch;
          batch = [];
        }
      } catch (error) {
        signal.throwIfAborted();
        lost ||= endsSession(error);
        throw statementFailure(error, { connection: id, seconds, settings, linesBefore: 0, accepted: true });
      } finally {
        signal.removeEventListener('abort', onAbort);
        stream.destroy();
      }
      if (batch.length > 0) yield batch;
    }
    return { columns: columns.map(columnOf), batches: batches() };
  }

  return {
    get usable() {
      return usable();
    },
    run,
    async all(statement, options) {
      const { columns, batches } = await run(statement, options);
      const rows: (readonly Cell[])[] = [];
      for await (const batch of batches) rows.push(...batch);
      return { rows, column: (name) => columns.findIndex((column) => column.name.toLowerCase() === name) };
    },
    async close() {
      lost = true;
      for (const statement of running) statement.cancel(() => undefined);
      // The end of the connection cuts off what waits for an answer, and the driver sends that again for up to a minute.
      const deadline = performance.now() + patience;
      while (running.size > 0 && performance.now() < deadline) await sleep(20);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patience);
        // The driver calls back with an error for a session that is gone already.
        connection.destroy(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

function parametersOf({ seconds, maxRows, tag }: StatementOptions): Record<string, string | number> {
  const whole = Math.max(1, Math.ceil(seconds));
  return {
    ...formats,
    STATEMENT_TIMEOUT_IN_SECONDS: whole,
    STATEMENT_QUEUED_TIMEOUT_IN_SECONDS: whole,
    MULTI_STATEMENT_COUNT: 1,
    ROWS_PER_RESULTSET: maxRows + 1,
    QUERY_TAG: tag ?? 'data-passport',
  };
}

/** @param giveUp called when the statement still runs after {@link patience} */
function cancelOnAbort(statement: RowStatement, signal: AbortSignal, giveUp: () => void): void {
  const whileRunning = (act: () => void) => (): void => {
    if (statement.getStatus() === 'fetching') act();
  };
  const cancel = whileRunning(() => statement.cancel(() => undefined));
  const onAbort = (): void => {
    cancel();
    setTimeout(cancel, cancelAgain).unref();
    setTimeout(whileRunning(giveUp), patience).unref();
  };
  signal.addEventListener('abort', onAbort, { once: true });
}

/**
 * Aborts with the caller's signal or after some milliseconds. Made by hand: `AbortSignal.any` over a time-out would keep the
 * statement, with all its rows, until the time has passed.
 */
function stopSignal(
  signal: AbortSignal,
  milliseconds: number,
): { readonly signal: AbortSignal; readonly late: boolean; release(): void } {
  const controller = new AbortController();
  let late = false;
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, Math.ceil(milliseconds));
  return {
    signal: controller.signal,
    get late() {
      return late;
    },
    release() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
