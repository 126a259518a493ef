import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/** Everything the provider remembers, kept outside it so that it survives a change of keys and can be lost on purpose. */
export interface ProviderStore {
  adapterFor(model: string): Adapter;
  /** Ends every sign-in of this account, or of everybody: refresh tokens and grants are gone. */
  endGrants(accountId?: string): void;
  /** As after a restart of a provider that keeps its state in memory. */
  clear(): void;
  /** What is kept of an access token that says nothing itself. */
  accessToken(value: string): AdapterPayload | undefined;
}

const grantBound = new Set(['RefreshToken', 'Grant', 'AuthorizationCode', 'AccessToken', 'DeviceCode']);

/** @param reuseGraceMilliseconds A spent refresh token is good once more within this time, as several providers have it. */
export function createProviderStore(reuseGraceMilliseconds = 0): ProviderStore {
  const spentAt = new Map<string, number>();
  const entries = new Map<string, Entry>();

  function live(matches: (entry: Entry) => boolean): AdapterPayload | undefined {
    for (const entry of entries.values()) {
      if (entry.expiresAt > Date.now() && matches(entry)) return entry.payload;
    }
    return undefined;
  }

  function deleteWhere(matches: (entry: Entry) => boolean): void {
    for (const [key, entry] of entries) {
      if (matches(entry)) entries.delete(key);
    }
  }

  return {
    adapterFor(model) {
      const key = (id: string): string => `${model}:${id}`;
      return {
        async upsert(id, payload, expiresIn) {
          const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
          entries.set(key(id), { model, payload, expiresAt });
        },
        async find(id) {
          const entry = entries.get(key(id));
          if (entry === undefined || entry.expiresAt <= Date.now()) return undefined;
          const forgiven = model === 'RefreshToken' && Date.now() - (spentAt.get(id) ?? 0) < reuseGraceMilliseconds;
          return forgiven ? { ...entry.payload, consumed: undefined } : entry.payload;
        },
        async findByUid(uid) {
          return live((entry) => entry.model === model && entry.payload.uid === uid);
        },
        async findByUserCode(userCode) {
          return live((entry) => entry.model === model && entry.payload.userCode === userCode);
        },
        async consume(id) {
          const entry = entries.get(key(id));
          if (entry !== undefined) entry.payload.consumed = Math.floor(Date.now() / 1000);
          if (!spentAt.has(id)) spentAt.set(id, Date.now());
        },
        async destroy(id) {
          entries.delete(key(id));
        },
        async revokeByGrantId(grantId) {
          deleteWhere((entry) => grantBound.has(entry.model) && entry.payload.grantId === grantId);
        },
      };
    },
    endGrants(accountId) {
      deleteWhere(
        (entry) => grantBound.has(entry.model) && (accountId === undefined || entry.payload.accountId === accountId),
      );
    },
    clear() {
      entries.clear();
    },
    accessToken: (value) => entries.get(`AccessToken:${value}`)?.payload,
  };
}
