import * as z from 'zod/mini';

import type {
  DatabaseConnector,
  DatabaseSession,
  QueryOptions,
  SessionContext,
} from '../../src/connectors/connector.ts';
import type { HostRule } from '../../src/core/connection.ts';
import { type Credential, credential, tokenOf } from '../../src/core/credential.ts';
import { PassportError } from '../../src/core/errors.ts';
import type { WireConnection } from '../../src/core/link.ts';
import type { Log, LogValue } from '../../src/core/ports.ts';
import type { Cell, Identity, Rows } from '../../src/core/result.ts';

/** What happened at the fake database, in order. */
export interface Recorded {
  /** `open alice`, `query alice select 1`, `cancel`, `close alice` … */
  readonly events: string[];
}

export interface FakeDatabase extends Recorded {
  readonly connector: DatabaseConnector;
  /** Logins with these tokens are refused. */
  readonly refusedTokens: Set<string>;
  /** Sessions that are open now. */
  readonly open: Set<FakeSession>;
  /** Statements that begin with `wait` end when this is called or their signal aborts. */
  finish(): void;
}

export interface FakeSession extends DatabaseSession {
  usable: boolean;
  readonly token: string;
}

const settingsSchema = z.object({ host: z.string() });

/**
 * A database that answers any statement with one row, and some with what their first word says: `wait` runs until it is
 * canceled or finished, `ended` finds a session that was used before already ended, `hang` ignores its cancellation, `lost` loses the session, `leak` repeats the token in its error and `leak role` as a name, `rows N` answers N rows.
 */
export function fakeDatabase(injection: DatabaseConnector['injection'] = 'perConnect'): FakeDatabase {
  const events: string[] = [];
  const refusedTokens = new Set<string>();
  const open = new Set<FakeSession>();
  const finishers = new Set<() => void>();

  async function connect({ connection, credentials, signal }: SessionContext): Promise<FakeSession> {
    const given = await credentials('default', { signal });
    const token = tokenOf(given.reveal()) ?? '';
    const user = given.subject ?? token;
    if (refusedTokens.has(token)) {
      events.push(`refuse ${token}`);
      throw new PassportError('DP-DATABASE-REFUSED', { connection, user });
    }
    events.push(`open ${user}`);
    let used = 0;
    const identity: Identity = { user, role: 'READER', details: { database: 'coffee' } };
    const session: FakeSession = {
      token,
      identity,
      usable: true,
      whoami: async () => identity,
      query: async (statement, options) => run(statement, options),
      explain: async (statement) => table([[`plan of ${statement}`]]),
      list: async (path, pattern) =>
        path[0] === 'wordy'
          ? Array.from({ length: 60 }, (_, index) => ({ ...wordy(index), qualifiedName: 'q', kind: 'table' }))
          : [{ name: 'orders', qualifiedName: [...path, 'orders'].join('.'), kind: 'table', comment: pattern }],
      async describe(path) {
        if (path.at(-1) === 'nothing') throw new PassportError('DP-OBJECT-UNKNOWN', { name: 'nothing', connection });
        if (path.at(-1) === 'wordy') {
          const many = Array.from({ length: 10_000 }, (_, index) => ({
            ...wordy(index),
            type: 'x'.repeat(200),
            nullable: true,
          }));
          return { qualifiedName: 'wordy', kind: 'table', comment: 'y'.repeat(1000), columns: many };
        }
        const columns = [{ name: 'id', type: 'integer', nullable: false }];
        return { qualifiedName: path.join('.'), kind: 'table', columns };
      },
      async close() {
        if (open.delete(session)) events.push(`close ${user}`);
        session.usable = false;
      },
    };

    async function run(statement: string, options: QueryOptions): Promise<Rows> {
      const [word = '', count = '1'] = statement.split(' ');
      used += 1;
      if (word === 'ended' && used > 1) {
        session.usable = false;
        throw new PassportError('DP-DATABASE-UNREACHABLE', { connection, host: 'db.example', reason: 'ended' });
      }
      events.push(`query ${user} ${statement}`);
      if (word === 'lost') {
        session.usable = false;
        throw new PassportError('DP-DATABASE-LOST', { connection });
      }
      if (word === 'refused') {
        session.usable = false;
        throw new PassportError('DP-DATABASE-REFUSED', { connection, user });
      }
      if (word === 'leak') {
        if (count === 'role') throw new PassportError('DP-DATABASE-ROLE', { connection, role: token });
        throw new PassportError('DP-DATABASE-STATEMENT', { connection }, { detail: `no such thing as ${token}` });
      }
      if (word === 'fault') throw new TypeError(`a fault that knows ${token}`);
      if (word === 'tag') return table([[options.tag ?? null]]);
      if (word === 'long') return table([['x'.repeat(Number(count))]]);
      if (word === 'rows') return table(Array.from({ length: Number(count) }, (_, index) => [index]));
      if (word === 'hang') await new Promise<void>((resolve) => finishers.add(resolve));
      if (word === 'wait') await canceled(options.signal);
      return table([[1]]);
    }

    open.add(session);
    return session;
  }

  function canceled(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      finishers.add(resolve);
      signal.addEventListener('abort', () => {
        events.push('cancel');
        reject(signal.reason as Error);
      });
    });
  }

  const connector: DatabaseConnector<z.infer<typeof settingsSchema>> = {
    type: 'fake',
    serves: 'sql',
    label: 'Fake Database',
    settings: settingsSchema,
    dialect: 'postgresql',
    injection,
    accepts: ['bearer'],
    credentials: () => ({ default: { scopes: [] } }),
    destinations: ({ host }): readonly HostRule[] => [{ host, port: 1, secure: true }],
    role: () => 'READER',
    load: async () => ({ open: (_settings, context) => connect(context) }),
  };
  return {
    connector,
    events,
    refusedTokens,
    open,
    finish() {
      for (const finish of finishers) finish();
      finishers.clear();
    },
  };
}

/** Says much in its comment. */
function wordy(index: number): { name: string; comment: string } {
  return { name: `n${index}`, comment: 'y'.repeat(1000) };
}

function table(rows: readonly (readonly Cell[])[]): Rows {
  return {
    columns: [{ name: 'value', type: 'text' }],
    batches: (async function* batches() {
      yield rows;
    })(),
  };
}

/** A connection of the fake database, as the extension would send it. */
export function wire(id: string, more: Partial<WireConnection> = {}): WireConnection {
  return {
    id,
    title: id,
    type: 'fake',
    identityProvider: 'corp',
    shared: false,
    binding: 'corp',
    settings: { host: 'db.example' },
    limits: { rows: 100, cellLength: 50, bytes: 10_000, seconds: 30 },
    subject: 'alice',
    ...more,
  };
}

/** `issued` counts up in every token, so that no two are the same. */
export function token(subject: string, issued: number, expiresAt?: Date): Credential {
  const id = `credential-${issued}`;
  return credential({ kind: 'bearer', token: `${subject}-secret-token-${issued}` }, { id, subject, expiresAt });
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly data: Readonly<Record<string, LogValue>>;
}

export function recordingLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const line =
    (level: string) =>
    (message: string, data: Readonly<Record<string, LogValue>> = {}): void =>
      void lines.push({ level, message, data });
  return { lines, log: { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') } };
}
