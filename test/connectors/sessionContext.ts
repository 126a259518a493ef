import type { QueryOptions, SessionContext } from '../../src/connectors/connector.ts';
import { credential } from '../../src/core/credential.ts';
import { type ErrorCode, PassportError } from '../../src/core/errors.ts';
import { directNetwork, type NetworkFacts } from '../../src/core/network.ts';
import type { Cell, Rows } from '../../src/core/result.ts';

/** A context for one login with this token; whoever logs something fails. */
export function contextWith(
  token: string,
  signal: AbortSignal = new AbortController().signal,
  network: NetworkFacts = directNetwork,
): SessionContext {
  const nobody = (): never => {
    throw new Error('Nothing is logged here.');
  };
  return {
    connection: 'coffee',
    credentials: async () => credential({ kind: 'bearer', token }, { id: 'lab' }),
    network,
    log: { error: nobody, warn: nobody, info: nobody, debug: nobody },
    signal,
  };
}

export function queryOptions(more: Partial<QueryOptions> = {}): QueryOptions {
  return { signal: new AbortController().signal, maxRows: 1000, seconds: 30, ...more };
}

export async function read(rows: Rows): Promise<readonly (readonly Cell[])[]> {
  const all: (readonly Cell[])[] = [];
  for await (const batch of rows.batches) all.push(...batch);
  return all;
}

/** The error that a promise is rejected with; anything but a PassportError of this code fails. */
export async function failureOf(promise: Promise<unknown>, code: ErrorCode): Promise<PassportError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof PassportError && thrown.code === code) return thrown;
  const found = thrown instanceof PassportError ? `${thrown.code} ${thrown.detail ?? ''}` : String(thrown);
  throw new Error(`Expected ${code}, got ${found}`, { cause: thrown });
}
