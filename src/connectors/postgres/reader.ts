import type { FieldDef, QueryArrayConfig, QueryArrayResult } from 'pg';

import { PassportError } from '../../core/errors.ts';
import type { Cell, Column, Rows } from '../../core/result.ts';
import { cancelRunning } from './cancel.ts';
import { converterFor, typeNames } from './cells.ts';
import { endsSession, isCanceled, statementFailure } from './failures.ts';
import type { LoggedIn } from './login.ts';

interface ReadOptions {
  readonly signal: AbortSignal;
  /** Seconds until the server itself gives up. */
  readonly seconds: number;
  /** Seen in pg_stat_activity as the application's name. */
  readonly tag?: string | undefined;
}

/** A statement as the user wrote it, after the words that we put in front. */
export interface ReadRequest {
  readonly prefix: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Reads in read-only transactions on one session, one statement at a time. */
export interface Reader {
  readonly usable: boolean;
  readonly running: boolean;
  /** At most `maxRows` + 1 rows of a query that can be a cursor: SELECT, WITH, VALUES, TABLE. */
  cursor(text: string, options: ReadOptions & { readonly maxRows: number }): Promise<Rows>;
  /** All rows at once, by the extended protocol: for EXPLAIN, SHOW and our own questions to the catalog. */
  all(request: ReadRequest, options: ReadOptions): Promise<RawRows>;
  rows(raw: RawRows, options: ReadOptions): Promise<Rows>;
  cancel(): Promise<unknown>;
}

export interface RawRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const batchSize = 200;
/** Milliseconds that a canceled statement has to end before the connection is cut. */
const patience = 800;
const cursorName = 'data_passport';
const declare = `DECLARE ${cursorName} NO SCROLL CURSOR FOR `;

/**
 * How a read can't write, whatever the guard in front let pass (measured on PostgreSQL 15 and 18):
 * the transaction is READ ONLY and a query has run in it, after which `transaction_read_only` can't be switched off; the user's
 * text travels alone by the extended protocol, which takes one statement; and as a cursor's query it can't be COMMIT or SET.
 * Everything up to the first rows is sent at once (pipeline mode) and costs one round trip. A price of cursors: no parallel plans.
 *
 * @param connection id, for errors
 */
export function reader({ client, backend, cut, together: inOnePiece }: LoggedIn, connection: string): Reader {
  const names = new Map(typeNames);
  let open = false;
  let lost = false;
  let pending = 0;

  client.on('error', () => {
    lost = true;
  });

  async function send(config: Sent): Promise<QueryArrayResult<(string | null)[]>> {
    pending += 1;
    try {
      return await client.query<(string | null)[]>(config);
    } catch (error) {
      lost ||= endsSession(error);
      throw error;
    } finally {
      pending -= 1;
    }
  }

  /** Not waited for: the next statement queues behind it. */
  function rollBack(): void {
    if (!open) return;
    open = false;
    send(simple('ROLLBACK')).catch(() => {
      lost = true;
    });
  }

  /** Sends all at once and answers with the last result; the first failure counts, what follows it is only its echo. */
  async function together(sent: readonly Sent[]): Promise<QueryArrayResult<(string | null)[]>> {
    const results = await Promise.allSettled(inOnePiece(() => sent.map(send)));
    const failed = results.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    const last = results.at(-1);
    if (last?.status !== 'fulfilled') throw new RangeError('Nothing was sent.');
    return last.value;
  }

  /** When the signal aborts, the server is told, and `work` is over within a second: no cancel is under way after that. */
  async function cancelable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let told: Promise<boolean> | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => {
        if (pending > 0) cut();
      }, patience).unref();
      told = cancelRunning(backend);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const value = await work;
      // The cancel came too late for this statement and might hit the next one.
      if (signal.aborted) lost = true;
      return value;
    } catch (error) {
      // The server's own time-out looks the same and may come before the cancel, which would hit the next statement.
      if (signal.aborted && !(isCanceled(error) && (await told))) lost = true;
      throw error;
    } finally {
      // It ended: what is pending when the timer would ring is somebody else's.
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  function begin({ seconds, tag }: ReadOptions): Sent[] {
    rollBack();
    open = true;
    const milliseconds = Math.max(1, Math.ceil(seconds * 1000));
    const named = tag === undefined ? '' : `; SET LOCAL application_name = ${client.escapeLiteral(tag)}`;
    return [simple(`BEGIN READ ONLY; SELECT 1; SET LOCAL statement_timeout = ${milliseconds}${named}`)];
  }

  /** What a call sends first. On a session that has ended nothing is sent, so that the pool may repeat the call on another. */
  async function begun<T>(request: ReadRequest, options: ReadOptions, work: () => Promise<T>): Promise<T> {
    options.signal.throwIfAborted();
    if (!lost) return continued(request, options, work);
    const reason = 'the session had ended';
    throw new PassportError('DP-DATABASE-UNREACHABLE', { connection, host: backend.address, reason });
  }

  /** What a call sends after that: its statement has run already. */
  async function continued<T>(request: ReadRequest, options: ReadOptions, work: () => Promise<T>): Promise<T> {
    options.signal.throwIfAborted();
    if (lost) throw new PassportError('DP-DATABASE-LOST', { connection });
    const started = performance.now();
    try {
      const value = await cancelable(work(), options.signal);
      options.signal.throwIfAborted();
      return value;
    } catch (error) {
      rollBack();
      options.signal.throwIfAborted();
      const elapsed = performance.now() - started;
      const { text, prefix } = request;
      const { seconds } = options;
      throw statementFailure(error, { connection, text, offset: prefix.length, seconds, elapsed });
    }
  }

  async function all(request: ReadRequest, options: ReadOptions): Promise<RawRows> {
    const question = extended(request.prefix + request.text, request.values);
    const result = await begun(request, options, () => together([...begin(options), question]));
    rollBack();
    return result;
  }

  async function columnsOf(fields: readonly FieldDef[], options: ReadOptions): Promise<readonly Column[]> {
    const unknown = [...new Set(fields.map((field) => field.dataTypeID))].filter((oid) => !names.has(oid));
    if (unknown.length > 0) {
      const text = 'SELECT oid, format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = ANY ($1::oid[])';
      const found = await continued({ prefix: '', text }, options, () =>
        together([...(open ? [] : begin(options)), extended(text, [`{${unknown.join(',')}}`])]),
      );
      for (const [oid, name] of found.rows) if (oid && name) names.set(Number(oid), name.toLowerCase());
    }
    return fields.map((field) => ({ name: field.name, type: names.get(field.dataTypeID) ?? 'unknown' }));
  }

  async function rows(raw: RawRows, options: ReadOptions): Promise<Rows> {
    const columns = await columnsOf(raw.fields, options);
    rollBack();
    async function* batches(): AsyncGenerator<Cells> {
      for (let from = 0; from < raw.rows.length; from += batchSize) {
        yield toCells(raw.fields, raw.rows.slice(from, from + batchSize));
      }
    }
    return { columns, batches: batches() };
  }

  async function cursor(text: string, options: ReadOptions & { readonly maxRows: number }): Promise<Rows> {
    const request = { prefix: declare, text };
    let left = options.maxRows + 1;
    const fetch = (): Sent => extended(`FETCH FORWARD ${Math.min(batchSize, left)} FROM ${cursorName}`);
    const first = await begun(request, options, () => together([...begin(options), extended(declare + text), fetch()]));
    const { fields } = first;
    const columns = await columnsOf(fields, options);
    const taken = (page: RawRows): boolean => {
      const complete = page.rows.length < Math.min(batchSize, left);
      left -= page.rows.length;
      return complete || left === 0;
    };
    let finished = taken(first);
    if (finished) rollBack();

    async function* batches(): AsyncGenerator<Cells> {
      try {
        let page = first.rows;
        for (;;) {
          if (page.length > 0) yield toCells(fields, page);
          if (finished) return;
          const next = await continued(request, options, () => send(fetch()));
          finished = taken(next);
          page = next.rows;
          if (finished) rollBack();
        }
      } finally {
        if (!finished) rollBack();
        finished = true;
      }
    }
    return { columns, batches: batches() };
  }

  return {
    get usable() {
      return !lost;
    },
    get running() {
      return pending > 0;
    },
    cursor,
    all,
    rows,
    cancel: () => cancelRunning(backend),
  };
}

type Cells = readonly (readonly Cell[])[];
type Sent = QueryArrayConfig<unknown[]> & { readonly queryMode?: 'extended' };

/** Texts of our own only: the simple protocol takes several statements. */
function simple(text: string): Sent {
  return { text, rowMode: 'array' };
}

function extended(text: string, values: readonly unknown[] = []): Sent {
  return { text, values: [...values], rowMode: 'array', queryMode: 'extended' };
}

function toCells(fields: readonly FieldDef[], rows: RawRows['rows']): Cells {
  const converters = fields.map((field) => converterFor(field.dataTypeID));
  return rows.map((row) => row.map((text, index) => (text === null ? null : (converters[index]?.(text) ?? text))));
}
