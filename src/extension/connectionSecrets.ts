import { randomUUID } from 'node:crypto';

import * as z from 'zod/mini';

import type { Connection } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import { type Disposable, type Log, type Secrets, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import { within } from '../core/within.ts';
import type { SecretField, StoredSecret } from '../tokens/source.ts';
import { type ConnectionTables, secretsOf, slotsOf } from './slots.ts';

const VERSION = 1;
const PREFIX = 'connection-secrets/';
/** Milliseconds that the storage may take: behind a page that was closed it never answers. */
const PATIENCE = 5000;

const schema = z.object({
  version: z.literal(VERSION),
  id: z.string(),
  value: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.optional(z.number()),
});

type Stored = z.output<typeof schema>;

/** What is known of a secret without its value. */
export interface SecretFacts {
  readonly field: SecretField;
  /** Absent while none is stored. */
  readonly stored?: { readonly id: string; readonly expiresAt?: Date | undefined } | undefined;
}

/** A secret whose connection is gone. */
export interface LeftSecret {
  /** Id of the connection that it was for. */
  readonly connection: string;
  readonly name: string;
}

/** Secrets that the user entered for single connections, in the secret storage. Where they may go is for the confirmations to say. */
export interface ConnectionSecrets {
  /** Looks up what is stored for these connections, so that `facts` can tell it at once. */
  load(connections: readonly Connection[]): Promise<void>;
  /** One for each secret that the connection's token sources ask for. */
  facts(connection: Connection): readonly SecretFacts[];
  /** @throws PassportError DP-SECRET-STORE */
  get(connection: Connection, name: string): Promise<StoredSecret | undefined>;
  set(connection: Connection, name: string, secret: Pick<StoredSecret, 'value' | 'expiresAt'>): Promise<void>;
  remove(connection: Connection, name: string): Promise<void>;
  /** What is still stored for connections that are gone. @throws PassportError DP-SECRET-STORE */
  left(): Promise<readonly LeftSecret[]>;
  removeLeft(left: LeftSecret): Promise<void>;
  /** A value in the storage changed, perhaps in another window. */
  changedElsewhere(key: string): void;
  /** The argument is the id of the connection. */
  onDidChange(listener: (connection: string) => void): Disposable;
}

export interface ConnectionSecretsDeps extends ConnectionTables {
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly log: Log;
}

export function createConnectionSecrets(deps: ConnectionSecretsDeps): ConnectionSecrets {
  const { secrets, redactor, log } = deps;
  const changes = signal<string>();
  let connections: readonly Connection[] = [];
  /** Without values. */
  const known = new Map<string, Omit<Stored, 'value'>>();
  /** Whatever was looked up before, in vain or not: only then can it have changed. */
  const looked = new Set<string>();

  const keyOf = ({ id }: { readonly id: string }, name: string): string => `${PREFIX}${id}/${name}`;
  const fieldsOf = (connection: Connection): readonly SecretField[] => slotsOf(connection, deps).flatMap(secretsOf);

  async function read(connection: Connection, name: string): Promise<Stored | undefined> {
    const key = keyOf(connection, name);
    const text = await within(PATIENCE, secrets.get(key)).catch(() => {
      looked.add(key);
      log.error('The secret storage refused', { connection: connection.id, action: 'read' });
      throw new PassportError('DP-SECRET-STORE');
    });
    const stored = text === undefined ? undefined : parse(text);
    if (stored) redactor.know(stored.value);
    const before = known.get(key)?.id;
    if (stored) known.set(key, withoutValue(stored));
    else known.delete(key);
    // Another window may have stored another one.
    if (looked.has(key) && before !== stored?.id) changes.fire(connection.id);
    looked.add(key);
    return stored;
  }

  async function write(connection: { readonly id: string }, name: string, text: string | undefined): Promise<void> {
    const key = keyOf(connection, name);
    try {
      await within(PATIENCE, text === undefined ? secrets.delete(key) : secrets.store(key, text));
    } catch {
      log.error('The secret storage refused', { connection: connection.id, action: 'write' });
      throw new PassportError('DP-SECRET-STORE');
    }
  }

  return {
    async load(next) {
      connections = next;
      await Promise.all(
        connections.flatMap((connection) =>
          fieldsOf(connection).map(({ name }) => read(connection, name).catch(() => undefined)),
        ),
      );
    },
    facts: (connection) =>
      fieldsOf(connection).map((field) => {
        const stored = known.get(keyOf(connection, field.name));
        return stored ? { field, stored: datesOf(stored) } : { field };
      }),
    async get(connection, name) {
      const stored = await read(connection, name);
      return stored && { ...datesOf(stored), value: stored.value };
    },
    async set(connection, name, { value, expiresAt }) {
      redactor.know(value);
      const stored = { version: VERSION, id: randomUUID(), value, expiresAt: expiresAt?.getTime() } as const;
      await write(connection, name, JSON.stringify(stored));
      looked.add(keyOf(connection, name));
      known.set(keyOf(connection, name), withoutValue(stored));
      changes.fire(connection.id);
    },
    async remove(connection, name) {
      await write(connection, name, undefined);
      known.delete(keyOf(connection, name));
      changes.fire(connection.id);
    },
    async left() {
      const keys = await within(PATIENCE, secrets.keys()).catch(() => {
        log.error('The secret storage refused', { action: 'list' });
        throw new PassportError('DP-SECRET-STORE');
      });
      const all = keys.flatMap((key) => partsOf(key) ?? []);
      return all.filter(({ connection }) => !connections.some(({ id }) => id === connection));
    },
    removeLeft: ({ connection, name }) => write({ id: connection }, name, undefined),
    changedElsewhere(key) {
      const parts = partsOf(key);
      const connection = connections.find(({ id }) => id === parts?.connection);
      if (connection && parts) read(connection, parts.name).catch(() => undefined);
    },
    onDidChange: changes.on,
  };
}

function partsOf(key: string): LeftSecret | undefined {
  const [, connection, name] = key.startsWith(PREFIX) ? (/^([^/]+)\/(.+)$/.exec(key.slice(PREFIX.length)) ?? []) : [];
  return connection !== undefined && name !== undefined ? { connection, name } : undefined;
}

function withoutValue({ value: _value, ...rest }: Stored): Omit<Stored, 'value'> {
  return rest;
}

function datesOf({ id, expiresAt }: Omit<Stored, 'value'>): { readonly id: string; readonly expiresAt?: Date } {
  return { id, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }) };
}

function parse(text: string): Stored | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
