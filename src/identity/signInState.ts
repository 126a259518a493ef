import type { Account } from './tokenSet.ts';

/** One person's sign-in at one provider, as it is stored and told to other windows. */
export interface SignInRecord {
  /** Stays the same through rotations; another sign-in of the same person has another. */
  readonly id: string;
  readonly account: Account;
  readonly refreshToken?: string | undefined;
  /** When the person signed in (ms since the epoch): the earliest is whom a connection runs as that names nobody. */
  readonly since: number;
  /** Audiences and scopes that the login asked for. Absent: an older version did not note them. */
  readonly asked?: readonly string[] | undefined;
  /** Grows with each change, so that the newest of two is known. Milliseconds since the epoch at least. */
  readonly revision: number;
}

/** A sign-in that is over: what is older than this never comes back from a window that had not heard of it. */
export interface GoneSignIn {
  readonly account: Account;
  readonly revision: number;
  /** The provider ended it, so that the user must act. */
  readonly ended: boolean;
}

/** Everything that windows know of the sign-ins at one provider. Plain data. */
export interface SignInState {
  /** Earliest sign-in first. */
  readonly records: readonly SignInRecord[];
  readonly gone: readonly GoneSignIn[];
  /** False when the newest state could not be stored and lives in memory only. */
  readonly saved: boolean;
}

export const NOBODY: SignInState = { records: [], gone: [], saved: true };

/** The newest of what either side knows, person by person. `saved` is the first one's. */
export function merged(own: SignInState, other: Pick<SignInState, 'records' | 'gone'>): SignInState {
  const newest = new Map<
    string,
    { readonly record?: SignInRecord; readonly gone?: GoneSignIn; readonly revision: number }
  >();
  const offer = (subject: string, entry: { record?: SignInRecord; gone?: GoneSignIn; revision: number }): void => {
    const known = newest.get(subject);
    if (!known || entry.revision > known.revision) newest.set(subject, entry);
  };
  for (const side of [own, other]) {
    for (const gone of side.gone) offer(gone.account.subject, { gone, revision: gone.revision });
    for (const record of side.records) offer(record.account.subject, { record, revision: record.revision });
  }
  const all = [...newest.values()];
  return {
    records: all.flatMap(({ record }) => record ?? []).toSorted((a, b) => a.since - b.since),
    gone: all.flatMap(({ gone }) => gone ?? []),
    saved: own.saved,
  };
}

/** True when both say the same of everybody. */
export function sameState(a: SignInState, b: SignInState): boolean {
  const flat = ({ records, gone }: SignInState): string =>
    [...records, ...gone]
      .map(({ account, revision }) => JSON.stringify([account.subject, revision]))
      .toSorted()
      .join();
  return flat(a) === flat(b);
}
